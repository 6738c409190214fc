import { DuckDBInstance } from '@duckdb/node-api'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Statement } from '../contracts/warehouse.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { Column } from '../model/schema.ts'
import { duckdbDialect as dialect } from '../warehouses/duckdb/dialect.ts'
import { alignTable } from './ddl.ts'
import { deleteDuplicates, deleteRefused, refuseConflicts, refuseNullKeys } from './dedup.ts'
import { type FenceClaim, fenceColumns, highestToken, otherStore, prepareFence, raiseToken, takeLockRow } from './fence.ts'
import { insertLedger, ledgerColumns, readPublication, selectPublication } from './ledger.ts'
import { auditTables, type LoadColumn, type LoadPlan, rejectTableColumns, stageColumns, targetColumns } from './load-plan.ts'
import { countAll, insertSelect, selectBalance } from './mart.ts'
import { deletePublished, insertMissing, updateChanged } from './publish.ts'
import { selectRejects } from './rejects.ts'
import { countRejects, fillTyped, refuseCasts } from './stage.ts'
import { markColumns } from './surrogate-keys.ts'

const text: ColumnType = { kind: 'text' }
const int64: ColumnType = { kind: 'int64' }
const money: ColumnType = { kind: 'decimal', precision: 12, scale: 2 }

function column(name: string, type: ColumnType, from = name, more: { length?: number; required?: boolean } = {}): LoadColumn {
  const cast = { from: type, to: type, length: more.length, required: more.required ?? false }
  return { name, type, origin: { kind: 'landing', from, cast, default: undefined, mask: undefined } }
}

const staged = (name: string, type: ColumnType): Column => ({ name, type, nullable: true })

/** A load with a word that is reserved, upper case and a quote among its names, and those of the rejects' own columns. */
const plan: LoadPlan = {
  script: 'load/sales',
  target: { schema: 'target', table: 'fact_sales' },
  landing: { schema: 'landing', table: 'sales' },
  typed: { schema: 'landing', table: 'sales__typed' },
  refused: { schema: 'landing', table: 'sales__refused' },
  targetText: 'target.fact_sales',
  audit: auditTables('audit'),
  columns: [
    column('order', int64),
    column('amount', money, 'AMT', { required: true }),
    column('a"b', text, 'code', { length: 3 }),
  ],
  lookups: [],
  landed: [staged('order', int64), staged('AMT', money), staged('code', text), ...stageColumns],
  write: { disposition: 'merge', key: ['order'], newest: undefined, surrogateKey: undefined, allowEmpty: false },
}
const newestAmount = { ...plan, write: { ...plan.write, newest: 'amount' } }
const tag = { batch: '2026-11-25', runId: 'r-1' }
const publication = { ...tag, loadedAt: '2026-11-26T00:30:00.000Z' }
const claim: FenceClaim = { target: 'target.fact_sales', script: 'load/sales', runId: 'r-1', token: 7, storeId: 'store-1' }
const publishing = {
  ...claim,
  ...{ batch: tag.batch, manifestSha256: 'abc', sequence: 1, exitCode: 4, publishedAt: publication.loadedAt },
  entries: [
    { hop: 'staged-landed', term: 'staged', rows: 5 },
    { hop: 'typed-target', term: 'inserted', rows: 4 },
  ],
} as const

/** A statement in lines, with its values in their places. */
function shown({ sql, values = [] }: Statement): string {
  const filled = sql.replace(/\$(\d+)/g, (_, position: string) => `‹${values[Number(position) - 1]}›`)
  return filled.replace(/(?<!DISTINCT| IN| IS) (?=(FROM|WHERE|SET|JOIN|VALUES|GROUP BY|UNION ALL|SELECT|LIMIT)\b)/g, '\n')
}

