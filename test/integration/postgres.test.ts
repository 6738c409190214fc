import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { ReadRequest, Source } from '../../src/contracts/source.ts'
import type { RejectedRow } from '../../src/model/column-batch.ts'
import type { CursorPolicy, Resource } from '../../src/model/script.ts'
import { openPostgresSource, type PostgresSourceOptions } from '../../src/sources/postgres.ts'
import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type SampleTable, sourceCases } from '../../src/testing/source-cases.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'

const declarations = { int64: 'bigint', decimal: 'numeric(12,2)', text: 'text', timestamp: 'timestamp' }
const opened: Source[] = []
let server: PostgresServer

function resource(locator: string): Resource {
  return { source: 'shop', locator, options: {}, columns: undefined }
}

function cursorOn(column: string, overlap?: number, nulls: CursorPolicy['nulls'] = 'reject'): CursorPolicy {
  return { column, overlap, nulls }
}

async function open(options: Partial<PostgresSourceOptions> = {}): Promise<Source> {
  const source = await openPostgresSource({ url: server.url, ...options })
  opened.push(source)
  return source
}

async function readAll(locator: string, asked: Partial<ReadRequest> = {}, options: Partial<PostgresSourceOptions> = {}) {
  const source = await open(options)
  const notices: string[] = []
  const reading = await source.open(readRequest(resource(locator), { notice: (text) => notices.push(text), ...asked }))
  const rows: (string | null)[][] = []
  const numbers: number[] = []
  const rejects: RejectedRow[] = []
  for (const partition of reading.partitions) {
    for await (const { batch, rejects: refused, rowNumbers } of reading.read(partition)) {
      const columns = batch.columns.map((vector) => cellTexts(vector, batch.rows))
      for (let row = 0; row < batch.rows; row += 1) rows.push(columns.map((texts) => texts[row] ?? null))
      for (const number of rowNumbers ?? []) numbers.push(number)
      rejects.push(...refused)
    }
  }
  await reading.close()
  if (reading.expectedRows !== undefined) expect(reading.expectedRows).toBe(rows.length + rejects.length)
  return { rows, rejects, numbers, notices, window: reading.window, columns: reading.schema.columns }
}

async function ids(locator: string, asked: Partial<ReadRequest>) {
  return (await readAll(locator, asked)).rows.map(([id]) => id).sort()
}

