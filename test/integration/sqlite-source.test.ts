import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { ReadRequest } from '../../src/contracts/source.ts'
import type { RejectedRow } from '../../src/model/column-batch.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import type { CursorPolicy, Resource } from '../../src/model/script.ts'
import { openSqliteSource } from '../../src/sources/sqlite.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type SampleTable, sourceCases } from '../../src/testing/source-cases.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sqlite-'))
  path = join(folder, 'shop.db')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const declarations = { int64: 'INTEGER', decimal: 'DECIMAL(12,2)', text: 'TEXT', timestamp: 'TIMESTAMP' }

function fill(sample: SampleTable): void {
  const database = new DatabaseSync(path)
  database.exec(`CREATE TABLE sample (${sample.columns.map(({ name, type }) => `${name} ${declarations[type]}`).join(', ')})`)
  const insert = database.prepare(`INSERT INTO sample VALUES (${sample.columns.map(() => '?').join(', ')})`)
  database.exec('BEGIN')
  for (const row of sample.rows) insert.run(...row)
  database.exec('COMMIT')
  database.close()
}

describe('the contract of a source', () => {
  const cases = sourceCases({
    async prepare(sample) {
      fill(sample)
      return { source: await openSqliteSource({ path }), resource: resource('sample'), close: async () => {} }
    },
    missing: { locator: 'simple', code: 'RESOURCE_NOT_FOUND' },
    nullDiffersFromEmpty: true,
    hasCatalogue: true,
    cursor: (column) => cursorOn(column),
  })
  test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
    contractCase.run(),
  )
})

function resource(locator: string): Resource {
  return { source: 'shop', locator, options: {}, columns: undefined }
}

function cursorOn(column: string, overlap?: number, nulls: CursorPolicy['nulls'] = 'reject'): CursorPolicy {
  return { column, overlap, nulls }
}

interface Asked extends Partial<ReadRequest> {
  readonly readOnly?: boolean
}

async function readAll(locator: string, asked: Asked = {}) {
  const { readOnly, ...rest } = asked
  const source = await openSqliteSource({ path, ...(readOnly === undefined ? {} : { readOnly }) })
  const notices: string[] = []
  try {
    const reading = await source.open(readRequest(resource(locator), { notice: (text) => notices.push(text), ...rest }))
    const rows: (string | null)[][] = []
    const rejects: RejectedRow[] = []
    for (const partition of reading.partitions) {
      for await (const read of reading.read(partition)) {
        const columns = read.batch.columns.map((vector) => cellTexts(vector, read.batch.rows))
        for (let row = 0; row < read.batch.rows; row += 1) rows.push(columns.map((texts) => texts[row] ?? null))
        rejects.push(...read.rejects)
      }
    }
    expect(reading.expectedRows).toBe(rows.length + rejects.length)
    return { rows, rejects, notices, window: reading.window, columns: reading.schema.columns }
  } finally {
    await source.close()
  }
}

