import { expect, test } from 'vitest'
import type { Dialect, Statement } from '../contracts/warehouse.ts'
import type { Check } from '../model/script.ts'
import { duckdbDialect } from '../warehouses/duckdb/dialect.ts'
import { postgresDialect } from '../warehouses/postgres/dialect.ts'
import { snowflakeDialect } from '../warehouses/snowflake/dialect.ts'
import { countFailing } from './checks.ts'
import { alignTable, createSchema } from './ddl.ts'
import { countDuplicates, deleteDuplicates, deleteRefused, refuseConflicts, refuseNullKeys } from './dedup.ts'
import { highestToken, otherStore, prepareFence, raiseToken, takeLockRow } from './fence.ts'
import { insertLedger, latestBatch, newestPublication, selectPublication } from './ledger.ts'
import { auditTables, type LandingOrigin, type LoadPlan } from './load-plan.ts'
import { countAsked, countFound, countUnknownKeys, deleteUnknown, fillLookup, insertStubs, refuseUnknown } from './lookups.ts'
import { alignMart, createFromSelect, createView, deleteAll, insertSelect, selectBalance, selectTableType } from './mart.ts'
import {
  countArrived,
  countKeys,
  countOlder,
  countStaged,
  countUnchanged,
  countWritten,
  deletePublished,
  deleteReplaced,
  insertAll,
  insertMissing,
  updateChanged,
} from './publish.ts'
import { countBatch, countRejects, deleteBatch, deleteRejects, fillTyped, refuseCasts, refuseExtracted } from './stage.ts'
import { completeKeys, giveNewKeys, moveMark, prepareMark, readMark, takeKnownKeys } from './surrogate-keys.ts'

const text = { kind: 'text' } as const
const amount = { kind: 'decimal', precision: 12, scale: 2 } as const

function landing(from: string, to: LandingOrigin['cast']['to'], more: Partial<LandingOrigin> = {}): LandingOrigin {
  const cast = { from: text, to, length: undefined, required: false }
  return { kind: 'landing', from, cast, default: undefined, mask: undefined, ...more }
}

const plan: LoadPlan = {
  script: 'load/sales',
  target: { schema: 'target', table: 'fact_sales' },
  targetText: 'target.fact_sales',
  landing: { schema: 'landing', table: 'sales' },
  typed: { schema: 'landing', table: 'sales__typed' },
  refused: { schema: 'landing', table: 'sales__refused' },
  audit: auditTables('audit'),
  columns: [
    { name: 'sale_id', type: { kind: 'int64' }, origin: landing('ID', { kind: 'int64' }) },
    { name: 'amount', type: amount, origin: landing('AMT', amount, { default: '0' }) },
    { name: 'sold_at', type: { kind: 'timestamp' }, origin: landing('sold_at', { kind: 'timestamp' }) },
    { name: 'order', type: text, origin: landing('order', text, { mask: 'sha256' }) },
    { name: 'twice', type: amount, origin: { kind: 'computed', expression: 'amount * 2', required: true } },
  ],
  lookups: [
    {
      name: 'store_key',
      dimension: 'load/store',
      into: 'store',
      surrogateKey: 'store_key',
      keys: [
        {
          column: 'store_id',
          staged: 'store_key__store_id',
          from: 'store',
          cast: { from: text, to: { kind: 'int32' }, length: undefined, required: false },
        },
      ],
      unknown: 'stub',
      nullable: true,
      table: { schema: 'target', table: 'store' },
      tableText: 'target.store',
    },
  ],
  landed: [],
  write: { disposition: 'merge', key: ['sale_id'], newest: 'sold_at', surrogateKey: 'sale_key', allowEmpty: false },
}

const tag = { batch: '2026-11-22', runId: 'run-1' }
const publication = { ...tag, loadedAt: '2026-11-22T10:00:00.000Z' }
const claim = { target: plan.targetText, script: plan.script, runId: 'run-1', token: 7, storeId: 'store-1' }
const checks: readonly Check[] = [
  { kind: 'notNull', column: 'amount', onFail: 'fail' },
  { kind: 'between', column: 'amount', lowest: '0', highest: '100.50', onFail: 'fail' },
  { kind: 'oneOf', column: 'order', values: ['a', "b's"], onFail: 'fail' },
  { kind: 'matches', column: 'order', pattern: '[a-z]{2}', onFail: 'fail' },
  { kind: 'sql', name: 'small', condition: 'amount < 10', onFail: 'fail' },
]