describe('the text of', () => {
  test('the casts into the typed stage', () => {
    expect(shown(fillTyped(dialect, plan, tag))).toMatchInlineSnapshot(`
      "INSERT INTO landing.sales__typed ("order", amount, "a""b", _batch_id, _run_id, _part, _row)
      SELECT "order" AS "order", "AMT" AS amount, CASE WHEN (length(code) <= 3) THEN code END AS "a""b", _batch_id, CAST(‹r-1› AS VARCHAR) AS _run_id, _part, _row
      FROM landing.sales
      WHERE _batch_id = CAST(‹2026-11-25› AS DATE) AND (CASE WHEN "AMT" IS NULL THEN 'NULL_VALUE' END) IS NULL AND (CASE WHEN code IS NULL THEN NULL WHEN NOT (length(code) <= 3) THEN 'TOO_LONG' END) IS NULL"
    `)
  })

  test('the rows that a cast refuses: one statement for each column that can be refused', () => {
    expect(refuseCasts(dialect, plan, tag).map(shown)).toMatchInlineSnapshot(`
      [
        "INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number)
      SELECT CAST(‹target.fact_sales› AS VARCHAR), CAST(‹load/sales› AS VARCHAR), CAST(‹2026-11-25› AS DATE), CAST(‹r-1› AS VARCHAR), CAST(‹cast› AS VARCHAR), code, column_name, value, part, row_number
      FROM (SELECT (CASE WHEN "AMT" IS NULL THEN 'NULL_VALUE' END) AS code, CAST(‹amount› AS VARCHAR) AS column_name, substr(CAST("AMT" AS VARCHAR), 1, 1000) AS value, _part AS part, _row AS row_number
      FROM landing.sales
      WHERE _batch_id = CAST(‹2026-11-25› AS DATE) AND (CASE WHEN "AMT" IS NULL THEN 'NULL_VALUE' END) IS NOT NULL) AS refused",
        "INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number)
      SELECT CAST(‹target.fact_sales› AS VARCHAR), CAST(‹load/sales› AS VARCHAR), CAST(‹2026-11-25› AS DATE), CAST(‹r-1› AS VARCHAR), CAST(‹cast› AS VARCHAR), code, column_name, value, part, row_number
      FROM (SELECT (CASE WHEN code IS NULL THEN NULL WHEN NOT (length(code) <= 3) THEN 'TOO_LONG' END) AS code, CAST(‹a"b› AS VARCHAR) AS column_name, substr(code, 1, 1000) AS value, _part AS part, _row AS row_number
      FROM landing.sales
      WHERE _batch_id = CAST(‹2026-11-25› AS DATE) AND (CASE WHEN code IS NULL THEN NULL WHEN NOT (length(code) <= 3) THEN 'TOO_LONG' END) IS NOT NULL) AS refused",
      ]
    `)
  })

  test('the ties of one file', () => {
    const files = [
      { part: 1, partition: 'a.csv' },
      { part: 2, partition: 'a.csv' },
      { part: 3, partition: 'b.csv' },
    ]
    expect(shown(refuseConflicts(dialect, plan, plan.write, tag, files))).toMatchInlineSnapshot(`
      "INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number)
      SELECT CAST(‹target.fact_sales› AS VARCHAR), CAST(‹load/sales› AS VARCHAR), CAST(‹2026-11-25› AS DATE), CAST(‹r-1› AS VARCHAR), CAST(‹dedup› AS VARCHAR), code, column_name, value, part, row_number
      FROM (WITH staged AS (SELECT CASE _part WHEN CAST(‹1› AS BIGINT) THEN CAST(‹0› AS BIGINT) WHEN CAST(‹2› AS BIGINT) THEN CAST(‹0› AS BIGINT) WHEN CAST(‹3› AS BIGINT) THEN CAST(‹1› AS BIGINT) END AS _sluice_file, "order", amount, "a""b", _part, _row
      FROM landing.sales__typed
      WHERE _run_id = CAST(‹r-1› AS VARCHAR) AND "order" IS NOT NULL), ties AS (SELECT "order", _sluice_file
      FROM (SELECT DISTINCT _sluice_file, "order", amount, "a""b"
      FROM staged) AS contents
      GROUP BY "order", _sluice_file HAVING count(*) > 1)
      SELECT 'DUP_CONFLICT' AS code, CAST(‹order› AS VARCHAR) AS column_name, substr(CAST(staged."order" AS VARCHAR), 1, 1000) AS value, staged._part AS part, staged._row AS row_number
      FROM staged
      JOIN ties ON staged."order" = ties."order" AND staged._sluice_file = ties._sluice_file) AS refused"
    `)
  })

  test('the duplicates', () => {
    expect(shown(deleteDuplicates(dialect, newestAmount, newestAmount.write, tag))).toMatchInlineSnapshot(`
      "DELETE
      FROM landing.sales__typed
      WHERE _run_id = CAST(‹r-1› AS VARCHAR) AND (_part, _row) IN (SELECT _part, _row
      FROM (SELECT _part, _row, row_number() OVER (PARTITION BY "order" ORDER BY amount DESC, _part DESC, _row DESC) AS _sluice_rank
      FROM landing.sales__typed
      WHERE _run_id = CAST(‹r-1› AS VARCHAR)) AS ranked
      WHERE _sluice_rank > 1)"
    `)
  })

  test('a merge', () => {
    expect(shown(updateChanged(dialect, newestAmount, publication))).toMatchInlineSnapshot(`
      "UPDATE target.fact_sales AS t
      SET amount = s.amount, "a""b" = s."a""b", _batch_id = CAST(‹2026-11-25› AS DATE), _script = CAST(‹load/sales› AS VARCHAR), _run_id = CAST(‹r-1› AS VARCHAR), _loaded_at = CAST(‹2026-11-26T00:30:00.000Z› AS TIMESTAMP WITH TIME ZONE)
      FROM (SELECT "order", amount, "a""b"
      FROM landing.sales__typed
      WHERE _run_id = CAST(‹r-1› AS VARCHAR)) AS s
      WHERE t."order" = s."order" AND NOT ((t.amount IS NOT NULL AND s.amount < t.amount)) AND (t."order" IS DISTINCT FROM s."order" OR t.amount IS DISTINCT FROM s.amount OR t."a""b" IS DISTINCT FROM s."a""b")"
    `)
    expect(shown(insertMissing(dialect, plan, publication))).toMatchInlineSnapshot(`
      "INSERT INTO target.fact_sales ("order", amount, "a""b", _batch_id, _script, _run_id, _loaded_at)
      SELECT s."order", s.amount, s."a""b", CAST(‹2026-11-25› AS DATE), CAST(‹load/sales› AS VARCHAR), CAST(‹r-1› AS VARCHAR), CAST(‹2026-11-26T00:30:00.000Z› AS TIMESTAMP WITH TIME ZONE)
      FROM (SELECT "order", amount, "a""b"
      FROM landing.sales__typed
      WHERE _run_id = CAST(‹r-1› AS VARCHAR)) AS s
      WHERE NOT EXISTS (SELECT 1
      FROM target.fact_sales AS t
      WHERE t."order" = s."order")"
    `)
  })

  test('what an append removes before', () => {
    expect(shown(deletePublished(dialect, plan, tag))).toMatchInlineSnapshot(`
      "DELETE
      FROM target.fact_sales
      WHERE _batch_id = CAST(‹2026-11-25› AS DATE) AND _script = CAST(‹load/sales› AS VARCHAR)"
    `)
  })

  test('the fence', () => {
    const { fence, ledger } = plan.audit
    expect(shown(takeLockRow(dialect, fence, claim))).toMatchInlineSnapshot(`
      "UPDATE audit._fence
      SET run_id = CAST(‹r-1› AS VARCHAR)
      WHERE target = CAST(‹target.fact_sales› AS VARCHAR) AND script = ''"
    `)
    expect(shown(raiseToken(dialect, fence, claim))).toMatchInlineSnapshot(`
      "UPDATE audit._fence
      SET token = CAST(‹7› AS BIGINT), run_id = CAST(‹r-1› AS VARCHAR), store_id = CAST(‹store-1› AS VARCHAR)
      WHERE target = CAST(‹target.fact_sales› AS VARCHAR) AND script = CAST(‹load/sales› AS VARCHAR)"
    `)
    expect(shown(highestToken(dialect, fence, ledger, claim))).toMatchInlineSnapshot(`
      "SELECT max(token) AS token
      FROM (SELECT token
      FROM audit._fence
      WHERE target = CAST(‹target.fact_sales› AS VARCHAR) AND script = CAST(‹load/sales› AS VARCHAR)
      UNION ALL
      SELECT token
      FROM audit.ledger
      WHERE target = CAST(‹target.fact_sales› AS VARCHAR) AND script = CAST(‹load/sales› AS VARCHAR)) AS tokens"
    `)
    expect(shown(otherStore(dialect, fence, ledger, claim))).toMatchInlineSnapshot(`
      "SELECT store_id
      FROM (SELECT store_id
      FROM audit._fence
      WHERE target = CAST(‹target.fact_sales› AS VARCHAR) AND store_id NOT IN ('', CAST(‹store-1› AS VARCHAR))
      UNION ALL
      SELECT store_id
      FROM audit.ledger
      WHERE target = CAST(‹target.fact_sales› AS VARCHAR) AND store_id NOT IN ('', CAST(‹store-1› AS VARCHAR))) AS stores
      LIMIT 1"
    `)
  })
})