function literalOf(cell: string | null): string {
  return cell === null ? 'NULL' : `E'${cell.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

async function fill(sample: SampleTable): Promise<void> {
  const columns = sample.columns.map(({ name, type }) => `${name} ${declarations[type]}`).join(', ')
  const rows = sample.rows.map((row) => `(${row.map(literalOf).join(', ')})`)
  const insert = rows.length > 0 ? `INSERT INTO sample VALUES ${rows.join(', ')}` : ''
  await server.run(`DROP TABLE IF EXISTS sample; CREATE TABLE sample (${columns}); ${insert}`)
}

describeWith(['postgres'], 'postgres', () => {
  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server.stop())

  afterEach(async () => {
    for (const source of opened.splice(0)) await source.close()
    await server.run("SET lock_timeout = '10s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
  })

  describe('the contract of a source', () => {
    const cases = sourceCases({
      async prepare(sample) {
        await fill(sample)
        return { source: await open(), resource: resource('sample'), close: async () => {} }
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

  test('views, generated columns, strange names, and schemas are read', async () => {
    await server.run(`CREATE SCHEMA "Odd.one"; CREATE TABLE "Odd.one"."a ""b" ("select" int, twice int GENERATED ALWAYS AS ("select" * 2) STORED);
      INSERT INTO "Odd.one"."a ""b" VALUES (21); CREATE VIEW shown AS SELECT twice FROM "Odd.one"."a ""b"`)
    expect((await readAll('Odd.one.a "b')).rows).toEqual([['21', '42']])
    expect((await readAll('shown')).rows).toEqual([['42']])
    await server.run('DROP SCHEMA "Odd.one" CASCADE')
  })

  test('an unknown table names the near ones', async () => {
    await server.run('CREATE TABLE sales (a int)')
    await expect(readAll('sale')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND', hint: 'Did you mean sales?' })
  })

  test('a row of 20 MB passes', async () => {
    await server.run(
      "CREATE TABLE big (id int, v text); INSERT INTO big SELECT i, repeat('x', 20000000) FROM generate_series(1, 2) i",
    )
    const { rows } = await readAll('big')
    expect(rows.map(([id, text]) => [id, text?.length])).toEqual([
      ['1', 20_000_000],
      ['2', 20_000_000],
    ])
  })

  test('a wrong password, a missing database and a missing right are named', async () => {
    const at = (url: string) => open({ url }).then((source) => source.check())
    await expect(at(server.url.replace('secret', 'wrong'))).rejects.toMatchObject({ code: 'SOURCE_DENIED' })
    await expect(at(server.url.replace(/postgres$/, 'nowhere'))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('has no database nowhere'),
    })
    await expect(at(server.url.replace(/:\d+\//, ':1/'))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await expect(at('postgres:nothing')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await server.run("CREATE ROLE reader LOGIN PASSWORD 'r'; CREATE TABLE secret (a int); GRANT USAGE ON SCHEMA public TO reader")
    const url = server.url.replace(/\/\/.*@/, '//reader:r@')
    await expect(readAll('secret', {}, { url })).rejects.toMatchObject({
      code: 'SOURCE_DENIED',
      hint: expect.stringContaining('GRANT SELECT'),
    })
    await server.run('DROP OWNED BY reader; DROP ROLE reader')
  })

  test('rows without a cursor follow the policy', async () => {
    await server.run("CREATE TABLE t (id int, at timestamp); INSERT INTO t VALUES (1, NULL), (2, '2025-01-01')")
    const by = async (nulls: CursorPolicy['nulls']) => {
      const { rows, rejects, numbers } = await readAll('t', { cursor: cursorOn('at', undefined, nulls) })
      return [rows.map(([id]) => id), numbers, rejects.map(({ row, causes }) => [row, causes[0]?.code])]
    }
    expect(await by('include')).toEqual([['1', '2'], [], []])
    expect(await by('exclude')).toEqual([['2'], [], []])
    expect(await by('reject')).toEqual([['2'], [2], [[1, 'NULL_CURSOR']]])
  })

  test('rows beyond now are held back and reported', async () => {
    await server.run(
      "CREATE TABLE t (id int, at timestamptz); INSERT INTO t VALUES (1, '2999-01-01'), (2, '2025-01-01'), (3, 'infinity')",
    )
    for (const overlap of [undefined, 60]) {
      const { rows, notices, window } = await readAll('t', { cursor: cursorOn('at', overlap) })
      expect(rows.map(([id]) => id)).toEqual(['2'])
      expect(notices.join()).toContain('2 rows are held back')
      expect(window?.proven).toBe(true)
    }
  })

  test('an integer cursor needs an overlap', async () => {
    await server.run('CREATE TABLE t (id bigint); INSERT INTO t VALUES (10), (20)')
    await expect(readAll('t', { cursor: cursorOn('id') })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    const { window } = await readAll('t', { cursor: cursorOn('id', 5) })
    expect(window).toEqual({ column: 'id', lower: undefined, upper: undefined, proven: false, next: '15' })
    expect(await ids('t', { cursor: cursorOn('id', 5), lower: '15' })).toEqual(['20'])
  })

  test('hidden transactions need an overlap, and it is said', async () => {
    await server.run(`CREATE ROLE reader LOGIN PASSWORD 'r'; CREATE TABLE t (id int, at timestamptz);
      GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON t TO reader; INSERT INTO t VALUES (1, '2025-01-01 00:00:10+00')`)
    const writer = await server.connect()
    const url = server.url.replace(/\/\/.*@/, '//reader:r@')
    await expect(readAll('t', { cursor: cursorOn('at') }, { url })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      hint: expect.stringContaining('GRANT pg_read_all_stats TO reader'),
    })
    const { window, notices } = await readAll('t', { cursor: cursorOn('at', 5) }, { url })
    expect(window).toMatchObject({ upper: undefined, proven: false, next: '2025-01-01 00:00:05+00' })
    expect(notices.join()).toContain('pg_read_all_stats')
    await writer.end()
    await server.run('DROP OWNED BY reader; DROP ROLE reader')
  })

  test('a row that another session commits late is not lost, where a naive cursor loses it', async () => {
    await server.run("CREATE TABLE t (id int, at timestamptz DEFAULT now()); INSERT INTO t VALUES (1, '2025-01-01')")
    const writer = await server.connect()
    await writer.query('BEGIN; INSERT INTO t VALUES (2)')
    await server.run('INSERT INTO t VALUES (3)')
    const naive = (await server.run('SELECT max(at) AS at FROM t'))[0]?.['at']
    const first = await readAll('t', { cursor: cursorOn('at') })
    await writer.query('COMMIT')
    await writer.end()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const second = await readAll('t', { cursor: cursorOn('at'), lower: first.window?.next })
    expect([...first.rows, ...second.rows].map(([id]) => id).sort()).toEqual(['1', '2', '3'])
    const [lost] = await server.run(`SELECT count(*) AS rows FROM t WHERE id = 2 AND at > '${naive}'`)
    expect(lost).toEqual({ rows: '0' })
  })

  test('a prepared transaction holds the horizon where it was', async () => {
    // A session of its own: statements that are sent together are one transaction.
    await server.run('CREATE TABLE t (id int, at timestamptz DEFAULT now())')
    await server.run("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'two'")
    const lower = '2025-01-01 00:00:00+00'
    const { window, notices } = await readAll('t', { cursor: cursorOn('at'), lower })
    expect(window).toMatchObject({ lower, upper: lower, next: lower })
    expect(notices.join()).toContain('prepared transaction two')
    await expect(readAll('t', { cursor: cursorOn('at') })).rejects.toMatchObject({ hint: expect.stringContaining("'two'") })
    await server.run("COMMIT PREPARED 'two'")
  })

  test('a transaction that stays open is named', async () => {
    await server.run('CREATE TABLE t (id int, at timestamptz)')
    const writer = await server.connect()
    await writer.query('BEGIN')
    await new Promise((resolve) => setTimeout(resolve, 150))
    const { notices } = await readAll('t', { cursor: cursorOn('at') }, { maxHorizonLagMs: 6000 })
    expect(notices.join()).toContain('The horizon lags: a transaction of postgres (pid ')
    await expect(readAll('t', { cursor: cursorOn('at') }, { maxHorizonLagMs: 1 })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('postgres (pid '),
    })
    await writer.end()
  })

  test('our own readings hold no horizon back', async () => {
    await server.run("CREATE TABLE t (id int, at timestamptz); CREATE INDEX ON t (at); INSERT INTO t VALUES (1, '2025-01-01')")
    const reading = await (await open()).open(readRequest(resource('t')))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await ids('t', { cursor: cursorOn('at') })).toEqual(['1'])
    const { notices } = await readAll('t', { cursor: cursorOn('at') }, { maxHorizonLagMs: 1 })
    expect(notices).toEqual([])
    await reading.close()
  })

  test('the snapshot holds while rows change', async () => {
    await server.run('CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)')
    const reading = await (await open()).open(readRequest(resource('t')))
    await server.run('DELETE FROM t WHERE id % 2 = 0')
    let rows = 0
    for (const partition of reading.partitions) for await (const { batch } of reading.read(partition)) rows += batch.rows
    expect([rows, reading.expectedRows]).toEqual([1000, 1000])
    await reading.close()
  })

  describe('a connection that breaks', () => {
    const kinds = ['cut', 'reset', 'stall'] as const
    test.each(kinds)('by %s is an error at every offset', async (kind) => {
      await server.run("CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS v FROM generate_series(1, 50000) i")
      const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: server.port } })
      const url = server.url.replace(/:\d+\//, `:${proxy.port}/`)
      const source = await open({ url, idleTimeoutMs: 300, connectTimeoutMs: 1000 })
      for (const afterBytes of [5, 500, 20_000, 1_000_000, 4_000_000, 5_799_000]) {
        proxy.set({ kind, direction: 'to-client', afterBytes })
        const read = async () => {
          const reading = await source.open(readRequest(resource('t')))
          for (const partition of reading.partitions) for await (const _ of reading.read(partition));
        }
        await expect(read(), `after ${afterBytes} bytes`).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
        expect(proxy.hasFired).toBe(true)
      }
      await proxy.close()
    })

    test('by the operator is one that can be tried again', async () => {
      await server.run("CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS v FROM generate_series(1, 500000) i")
      const reading = await (await open()).open(readRequest(resource('t')))
      const read = async () => {
        for (const partition of reading.partitions) {
          for await (const _ of reading.read(partition)) {
            await server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice-source'")
          }
        }
      }
      await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    })
  })
})