function write(sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

const fitting: readonly (readonly [string, string, string])[] = [
  ['SMALLINT', '7', 'int64'],
  ['BIGINT UNSIGNED', '9223372036854775807', 'int64'],
  ['BOOLEAN', '1', 'boolean'],
  ['DECIMAL(12,2)', "'12.50'", 'decimal(12,2)'],
  ['NUMERIC(38,0)', '5', 'decimal(38,0)'],
  ['NUMERIC', '1.25', 'text'],
  ['DECIMAL(40,2)', "'1.25'", 'text'],
  ['DOUBLE PRECISION', '0.5', 'double'],
  ['VARCHAR(20)', "'é'", 'text'],
  ['BLOB', "x'00ff'", 'binary'],
  ['DATE', "'2024-02-29'", 'date'],
  ['TIME', "'23:59:59.000001'", 'time'],
  ['DATETIME', "'2025-01-02T03:04:05.123456'", 'timestamp'],
  ['TIMESTAMP WITH TIME ZONE', "'2025-01-02 03:04:05+02:00'", 'timestamptz'],
  ['TIMESTAMPTZ', "'2025-01-02 03:04:05Z'", 'timestamptz'],
  ['JSON', `'{"a":[1]}'`, 'json'],
  ['UUID', "'0190a5b8-7d3c-7000-8000-000000000001'", 'uuid'],
  ['', "'free'", 'text'],
]

test.each(fitting)('a column %s takes %s as %s', async (declaration, value, type) => {
  write(`CREATE TABLE t (v ${declaration}); INSERT INTO t VALUES (${value})`)
  const { rows, rejects, columns } = await readAll('t')
  expect(columns.map((column) => columnTypeText(column.type))).toEqual([type])
  expect(rejects).toEqual([])
  expect(rows).toHaveLength(1)
})

const misfits: readonly (readonly [string, string, string])[] = [
  ['INTEGER', "'abc'", 'MISFIT'],
  ['INTEGER', '1.5', 'MISFIT'],
  ['BOOLEAN', '2', 'MISFIT'],
  ['DECIMAL(12,2)', '1.005', 'MISFIT'],
  ['DECIMAL(12,2)', '0.1 + 0.2', 'MISFIT'],
  ['DECIMAL(4,2)', '100', 'OUT_OF_RANGE'],
  ['REAL', "'x'", 'MISFIT'],
  ['BLOB', "'x'", 'MISFIT'],
  ['TEXT', "x'00'", 'MISFIT'],
  ['TEXT', "CAST(x'61ff' AS TEXT)", 'ENCODING'],
  ['DATE', "'2025-02-29'", 'MISFIT'],
  ['DATE', '20250228', 'MISFIT'],
  ['TIME', "'24:00:00'", 'MISFIT'],
  ['TIMESTAMP', "'2025-01-02 03:04:05.1234567'", 'MISFIT'],
  ['TIMESTAMP', "'2025-01-02 03:04:05Z'", 'MISFIT'],
  ['TIMESTAMPTZ', "'2025-01-02 03:04:05'", 'MISFIT'],
  ['JSON', "'{'", 'MISFIT'],
  ['UUID', "'0190'", 'MISFIT'],
]

test.each(misfits)('a column %s refuses %s as %s', async (declaration, value, code) => {
  write(`CREATE TABLE t (id INTEGER, v ${declaration}); INSERT INTO t VALUES (1, ${value}), (2, NULL)`)
  const { rows, rejects } = await readAll('t')
  expect(rows).toEqual([['2', null]])
  expect(rejects).toMatchObject([{ row: 1, causes: [{ code, column: 'v' }] }])
})

test('exact values of decimals and times', async () => {
  write(`CREATE TABLE t (d DECIMAL(12,2), n DATE, z TIMESTAMPTZ, note TEXT);
    INSERT INTO t VALUES ('-0.05', '1969-12-31', '2025-01-01 01:00:00.5+02:00', 'a' || char(0) || 'b')`)
  const { rows } = await readAll('t')
  expect(rows[0]?.slice(0, 2)).toEqual(['-0.05', '1969-12-31'])
  expect(rows[0]?.[2]).toContain('2024-12-31')
  expect(rows[0]?.[3]).toBe('a\0b')
})

test('views and generated columns are read, quoted names too', async () => {
  write(`CREATE TABLE "odd ""name" (a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2));
    INSERT INTO "odd ""name" (a) VALUES (21); CREATE VIEW shown AS SELECT twice FROM "odd ""name"`)
  expect((await readAll('odd "name')).rows).toEqual([['21', '42']])
  expect((await readAll('shown')).rows).toEqual([['42']])
})

test('an unknown table names the near ones, a missing file is not created', async () => {
  write('CREATE TABLE sales (a)')
  await expect(readAll('sale')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND', hint: expect.stringContaining('sales') })
  path = join(folder, 'missing.db')
  await expect(readAll('sales')).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  expect(await readdir(folder)).toEqual(['shop.db'])
})

test('rows without a cursor follow the policy', async () => {
  write("CREATE TABLE t (id INTEGER, at TIMESTAMP); INSERT INTO t VALUES (1, NULL), (2, '2025-01-01 00:00:00')")
  const ids = async (nulls: CursorPolicy['nulls']) => {
    const { rows, rejects } = await readAll('t', { cursor: cursorOn('at', undefined, nulls) })
    return [rows.map((row) => row[0]), rejects.map(({ causes }) => causes[0]?.code)]
  }
  expect(await ids('include')).toEqual([['1', '2'], []])
  expect(await ids('exclude')).toEqual([['2'], []])
  expect(await ids('reject')).toEqual([['2'], ['NULL_CURSOR']])
})

test('rows beyond now are held back and reported', async () => {
  write("CREATE TABLE t (id INTEGER, at TIMESTAMP); INSERT INTO t VALUES (1, '2999-01-01 00:00:00'), (2, '2025-01-01 00:00:00')")
  for (const readOnly of [false, true]) {
    const { rows, notices, window } = await readAll('t', { cursor: cursorOn('at', 60), readOnly })
    expect(rows.map((row) => row[0])).toEqual(['2'])
    expect(notices.join()).toContain('1 rows are held back')
    expect(window?.proven).toBe(!readOnly)
    expect((window?.next ?? '9') < '2900').toBe(true)
  }
})

test('without a horizon the overlap decides', async () => {
  write(
    "CREATE TABLE t (id INTEGER, at TIMESTAMP); INSERT INTO t VALUES (10, '2025-01-01 00:00:00'), (20, '2025-01-01 00:01:00.5')",
  )
  await expect(readAll('t', { cursor: cursorOn('id') })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
  await expect(readAll('t', { cursor: cursorOn('at'), readOnly: true })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
  expect((await readAll('t', { cursor: cursorOn('id', 5) })).window).toMatchObject({
    upper: undefined,
    proven: false,
    next: '15',
  })
  const timed = await readAll('t', { cursor: cursorOn('at', 30), readOnly: true })
  expect(timed.window).toMatchObject({ upper: undefined, next: '2025-01-01 00:00:30' })
  expect((await readAll('t', { cursor: cursorOn('id', 0), lower: '20' })).rows).toHaveLength(1)
})

test('values of another kind than the cursor are refused by name in every window', async () => {
  write(`CREATE TABLE t (id INTEGER, at TIMESTAMP, number INTEGER, label TEXT);
    INSERT INTO t VALUES (1, 1700000000, 0, ''), (2, '', 0, ''), (3, x'00', 0, ''), (4, '2025-01-01 00:00:00', 0, '');
    INSERT INTO t VALUES (5, '2024-01-01 00:00:00', 'abc', ''), (6, '2024-01-01 00:00:00', x'', ''), (7, '2024-01-01 00:00:00', 1, x'01')`)
  const refused = async (column: string, lower: string, upper: string) => {
    const { rejects } = await readAll('t', { cursor: cursorOn(column), lower, upper })
    return rejects.filter(({ causes }) => causes.some((cause) => cause.code === 'MISFIT' && cause.column === column)).length
  }
  expect(await refused('at', '2025-01-01 00:00:00', '2025-01-02 00:00:00')).toBe(3)
  expect(await refused('number', '10', '20')).toBe(2)
  expect(await refused('label', 'a', 'b')).toBe(1)
  write("UPDATE t SET at = '2025-01-01T00:00:00' WHERE id = 1")
  await expect(readAll('t', { cursor: cursorOn('at') })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
})

test('rows that are refused come in batches too', async () => {
  write(`CREATE TABLE t (v INTEGER, note TEXT);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO t SELECT 'x', 'y' FROM n`)
  const source = await openSqliteSource({ path })
  const reading = await source.open(readRequest(resource('t')))
  const sizes: number[] = []
  for (const partition of reading.partitions) {
    for await (const { rejects } of reading.read(partition)) sizes.push(rejects.length)
  }
  await source.close()
  expect(sizes).toEqual([1000, 1000, 500])
})

const writer = `
import { DatabaseSync } from 'node:sqlite'
const db = new DatabaseSync(process.argv[1])
db.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (2, strftime('%Y-%m-%d %H:%M:%f', 'now'))")
console.log('open')
setTimeout(() => { db.exec('COMMIT'); db.close() }, 1500)`

test('a row that another process commits late is not lost', async () => {
  write(
    "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER, at TIMESTAMP); INSERT INTO t VALUES (1, '2025-01-01 00:00:00.000')",
  )
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer, path], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const first = await readAll('t', { cursor: cursorOn('at') })
  await ended
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const second = await readAll('t', { cursor: cursorOn('at'), lower: first.window?.next })
  expect([...first.rows, ...second.rows].map((row) => row[0])).toEqual(['1', '2'])
})
