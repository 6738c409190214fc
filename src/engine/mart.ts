import { createHash } from 'node:crypto'
import type { Dialect, Session, Warehouse } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import { type TableName, type TableSchema, tableText } from '../model/schema.ts'
import type { MartScript } from '../model/script.ts'
import { alignTable, createSchema } from '../sql/ddl.ts'
import { fenceColumns, prepareFence } from '../sql/fence.ts'
import { insertLedger, ledgerColumns, newestPublication, readPublication, selectPublication } from '../sql/ledger.ts'
import { type AuditTables, auditTables } from '../sql/load-plan.ts'
import {
  alignMart,
  countAll,
  createFromSelect,
  createView,
  deleteAll,
  dropTable,
  insertSelect,
  selectBalance,
  selectTableType,
} from '../sql/mart.ts'
import type { ActiveRun, StepResult } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { fenceClaim, passFence, refuseOtherStores } from './fence.ts'
import { runStep } from './run-step.ts'
import type { StepOutcome, StepRequest } from './step.ts'
import { countRows, watchedTransaction } from './watched-session.ts'

interface MartWork {
  readonly context: EngineContext
  readonly script: MartScript
  readonly run: ActiveRun
  readonly warehouse: Warehouse
  readonly dialect: Dialect
  readonly table: TableName
  readonly audit: AuditTables
}

/** Rebuilds a mart from its SELECT in one transaction: readers see the old rows or the new ones. */
export function mart(context: EngineContext, request: StepRequest<MartScript>): Promise<StepOutcome> {
  return runStep(context, request, async (run) => {
    await context.failpoint('mart.after-lease')
    const { script } = request
    const warehouse = await run.statement(() => context.warehouse())
    const { schemas } = context.settings
    const table = { schema: schemas.mart, table: script.name }
    const work = { context, script, run, warehouse, dialect: warehouse.dialect, table, audit: auditTables(schemas.audit) }
    await defineAudit(work)
    const manifestSha256 = await inputsHash(work)
    const key = { target: tableText(table), script: script.id, batch: run.key.batch, manifestSha256, sequence: run.sequence }
    const [before] = await warehouse.query(selectPublication(warehouse.dialect, work.audit.ledger, key))
    const shape = before ? undefined : await defineMart(work)
    await context.failpoint('mart.after-ddl')
    const ledger = before ? readPublication(before).entries : await rebuild(work, shape, manifestSha256)
    return { exitCode: 0, ledger, published: { manifestSha256, sequence: run.sequence } } satisfies StepResult
  })
}

async function defineAudit({ context, run, warehouse, dialect, table, audit }: MartWork): Promise<void> {
  const { schemas } = context.settings
  const claim = fenceClaim(tableText(table), run.key, context.store.storeId)
  await refuseOtherStores(warehouse, audit, [claim])
  const tables = [
    [audit.fence, fenceColumns],
    [audit.ledger, ledgerColumns],
  ] as const
  const statements = [createSchema(dialect, schemas.audit), createSchema(dialect, schemas.mart)]
  for (const [name, columns] of tables) statements.push(...alignTable(dialect, name, columns, await warehouse.describe(name)))
  const fence = prepareFence(dialect, audit.fence, claim)
  await run.statement(() => warehouse.define([...statements, ...fence]))
}

/** What the mart is made from: its SELECT and the newest publication of each script that it builds on. */
async function inputsHash({ script, warehouse, dialect, audit }: MartWork): Promise<string> {
  const inputs = [script.select, script.materialized]
  for (const id of script.dependsOn) {
    const [row] = await warehouse.query(newestPublication(dialect, audit.ledger, id))
    inputs.push(`${id} ${String(row?.['run_id'] ?? '')}`)
  }
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
}

/** Makes the mart's table or view. A table of another shape is replaced only when it can be by adding columns. */
async function defineMart(work: MartWork): Promise<TableSchema | undefined> {
  const { run, warehouse, dialect, table, script } = work
  const define = (statements: Parameters<Warehouse['define']>[0]) => run.statement(() => warehouse.define(statements))
  await refuseOtherKind(work)
  if (script.materialized === 'view') {
    // Afterwards people would see it already.
    await run.statement(() => checkBalance(work, warehouse, script.select))
    await define([createView(dialect, table, script.select)])
    return undefined
  }
  const probe = { ...table, table: `${table.table}__shape` }
  await define([dropTable(dialect, probe), createFromSelect(dialect, probe, script.select)])
  try {
    const shape = await warehouse.describe(probe)
    const now = await warehouse.describe(table)
    await define(now && shape ? alignMart(dialect, table, shape, now) : [createFromSelect(dialect, table, script.select)])
    return shape
  } finally {
    await define([dropTable(dialect, probe)])
  }
}

/** DDL_BREAKING when the mart is a view and should be a table, or the other way round. */
async function refuseOtherKind({ warehouse, dialect, table, script }: MartWork): Promise<void> {
  const [row] = await warehouse.query(selectTableType(dialect, table))
  if (row === undefined) return
  const kind = row['table_type'] === 'VIEW' ? 'view' : 'table'
  if (kind === script.materialized) return
  throw new SluiceError(
    'DDL_BREAKING',
    `${tableText(table)} is a ${kind}, and ${script.id} makes a ${script.materialized} of it.`,
    {
      hint: `Drop the ${kind} ${tableText(table)}, then run the mart again.`,
      details: { table: tableText(table) },
    },
  )
}

async function rebuild(work: MartWork, shape: TableSchema | undefined, manifestSha256: string): Promise<readonly LedgerEntry[]> {
  const { context, run, warehouse, dialect, table, audit, script } = work
  const claim = fenceClaim(tableText(table), run.key, context.store.storeId)
  const ledger = await watchedTransaction(warehouse, [table], run, async (session) => {
    await passFence(dialect, session, audit, [claim], run.key)
    if (shape) {
      await session.execute(deleteAll(dialect, table))
      await context.failpoint('mart.mid-rebuild')
      await session.execute(
        insertSelect(
          dialect,
          table,
          shape.columns.map(({ name }) => name),
          script.select,
        ),
      )
    }
    const rows = await countRows(session, countAll(dialect, table))
    await checkBalance(work, session, table)
    const entries: LedgerEntry[] = [{ hop: 'target-mart', term: 'rows', rows }]
    const publishing = { ...claim, batch: run.key.batch, manifestSha256, sequence: run.sequence, exitCode: 0, entries }
    await session.execute(insertLedger(dialect, audit.ledger, { ...publishing, publishedAt: new Date().toISOString() }))
    await context.failpoint('mart.before-commit')
    run.progress('rebuilding', rows)
    return entries
  })
  await context.failpoint('mart.after-commit')
  return ledger
}

async function checkBalance({ dialect, script }: MartWork, on: Pick<Session, 'query'>, mart: TableName | string): Promise<void> {
  const { balance } = script
  if (!balance) return
  const [row] = await on.query(selectBalance(dialect, mart, balance))
  if (row?.['equal'] === true) return
  const expected = `${balance.schema}.${balance.table}.${balance.column}`
  throw new SluiceError(
    'HOP_UNBALANCED',
    `${script.id}: the sum of ${balance.measure} is ${String(row?.['measure'])}, that of ${expected} is ${String(row?.['expected'])}.`,
    {
      hint: `Correct the SELECT or the balance of marts/${script.name}.sql; the mart stays as it was.`,
      details: { hop: 'target-mart' },
    },
  )
}