function statements(dialect: Dialect): readonly Statement[] {
  const { fence, ledger, marks } = plan.audit
  const [lookup] = plan.lookups
  if (!lookup) throw new Error('The plan has a lookup.')
  const counts = [{ hop: 'typed-target', term: 'inserted', rows: 3 }] as const
  const row = { ...claim, batch: tag.batch, manifestSha256: 'abc', sequence: 0, exitCode: 0, publishedAt: publication.loadedAt }
  const mart = { schema: 'mart', table: 'by_month' }
  const column = (name: string, sourceType: string) => ({ name, type: text, nullable: true, sourceType })
  const balance = { measure: 'amount', schema: 'target', table: 'fact_sales', column: 'amount' }
  const append = { ...plan, write: { ...plan.write, key: [], newest: undefined, surrogateKey: undefined } }
  return [
    createSchema(dialect, 'target'),
    ...alignTable(
      dialect,
      plan.target,
      plan.columns.map((known) => ({ ...known, nullable: true })),
      undefined,
    ),
    ...alignTable(dialect, plan.target, [{ name: 'added', type: { kind: 'date' }, nullable: true }], { columns: [] }),
    ...prepareFence(dialect, fence, claim),
    takeLockRow(dialect, fence, claim),
    highestToken(dialect, fence, ledger, claim),
    otherStore(dialect, fence, ledger, claim),
    raiseToken(dialect, fence, claim),
    deleteBatch(dialect, plan.landing, tag.batch),
    deleteRejects(dialect, plan, tag.batch),
    refuseExtracted(dialect, plan, tag),
    fillTyped(dialect, plan, tag),
    countBatch(dialect, plan.typed, tag.batch),
    ...refuseCasts(dialect, plan, tag),
    countRejects(dialect, plan, tag, 'cast'),
    ...refuseNullKeys(dialect, plan, plan.write, tag),
    refuseConflicts(dialect, plan, plan.write, tag, []),
    refuseConflicts(dialect, plan, { ...plan.write, newest: undefined }, tag, [{ part: 1, partition: 'a' }]),
    deleteRefused(dialect, plan, tag),
    countDuplicates(dialect, plan, plan.write, tag),
    deleteDuplicates(dialect, plan, plan.write, tag),
    countUnknownKeys(dialect, plan, lookup, tag),
    insertStubs(dialect, plan, lookup, 41n, publication),
    refuseUnknown(dialect, plan, lookup, tag),
    deleteUnknown(dialect, plan, tag),
    fillLookup(dialect, plan, lookup, tag),
    countAsked(dialect, plan, lookup, tag),
    countFound(dialect, plan, lookup, tag),
    ...checks.map((check) => countFailing(dialect, plan, check, tag)),
    prepareMark(dialect, marks, { table: plan.target, tableText: plan.targetText, surrogateKey: 'sale_key' }),
    readMark(dialect, marks, plan.targetText),
    completeKeys(dialect, plan, 'sale_key', 41n),
    takeKnownKeys(dialect, plan, 'sale_key', tag),
    giveNewKeys(dialect, plan, 'sale_key', 41n, tag),
    moveMark(dialect, marks, plan.targetText, 3),
    countStaged(dialect, plan, tag),
    countOlder(dialect, plan, tag),
    countUnchanged(dialect, plan, tag),
    updateChanged(dialect, plan, publication),
    insertMissing(dialect, plan, publication),
    countKeys(dialect, plan, tag),
    countArrived(dialect, plan, tag),
    deletePublished(dialect, append, tag),
    deletePublished(dialect, { ...plan, write: { ...plan.write, disposition: 'insert_only' } }, tag),
    insertAll(dialect, append, publication),
    countWritten(dialect, append, tag),
    deleteReplaced(dialect, append, tag),
    deleteReplaced(dialect, plan, tag),
    insertLedger(dialect, ledger, { ...row, entries: counts }),
    selectPublication(dialect, ledger, row),
    latestBatch(dialect, ledger, plan.targetText, plan.script),
    newestPublication(dialect, ledger, plan.script),
    createFromSelect(dialect, mart, 'SELECT 1 AS a -- one'),
    createView(dialect, mart, 'SELECT 1 AS a;'),
    ...alignMart(
      dialect,
      mart,
      { columns: [column('a', 'INTEGER'), column('b', 'DATE')] },
      { columns: [column('a', 'INTEGER')] },
    ),
    deleteAll(dialect, mart),
    insertSelect(dialect, mart, ['a', 'b'], 'SELECT 1 AS a, 2 AS b'),
    selectBalance(dialect, mart, balance),
    selectBalance(dialect, 'SELECT 1 AS a; -- one', balance),
    selectTableType(dialect, mart),
  ]
}

test.each([duckdbDialect, postgresDialect, snowflakeDialect])('the statements of $name', async (dialect) => {
  const shown = statements(dialect).map(({ sql, values = [] }) => `${sql};\n-- ${JSON.stringify(values)}\n`)
  await expect(shown.join('\n')).toMatchFileSnapshot(`golden/${dialect.name}.sql`)
})