test('every column of our own tables that statements name bare needs no quotes', () => {
  const own = [...fenceColumns, ...rejectTableColumns, ...stageColumns, ...targetColumns, ...markColumns]
  const ledger = ledgerColumns.filter(({ name }) => name !== 'sequence')
  expect([...own, ...ledger].map(({ name }) => name).filter((name) => dialect.quote(name) !== name)).toEqual([])
})

describe('on DuckDB', () => {
  let run: (statement: Statement) => Promise<readonly (readonly string[])[]>

  beforeEach(async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run("SET TimeZone = 'UTC'")
    run = async ({ sql, values = [] }) =>
      (await (await connection.run(sql, [...values])).getRowsJson()).map((row) => row.map(String))
    for (const schema of ['landing', 'target', 'audit']) await run({ sql: `CREATE SCHEMA ${schema}` })
    const own = plan.columns.map(({ name, type }) => staged(name, type))
    for (const [table, columns] of [
      [plan.landing, plan.landed],
      [plan.typed, [...own, ...stageColumns]],
      [plan.target, [...own, ...targetColumns]],
      [plan.audit.fence, fenceColumns],
      [plan.audit.ledger, ledgerColumns],
      [plan.audit.rejects, rejectTableColumns],
    ] as const) {
      for (const statement of alignTable(dialect, table, columns, undefined)) await run(statement)
    }
  })

  const land = (...rows: readonly string[]) =>
    run({
      sql: `INSERT INTO landing.sales BY POSITION VALUES ${rows.map((row) => `(${row}, DATE '2026-11-25', 'x', 1, ${row.split(',')[0]})`).join(', ')}`,
    })
  const fill = async (...rows: readonly string[]) => {
    await run({ sql: `INSERT INTO landing.sales__typed VALUES ${rows.map((row) => `(${row})`).join(', ')}` })
  }
  const typed = () => run({ sql: 'SELECT "order", amount, "a""b" FROM landing.sales__typed ORDER BY ALL' })
  const target = () => run({ sql: 'SELECT "order", amount, "a""b", _run_id FROM target.fact_sales ORDER BY ALL' })
  const rejects = () => run({ sql: 'SELECT code, column_name, value, part, row_number FROM audit.rejects ORDER BY ALL' })

  test('a row is typed or refused, with every cause, whatever the columns are called', async () => {
    await land("1, 1.50, 'abc'", "2, NULL, 'abcd'", "3, 2.00, 'abcd'", '4, 0, NULL')
    await run(fillTyped(dialect, plan, tag))
    for (const statement of refuseCasts(dialect, plan, tag)) await run(statement)
    expect(await typed()).toEqual([
      ['1', '1.50', 'abc'],
      ['4', '0.00', 'null'],
    ])
    expect(await rejects()).toEqual([
      ['NULL_VALUE', 'amount', 'null', '1', '2'],
      ['TOO_LONG', 'a"b', 'abcd', '1', '2'],
      ['TOO_LONG', 'a"b', 'abcd', '1', '3'],
    ])
    expect(await run(countRejects(dialect, plan, tag, 'cast'))).toEqual([['2']])
    const filter = { script: 'load/sales', batch: tag.batch, limit: 1 }
    const [listed] = await run(selectRejects(dialect, plan.audit.rejects, filter))
    expect(listed).toEqual(expect.arrayContaining(['load/sales', '2026-11-25', 'TOO_LONG', 'a"b', 'abcd']))
    expect(await run(selectRejects(dialect, plan.audit.rejects, { ...filter, batch: '2026-11-24' }))).toEqual([])
  })

  test('the refused value of a masked column is not shown', async () => {
    const masked = plan.columns.map(({ origin, ...own }): LoadColumn => {
      return { ...own, origin: origin.kind === 'landing' ? { ...origin, mask: 'sha256' } : origin }
    })
    await land("1, NULL, 'secret'")
    for (const statement of refuseCasts(dialect, { ...plan, columns: masked }, tag)) await run(statement)
    expect((await rejects()).map(([code, name, value]) => [code, name, value])).toEqual([
      ['NULL_VALUE', 'amount', 'null'],
      ['TOO_LONG', 'a"b', '***'],
    ])
  })

  const row = (order: string, amount: string, code: string, part: number, number: number, runId = 'r-1') =>
    `${order}, ${amount}, ${code}, DATE '2026-11-25', '${runId}', ${part}, ${number}`

  test('without newest a tie is one of a file; equal rows and those of a later file are duplicates', async () => {
    await fill(
      row('1', '1', "'a'", 1, 1),
      row('1', '2', "'a'", 1, 2),
      row('2', '1', 'NULL', 1, 3),
      row('2', '1', 'NULL', 1, 4),
      row('3', '1', "'a'", 1, 5),
      row('3', '2', "'a'", 2, 1),
      row('NULL', '1', "'a'", 2, 2),
      row('1', '9', "'z'", 1, 1, 'another run'),
    )
    for (const statement of refuseNullKeys(dialect, plan, plan.write, tag)) await run(statement)
    const files = [
      { part: 1, partition: 'a.csv' },
      { part: 2, partition: 'b.csv' },
    ]
    await run(refuseConflicts(dialect, plan, plan.write, tag, files))
    await run(deleteRefused(dialect, plan, tag))
    await run(deleteDuplicates(dialect, plan, plan.write, tag))
    expect(await rejects()).toEqual([
      ['DUP_CONFLICT', 'order', '1', '1', '1'],
      ['DUP_CONFLICT', 'order', '1', '1', '2'],
      ['NULL_KEY', 'order', 'null', '2', '2'],
    ])
    expect(await typed()).toEqual([
      ['1', '9.00', 'z'],
      ['2', '1.00', 'null'],
      ['3', '2.00', 'a'],
    ])
  })

  test('parts of one file are one file', async () => {
    await fill(row('3', '1', "'a'", 1, 5), row('3', '2', "'a'", 2, 1))
    const files = [1, 2].map((part) => ({ part, partition: 'a.csv' }))
    await run(refuseConflicts(dialect, plan, plan.write, tag, files))
    expect((await rejects()).map(([code]) => code)).toEqual(['DUP_CONFLICT', 'DUP_CONFLICT'])
  })

  test('a merge changes what differs and is not older, adds what is missing and leaves the rest', async () => {
    await fill(
      row('1', '5', "'new'", 1, 1),
      row('2', '1', "'old'", 1, 2),
      row('3', '3', 'NULL', 1, 3),
      row('4', '4', "'add'", 1, 4),
    )
    await run({
      sql: `INSERT INTO target.fact_sales SELECT o, a, c, DATE '2026-11-24', 'load/sales', 'before', now() FROM
        (VALUES (1, 4, 'was'), (2, 2, 'is'), (3, 3, NULL), (5, NULL, 'else')) AS v(o, a, c)`,
    })
    await run(updateChanged(dialect, newestAmount, publication))
    await run(insertMissing(dialect, newestAmount, publication))
    expect(await target()).toEqual([
      ['1', '5.00', 'new', 'r-1'],
      ['2', '2.00', 'is', 'before'],
      ['3', '3.00', 'null', 'before'],
      ['4', '4.00', 'add', 'r-1'],
      ['5', 'null', 'else', 'before'],
    ])
    await run(deletePublished(dialect, plan, { ...tag, batch: '2026-11-24' }))
    expect((await target()).map(([order]) => order)).toEqual(['1', '4'])
  })

  test('the fence has one row a target and script, however often it is prepared', async () => {
    const { fence, ledger } = plan.audit
    const other = { ...claim, script: 'load/other', token: 99, storeId: 'store-2' }
    for (const each of [claim, claim, other]) for (const statement of prepareFence(dialect, fence, each)) await run(statement)
    expect(await run(takeLockRow(dialect, fence, claim))).toEqual([['1']])
    expect(await run(raiseToken(dialect, fence, claim))).toEqual([['1']])
    expect(await run({ sql: 'SELECT script, token, store_id FROM audit._fence ORDER BY ALL' })).toEqual([
      ['', '0', ''],
      ['load/other', '0', ''],
      ['load/sales', '7', 'store-1'],
    ])
    expect(await run(highestToken(dialect, fence, ledger, claim))).toEqual([['7']])
    expect(await run(otherStore(dialect, fence, ledger, claim))).toEqual([])
    await run(insertLedger(dialect, ledger, { ...publishing, token: 8 }))
    expect(await run(highestToken(dialect, fence, ledger, claim))).toEqual([['8']])
    await run(raiseToken(dialect, fence, other))
    expect(await run(highestToken(dialect, fence, ledger, claim))).toEqual([['8']])
    expect(await run(otherStore(dialect, fence, ledger, claim))).toEqual([['store-2']])
  })

  test('a ledger row is read back as it was written', async () => {
    const { ledger } = plan.audit
    await run(insertLedger(dialect, ledger, publishing))
    const [found] = await run(selectPublication(dialect, ledger, publishing))
    const names = ['run_id', 'exit_code', ...ledgerColumns.slice(10).map(({ name }) => name)]
    const record = Object.fromEntries(
      names.map((name, index) => [name, found?.[index] === 'null' ? null : (found?.[index] ?? null)]),
    )
    expect(readPublication(record)).toEqual({ runId: 'r-1', exitCode: 4, entries: publishing.entries })
    expect(await run(selectPublication(dialect, ledger, { ...publishing, sequence: 0 }))).toEqual([])
  })

  test.each([
    ['1.50', '1.5', 'DECIMAL(12,4)', 'true'],
    ['3.00', '3', 'INTEGER', 'true'],
    ['3.00', '3', 'DOUBLE', 'true'],
    ['1.50', '1.51', 'DECIMAL(12,2)', 'false'],
    ['NULL', 'NULL', 'DECIMAL(12,2)', 'true'],
    ['0', 'NULL', 'DECIMAL(12,2)', 'false'],
  ])('a sum of %s and of %s as %s: equal is %s', async (measure, expected, type, equal) => {
    const sums = { schema: 'target', table: 'sums' }
    await run({ sql: `CREATE TABLE target.sums ("order" ${type})` })
    await run(insertSelect(dialect, sums, ['order'], `SELECT ${expected} AS "order" -- the last line;`))
    await run({ sql: `INSERT INTO target.fact_sales (amount) VALUES (${measure})` })
    const [found] = await run(selectBalance(dialect, plan.target, { measure: 'amount', ...sums, column: 'order' }))
    expect(found?.[2]).toBe(equal)
    expect(await run(countAll(dialect, sums))).toEqual([['1']])
  })
})
