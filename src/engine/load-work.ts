import type { Dialect, Session, Statement, Warehouse } from '../contracts/warehouse.ts'
import { isSluiceError, SluiceError } from '../errors.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Column, TableName, TableSchema } from '../model/schema.ts'
import type { LoadScript, ScriptId } from '../model/script.ts'
import { alignTable, createSchema, createTable } from '../sql/ddl.ts'
import { type FenceClaim, prepareFence } from '../sql/fence.ts'
import type { Publishing } from '../sql/ledger.ts'
import type { LoadPlan, RunTag } from '../sql/load-plan.ts'
import { dropTable } from '../sql/mart.ts'
import { prepareMark } from '../sql/surrogate-keys.ts'
import type { ActiveRun } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { readManifest } from './extract-schema.ts'
import { fenceClaim, passFence, refuseOtherStores } from './fence.ts'
import { keyedTables, planLoad, stubTargets, tablesOf } from './plan-load.ts'
import { watchedTransaction } from './watched-session.ts'

/** One load at work: what its two transactions share. */
export interface LoadWork {
  readonly context: EngineContext
  readonly script: LoadScript
  readonly run: ActiveRun
  readonly warehouse: Warehouse
  readonly dialect: Dialect
  readonly manifest: Manifest
  readonly plan: LoadPlan
  readonly tag: RunTag
  readonly publication: Omit<Publishing, 'exitCode' | 'publishedAt' | 'entries'>
}

/** Verifies the package, plans the load and defines its tables. */
export async function beginLoad(context: EngineContext, script: LoadScript, run: ActiveRun): Promise<LoadWork> {
  const { extraction } = run
  if (!extraction) throw new SluiceError('INTERNAL', `${script.id} began without a package.`, { hint: 'Report it with the log.' })
  const manifest = await readManifest(context.lake, extraction.manifestPath, extraction.manifestSha256)
  refusePartOfAll(script, manifest)
  for (const part of [...manifest.parts, ...manifest.rejects]) {
    run.signal.throwIfAborted()
    await run.statement(() => context.lake.verify(part))
  }
  const warehouse = await run.statement(() => context.warehouse())
  const plan = planLoad(context.settings.schemas, script, manifest, await dimensionsOf(context, script, warehouse))
  const { batch, runId, token } = run.key
  const publication = {
    target: plan.targetText,
    script: script.id,
    batch,
    runId,
    token,
    storeId: context.store.storeId,
    manifestSha256: extraction.manifestSha256,
    sequence: run.sequence,
  }
  const tag = { batch, runId }
  const work = { context, script, run, warehouse, dialect: warehouse.dialect, manifest, plan, tag, publication }
  await defineTables(work)
  await context.failpoint('load.after-ddl')
  return work
}

/** A transaction that begins with the fence of the target, and of the dimensions when it `addsStubs`. */
export function inTransaction<T>(work: LoadWork, addsStubs: boolean, inside: (session: Session) => Promise<T>): Promise<T> {
  const { run, warehouse, dialect, plan } = work
  const dimensions = addsStubs ? stubTargets(plan).map(({ table }) => table) : []
  return watchedTransaction(warehouse, [plan.target, ...dimensions], run, async (session) => {
    await passFence(dialect, session, plan.audit, claimsOf(work, addsStubs), run.key)
    return inside(session)
  })
}

/** The gate knows the scripts as they are now; the package may be older, and only it knows which files were left out. */
function refusePartOfAll({ id, extract, write }: LoadScript, { batch, window, newFilesOnly }: Manifest): void {
  if (write.disposition !== 'replace' || (window === null && newFilesOnly !== true)) return
  throw new SluiceError(
    'REPLACE_INCREMENTAL',
    `${id} replaces everything, but the package of ${extract} for batch ${batch} holds only what was new.`,
    {
      hint: `Declare write: { disposition: 'merge', key: [...] } in ${id}, or let ${extract} read everything and extract again with --force.`,
      details: { batch },
    },
  )
}

async function dimensionsOf(
  context: EngineContext,
  { lookups }: LoadScript,
  warehouse: Warehouse,
): Promise<ReadonlyMap<ScriptId, TableSchema>> {
  const found = new Map<ScriptId, TableSchema>()
  for (const { dimension, into } of lookups) {
    const schema = await warehouse.describe({ schema: context.settings.schemas.target, table: into })
    if (schema) found.set(dimension, schema)
  }
  return found
}

async function defineTables(work: LoadWork): Promise<void> {
  const { context, run, warehouse, dialect, plan } = work
  const { landing, target, audit } = context.settings.schemas
  const claims = claimsOf(work, true)
  await refuseOtherStores(warehouse, plan.audit, claims)
  const schemas = [landing, target, audit].map((schema) => createSchema(dialect, schema))
  const tables: Statement[] = []
  for (const [table, columns] of tablesOf(plan)) {
    const now = await warehouse.describe(table)
    tables.push(...(table === plan.typed ? alignStage(dialect, table, columns, now) : alignTable(dialect, table, columns, now)))
  }
  const fences = claims.flatMap((claim) => prepareFence(dialect, plan.audit.fence, claim))
  const marks = keyedTables(plan).map((keyed) => prepareMark(dialect, plan.audit.marks, keyed))
  await run.statement(() => warehouse.define([...schemas, ...tables, ...fences, ...marks]))
}

/** The stage holds nothing that is not in landing, so a changed type costs only its rebuilding. */
function alignStage(
  dialect: Dialect,
  table: TableName,
  columns: readonly Column[],
  now: TableSchema | undefined,
): readonly Statement[] {
  try {
    return alignTable(dialect, table, columns, now)
  } catch (error) {
    if (!isSluiceError(error, 'DDL_BREAKING')) throw error
    return [dropTable(dialect, table), createTable(dialect, table, columns)]
  }
}

function claimsOf({ context, run, plan }: Omit<LoadWork, 'tag'>, addsStubs: boolean): readonly FenceClaim[] {
  const dimensions = addsStubs ? stubTargets(plan).map(({ tableText }) => tableText) : []
  const targets = new Set([plan.targetText, ...dimensions])
  return [...targets].sort().map((target) => fenceClaim(target, run.key, context.store.storeId))
}
