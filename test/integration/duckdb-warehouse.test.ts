import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBTimestampTZValue } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../src/columnar/batch-builder.ts'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { Warehouse } from '../../src/contracts/warehouse.ts'
import type { ColumnType } from '../../src/model/column-type.ts'
import { warehouseCases } from '../../src/testing/warehouse-cases.ts'
import { type DuckdbOptions, openDuckdb } from '../../src/warehouses/duckdb/index.ts'

let folder: string
let path: string
const opened: Warehouse[] = []
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'))
  path = join(folder, 'retail.duckdb')
})

afterEach(async () => {
  for (const warehouse of opened.splice(0)) await warehouse.close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

async function open(options: Partial<DuckdbOptions> = {}): Promise<Warehouse> {
  const warehouse = await openDuckdb({ path, ...options })
  opened.push(warehouse)
  return warehouse
}

describe('the contract of a warehouse', () => {
  const cases = warehouseCases({
    async prepare() {
      const own = await mkdtemp(join(folder, 'case-'))
      const warehouse = await openDuckdb({ path: join(own, 'case.duckdb'), threads: 2 })
      await warehouse.define([{ sql: 'CREATE SCHEMA bench' }])
      return { warehouse, schema: 'bench', close: async () => {} }
    },
  })
  for (const contractCase of cases) test(contractCase.name, () => contractCase.run())
})

const numbers = { schema: 'main', table: 'numbers' }
const defining = [{ sql: 'CREATE TABLE numbers (id BIGINT)' }]
const counting = { sql: 'SELECT count(*) AS n FROM numbers' }

function insert(warehouse: Warehouse, id: number, writes = [numbers]): Promise<number> {
  return warehouse.transaction(writes, (session) => session.execute({ sql: 'INSERT INTO numbers VALUES ($1)', values: [id] }))
}

/** Adds a number that is its own only where no other transaction runs beside. */
function addNext(warehouse: Warehouse): Promise<number> {
  return warehouse.transaction([numbers], async (session) => {
    const [row] = await session.query(counting)
    return session.execute({ sql: 'INSERT INTO numbers VALUES ($1)', values: [row?.['n'] ?? null] })
  })
}

describe('one file opened twice in one process', () => {
  test('is one database: what one commits the other sees, and both survive', async () => {
    const [first, second] = await Promise.all([open(), open()])
    await first.define(defining)
    await insert(first, 1)
    await insert(second, 2)
    expect(await first.query(counting)).toEqual([{ n: 2n }])
    await first.close()
    await insert(second, 3)
    await second.close()
    const later = await open()
    expect(await later.query(counting)).toEqual([{ n: 3n }])
  })

  test('is one database with one queue under every name of the file', async () => {
    await symlink(folder, join(folder, 'folder-link'))
    const warehouses = [await open({ path: join(folder, 'folder-link', 'retail.duckdb') }), await open()]
    await symlink(path, join(folder, 'file-link.duckdb'))
    warehouses.push(await open({ path: join(folder, 'file-link.duckdb') }))
    await warehouses[0]?.define(defining)
    await Promise.all([...warehouses, ...warehouses].map(addNext))
    expect(await warehouses[1]?.query({ sql: 'SELECT count(DISTINCT id) AS n FROM numbers' })).toEqual([{ n: 6n }])
  })

  test('has one queue: transactions of both on one table run one after the other', async () => {
    const warehouses = [await open(), await open()]
    await warehouses[0]?.define(defining)
    await Promise.all([...warehouses, ...warehouses, ...warehouses].map(addNext))
    expect(await warehouses[1]?.query({ sql: 'SELECT count(DISTINCT id) AS n FROM numbers' })).toEqual([{ n: 6n }])
  })

  test('with other settings is refused', async () => {
    await open({ threads: 1 })
    await expect(open({ threads: 2 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('a file that another process holds', () => {
  test('is TARGET_BUSY after a bounded time, with the holder and what to do', async () => {
    const child = await hold('')
    const started = performance.now()
    await expect(open({ busyTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'TARGET_BUSY',
      message: expect.stringContaining(`process ${child.pid} on ${hostname()}`),
      hint: expect.stringMatching(/^Wait for that process or end it/),
      details: { pid: child.pid },
    })
    expect(performance.now() - started).toBeGreaterThanOrEqual(300)
  })

  test('is opened when it is let go in time', async () => {
    const child = await hold('')
    const opening = open({ busyTimeoutMs: 20_000 })
    child.kill('SIGKILL')
    await (await opening).check()
  })

  test('is held until the last one of this process has closed it', async () => {
    const [first, second] = [await open(), await open()]
    await first.close()
    await expect(hold('')).rejects.toThrow('Could not set lock')
    await second.close()
    await hold('')
  })

  test('and that is killed in the middle of a transaction has kept nothing of it', async () => {
    const warehouse = await open()
    await warehouse.define(defining)
    await insert(warehouse, 1)
    await warehouse.close()
    const child = await hold(
      "await connection.run('BEGIN'); await connection.run('INSERT INTO numbers SELECT range FROM range(500000)')",
    )
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    expect(await (await open()).query({ sql: 'SELECT id FROM numbers' })).toEqual([{ id: 1n }])
  })
})

/** A process that opens the file, does some work and then stays; rejects with its words when it could not. */
async function hold(work: string): Promise<ChildProcess> {
  const script = `
    const { DuckDBInstance } = await import(${JSON.stringify(import.meta.resolve('@duckdb/node-api'))})
    try {
      const connection = await (await DuckDBInstance.create(${JSON.stringify(path)})).connect()
      ${work}
      console.log('held')
      setInterval(() => connection, 1000)
    } catch (error) {
      console.log(error.message)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [said] = await once(child.stdout, 'data')
  if (String(said).trim() !== 'held') throw new Error(String(said))
  return child
}

describe('transactions', () => {
  test('that write one table without naming it end in TARGET_CONFLICT, and one of them is kept', async () => {
    const warehouse = await open()
    await warehouse.define(defining)
    await insert(warehouse, 1)
    const { promise: updated, resolve: update } = Promise.withResolvers<void>()
    const { promise: tried, resolve: tryIt } = Promise.withResolvers<void>()
    const first = warehouse.transaction([], async (session) => {
      await session.execute({ sql: 'UPDATE numbers SET id = 10' })
      update()
      await tried
    })
    await updated
    const second = warehouse.transaction([], (session) => session.execute({ sql: 'UPDATE numbers SET id = 20' }))
    await expect(second).rejects.toMatchObject({ code: 'TARGET_CONFLICT', retryable: true })
    tryIt()
    await first
    expect(await warehouse.query({ sql: 'SELECT id FROM numbers' })).toEqual([{ id: 10n }])
  })

  test('and a table altered under them end in TARGET_CONFLICT at commit', async () => {
    const warehouse = await open()
    await warehouse.define(defining)
    const late = warehouse.transaction([], async (session) => {
      await session.execute({ sql: 'INSERT INTO numbers VALUES (1)' })
      await warehouse.define([{ sql: 'ALTER TABLE numbers ADD COLUMN extra INTEGER' }])
    })
    await expect(late).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
    expect(await warehouse.query(counting)).toEqual([{ n: 0n }])
  })

  test('name tables whatever their case', async () => {
    const warehouse = await open()
    await warehouse.define(defining)
    await insert(warehouse, 0)
    const increase = (table: string) =>
      warehouse.transaction([{ schema: 'MAIN', table }], (session) => session.execute({ sql: 'UPDATE numbers SET id = id + 1' }))
    await Promise.all(['numbers', 'NUMBERS', 'Numbers'].map(increase))
    expect(await warehouse.query({ sql: 'SELECT id FROM numbers' })).toEqual([{ id: 3n }])
  })

  test('refuse a statement after their end, and say so', async () => {
    const warehouse = await open()
    const { session } = await warehouse.transaction([], async (own) => ({ session: own }))
    await expect(session.query({ sql: 'SELECT 1' })).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})

describe('what cannot be opened', () => {
  test('a folder that is not there is LOCAL_IO and is named', async () => {
    const missing = join(folder, 'missing')
    await expect(open({ path: join(missing, 'x.duckdb') })).rejects.toMatchObject({
      code: 'LOCAL_IO',
      message: expect.stringContaining(missing),
    })
  })

  test.each([
    ['text', Buffer.from('id,name\n1,one\n'.repeat(1000))],
    ['nothing', Buffer.alloc(0)],
    ['a SQLite database', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8176)])],
  ])('a file of %s is TARGET_FAILED and stays as it is', async (_name, bytes) => {
    await writeFile(path, bytes)
    await expect(open()).rejects.toMatchObject({ code: 'TARGET_FAILED', hint: expect.stringContaining('DuckDB file') })
  })

  test('a folder is TARGET_FAILED', async () => {
    await mkdir(path)
    await expect(open()).rejects.toMatchObject({ code: 'TARGET_FAILED' })
  })

  test('a link to nothing is refused: it would be a second name for one file', async () => {
    await symlink(join(folder, 'elsewhere.duckdb'), path)
    await expect(open()).rejects.toMatchObject({ code: 'LOCAL_IO' })
  })

  test('settings that DuckDB does not take are CONFIG_INVALID', async () => {
    await expect(open({ memoryLimit: 'lots' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(open({ threads: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('the session', () => {
  test('has the given limits, and UTC whatever the zone of the process', async () => {
    const warehouse = await open({ threads: 1, memoryLimit: '300MB' })
    const setting = (name: string) => `current_setting('${name}') AS ${name.toLowerCase()}`
    expect(await warehouse.query({ sql: `SELECT ${['threads', 'memory_limit', 'TimeZone'].map(setting).join(', ')}` })).toEqual([
      { threads: 1n, memory_limit: '286.1 MiB', timezone: 'UTC' },
    ])
  })

  test('never fetches code from the network', async () => {
    const sql = "SELECT current_setting('autoinstall_known_extensions') AS on"
    expect(await (await open()).query({ sql })).toEqual([{ on: false }])
  })

  test('binds integers as they are: a comparison must not widen a column', async () => {
    const sql = 'SELECT typeof($1) AS a, typeof($2) AS b, typeof($3) AS c'
    expect(await (await open()).query({ sql, values: [5n, 2n ** 63n, 5] })).toEqual([{ a: 'BIGINT', b: 'HUGEINT', c: 'INTEGER' }])
  })

  test('gives instants in UTC, wide integers as bigint and the rest as text', async () => {
    const warehouse = await open()
    const sql = `SELECT TIMESTAMPTZ '2024-06-01 10:00:00.5+02' AS i, 'infinity'::TIMESTAMPTZ AS f, 170141183460469231731687303715884105727::HUGEINT AS h,
      1::UBIGINT AS u, 7::TINYINT AS t, '\\xAB'::BLOB AS b, [1, 2] AS l`
    const offset = DuckDBTimestampTZValue.timezoneOffsetInMinutes
    // The driver reads the zone of the process once, when it is imported.
    DuckDBTimestampTZValue.timezoneOffsetInMinutes = 540
    const rows = await warehouse.query({ sql }).finally(() => {
      DuckDBTimestampTZValue.timezoneOffsetInMinutes = offset
    })
    expect(rows).toEqual([
      {
        i: '2024-06-01 08:00:00.5+00',
        f: 'infinity',
        h: 170141183460469231731687303715884105727n,
        u: 1n,
        t: 7,
        b: '\\xAB',
        l: '[1, 2]',
      },
    ])
  })

  test('a type that no canonical type becomes is described as text, under its own name', async () => {
    const warehouse = await open()
    await warehouse.define([{ sql: 'CREATE TABLE odd (a INTEGER[], b HUGEINT)' }])
    expect(await warehouse.describe({ schema: 'main', table: 'odd' })).toEqual({
      columns: [
        { name: 'a', type: { kind: 'text' }, nullable: true, sourceType: 'INTEGER[]' },
        { name: 'b', type: { kind: 'text' }, nullable: true, sourceType: 'HUGEINT' },
      ],
    })
  })

  test('what is too large for the memory is TARGET_FAILED and says how to give more', async () => {
    const warehouse = await open({ threads: 1, memoryLimit: '30MB' })
    const sql = 'SELECT list(range) AS all FROM range(20000000)'
    await expect(warehouse.query({ sql })).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      hint: expect.stringContaining('memoryLimit'),
    })
  })
})

test('a file that is called like one of its schemas is CONFIG_INVALID and says what to rename', async () => {
  const warehouse = await open({ path: join(folder, 'target.duckdb') })
  await warehouse.define([{ sql: 'CREATE SCHEMA IF NOT EXISTS target' }])
  await expect(warehouse.define([{ sql: 'CREATE TABLE target.sales (id BIGINT)' }])).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    hint: expect.stringContaining('another name'),
  })
})

describe('the canonical text is that of staged cells', () => {
  const moments = fc.bigInt({ min: -62_300_000_000_000_000n, max: 260_000_000_000_000_000n })
  const kinds: readonly [ColumnType, fc.Arbitrary<number | bigint>, (value: string) => string][] = [
    [{ kind: 'double' }, fc.double(), (value) => `${value}::DOUBLE`],
    [{ kind: 'float' }, fc.float(), (value) => `${value}::FLOAT`],
    [{ kind: 'date' }, fc.integer({ min: -800_000, max: 3_000_000 }), (value) => `DATE '1970-01-01' + (${value})::INTEGER`],
    [{ kind: 'time' }, fc.bigInt({ min: 0n, max: 86_399_999_999n }), (value) => `make_timestamp(${value}::BIGINT)::TIME`],
    [{ kind: 'timestamp' }, moments, (value) => `make_timestamp((${value})::BIGINT)`],
    [{ kind: 'timestamptz' }, moments, (value) => `to_timestamp(0) + to_microseconds((${value})::BIGINT)`],
  ]

  test.each(kinds)('%o', async (type, values, literal) => {
    const warehouse = await open()
    const sample = fc.sample(values, 500)
    const builder = new BatchBuilder([{ name: 'x', type, nullable: false }])
    for (const value of sample) {
      const [column] = builder.columns
      if (typeof value === 'bigint') column?.addBigint(value)
      else if (type.kind === 'date') column?.addInt(value)
      else column?.addNumber(value)
    }
    const [vector] = builder.take().columns
    if (vector === undefined) throw new Error('no column')
    const list = sample.map((value, index) => `(${index}, ${literal(`'${Object.is(value, -0) ? '-0' : value}'`)})`).join(', ')
    const sql = `SELECT ${warehouse.dialect.text('x', type)} AS t FROM (VALUES ${list}) AS v(n, x) ORDER BY n`
    expect((await warehouse.query({ sql })).map((row) => row['t'])).toEqual(cellTexts(vector, sample.length))
  })
})
