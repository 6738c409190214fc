import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { ReadRequest } from '../../src/contracts/source.ts'
import type { RejectedRow } from '../../src/model/column-batch.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import type { CursorPolicy, Resource } from '../../src/model/script.ts'
import type { QueryOptions } from '../../src/sources/sql/table-options.ts'
import { openSqliteSource, type SqliteSourceOptions } from '../../src/sources/sqlite.ts'
import { readRequest } from '../../src/testing/read-request.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sqlite-options-'))
  path = join(folder, 'shop.db')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function write(sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

function resourceOf(options: QueryOptions, locator = 't'): Resource {
  return { source: 'shop', locator, options: { ...options }, columns: undefined }
}

async function readAll(options: QueryOptions, asked: Partial<ReadRequest> = {}, rules: Partial<SqliteSourceOptions> = {}) {
  const source = await openSqliteSource({ path, ...rules })
  const notices: string[] = []
  try {
    const resource = resourceOf(options)
    const described = await source.describe(resource)
    const reading = await source.open(readRequest(resource, { notice: (text) => notices.push(text), ...asked }))
    expect(reading.schema).toEqual(described)
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
    const types = reading.schema.columns.map(({ name, type }) => `${name} ${columnTypeText(type)}`)
    return { rows, rejects, notices, types, window: reading.window, columns: reading.schema.columns }
  } finally {
    await source.close()
  }
}

const cursor: CursorPolicy = { column: 'at', overlap: undefined, nulls: 'reject' }

describe('what of a table is read', () => {
  beforeEach(() =>
    write(`CREATE TABLE t (id INTEGER NOT NULL, at TIMESTAMP, note TEXT);
      INSERT INTO t VALUES (1, '2025-01-01 00:00:00', 'a'), (2, '2025-01-02 00:00:00', 'b'), (3, '2025-01-03 00:00:00', 'a')`),
  )

  test('select and exclude leave columns in the order of the table', async () => {
    expect((await readAll({ select: ['note', 'id'] })).rows[0]).toEqual(['1', 'a'])
    expect((await readAll({ exclude: ['at'] })).types).toEqual(['id int64', 'note text'])
    await expect(readAll({ select: ['nota'] })).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: 't has no column nota.',
    })
  })

  test('the condition holds besides the window, in the count and for what is held back', async () => {
    write("INSERT INTO t VALUES (4, '2999-01-01 00:00:00', 'b')")
    const ids = async (options: QueryOptions, asked: Partial<ReadRequest> = {}) =>
      (await readAll(options, asked)).rows.map(([id]) => id)
    expect(await ids({ where: "note = 'a' -- only these" })).toEqual(['1', '3'])
    expect(await ids({ where: 'id = 1 OR id = 2' }, { cursor, lower: '2025-01-02 00:00:00' })).toEqual(['2'])
    expect(await ids({ where: 'date(at) = :batch' }, { batch: '2025-01-02' })).toEqual(['2'])
    expect((await readAll({ where: "note = 'a'" }, { cursor })).notices).toEqual([])
    expect((await readAll({ where: "note = 'b'" }, { cursor })).notices.join()).toContain('1 rows are held back')
    const overlapped = await readAll({ where: 'id < 3' }, { cursor: { ...cursor, overlap: 0 } }, { readOnly: true })
    expect(overlapped.window?.next).toBe('2025-01-02 00:00:00')
  })

  test.each([
    ['nota = 1', 'The where of t is refused by SQLite: no such column: nota.'],
    ['id = ', 'The where of t is refused by SQLite: incomplete input.'],
    ['1 ORDER BY id', 'The where of t is refused by SQLite: near "ORDER": syntax error.'],
    ['id = 1; DELETE FROM t', 'The where of t is refused by SQLite: near ";": syntax error.'],
    ['1) OR (1', 'The where of t is refused by SQLite: near ")": syntax error.'],
    ['id = ?', 'The where of t has placeholders.'],
  ])('the condition %s is refused', async (where, message) => {
    await expect(readAll({ where })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message })
    expect((await readAll({})).rows).toHaveLength(3)
  })

  test('the cursor is among the columns that are read', async () => {
    for (const options of [{ exclude: ['at'] }, { sql: 'SELECT id FROM t' }]) {
      const source = await openSqliteSource({ path })
      const opened = source.open(readRequest(resourceOf(options), { cursor }))
      await expect(opened).rejects.toMatchObject({ code: 'CURSOR_INVALID', message: expect.stringContaining('no column at') })
      await source.close()
    }
  })
})

describe('a query', () => {
  beforeEach(() =>
    write(`CREATE TABLE s (id INTEGER PRIMARY KEY, at TIMESTAMP, price DECIMAL(12,2));
      INSERT INTO s VALUES (1, '2025-01-01 00:00:00', '1.10'), (2, '2025-01-02 00:00:00', '2.20')`),
  )

  test('columns have the type of where they come from, expressions are text', async () => {
    const sql = "SELECT id AS nr, price, price * 2 AS twice, at, :batch AS day FROM s WHERE at >= '2025-01-02' ORDER BY id; "
    const { rows, types, columns } = await readAll({ sql })
    expect(types).toEqual(['nr int64', 'price decimal(12,2)', 'twice text', 'at timestamp', 'day text'])
    expect(columns.every(({ nullable }) => nullable)).toBe(true)
    expect(rows).toEqual([['2', '2.20', '4.4', expect.stringContaining('2025-01-02'), '2025-01-01']])
  })

  test('is read by windows, with chosen columns, a condition and a comment at its end', async () => {
    const sql = 'WITH x AS (SELECT * FROM s) SELECT * FROM x -- all'
    const { rows, window } = await readAll({ sql, select: ['id', 'at'], where: 'id > 1' }, { cursor })
    expect(rows.map(([id]) => id)).toEqual(['2'])
    expect(window?.proven).toBe(true)
  })

  test.each([
    ['SELECT 1 AS a; DELETE FROM s', 'The SQL of t is refused by SQLite: near ";": syntax error.'],
    ['DELETE FROM s RETURNING id', 'The SQL of t is refused by SQLite: near "DELETE": syntax error.'],
    ['PRAGMA user_version = 5', 'The SQL of t is refused by SQLite: near "=": syntax error.'],
    ['SELECT 1) AS a, (SELECT 2', 'The SQL of t is refused by SQLite: near ")": syntax error.'],
    [
      'SELECT "typo" FROM s',
      'The SQL of t is refused by SQLite: no such column: "typo" - should this be a string literal in single-quotes.',
    ],
    ['PRAGMA query_only = OFF', 'The SQL of t is refused by SQLite: near "=": syntax error.'],
    ['SELECT * FROM missing', 'The SQL of t is refused by SQLite: no such table: missing.'],
    ['-- nothing', 'The SQL of t is refused by SQLite: near ")": syntax error.'],
    ['SELECT id FROM s WHERE id = :id', 'The SQL of t has placeholders.'],
    ['SELECT id, price AS ID FROM s', 'The SQL of t has two columns ID.'],
  ])('%s is refused', async (sql, message) => {
    await expect(readAll({ sql })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message })
    expect((await readAll({ sql: 'SELECT count(*) AS n FROM s' })).rows).toEqual([['2']])
  })
})

describe('values that do not fit', () => {
  beforeEach(() =>
    write(`CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, d DECIMAL(4,2), at TIMESTAMP, b BLOB);
      INSERT INTO t VALUES (1, 'abc', 100, '2025-01-01 00:00:00', x'00'), (2, 7, 1.5, '2025-01-01 00:00:00', x'00'),
        (3, 1.5, 'x', '2025-01-01 00:00:00', x'00'), (4, 8, 1, 1700000000, x'00')`),
  )

  test('become NULL and are counted, but not those of the cursor', async () => {
    const { rows, rejects, notices, columns } = await readAll({ exclude: ['b'] }, { cursor }, { misfits: 'null' })
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      ['1', null, null],
      ['2', '7', '1.50'],
      ['3', null, null],
    ])
    expect(rejects).toMatchObject([{ causes: [{ code: 'MISFIT', column: 'at' }] }])
    expect(columns.map(({ nullable }) => nullable)).toEqual([true, true, true, true])
    expect(notices).toEqual([
      '2 values of t.n became NULL: they did not fit INTEGER.',
      '2 values of t.d became NULL: they did not fit DECIMAL(4,2).',
    ])
  })

  test('are staged as text, but for BLOBs and the cursor', async () => {
    write("INSERT INTO t VALUES (5, 1, x'ff', '2025-01-01 00:00:00', x'00')")
    const { rows, rejects, types } = await readAll({}, { cursor }, { misfits: 'text' })
    expect(types).toEqual(['id int64', 'n text', 'd text', 'at text', 'b binary'])
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['1', 'abc', '100', '2025-01-01 00:00:00'],
      ['2', '7', '1.5', '2025-01-01 00:00:00'],
      ['3', '1.5', 'x', '2025-01-01 00:00:00'],
    ])
    expect(rejects.map(({ causes }) => causes.map(({ column }) => column))).toEqual([['at'], ['d']])
  })

  test('cannot be where the table is STRICT, whose columns keep their types', async () => {
    write('CREATE TABLE r (n INTEGER NOT NULL, x REAL) STRICT; INSERT INTO r VALUES (1, 0.5)')
    const types = async (misfits: 'null' | 'text') => {
      const read = await readAll({ sql: 'SELECT n, x, n + 1 AS more FROM r' }, {}, { misfits })
      return read.types
    }
    expect(await types('text')).toEqual(['n int64', 'x double', 'more text'])
    const source = await openSqliteSource({ path, misfits: 'null' })
    expect((await source.describe(resourceOf({}, 'r')))?.columns.map(({ nullable }) => nullable)).toEqual([false, true])
    await source.close()
  })
})

describe('a cursor without an index', () => {
  const filled = (declaration: string) =>
    write(`CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP); ${declaration};
      WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
      INSERT INTO t SELECT i, '2025-01-01 00:00:00' FROM n`)

  test('is told, with the statement that helps', async () => {
    filled('CREATE INDEX other ON t (id, at); CREATE INDEX partial ON t (at) WHERE id > 5')
    const { notices } = await readAll({}, { cursor })
    expect(notices).toHaveLength(1)
    write(notices[0]?.replace(/^.*to run: /, '') ?? '')
    expect((await readAll({}, { cursor })).notices).toEqual([])
  })

  test('is not told of the number of the row, of small tables, and of queries', async () => {
    filled('')
    const byId = await readAll({}, { cursor: { column: 'id', overlap: 0, nulls: 'reject' } })
    expect(byId.notices.join()).not.toContain('CREATE INDEX')
    expect((await readAll({ sql: 'SELECT * FROM t' }, { cursor })).notices).toEqual([])
    write('DELETE FROM t WHERE id > 10000')
    expect((await readAll({}, { cursor })).notices).toEqual([])
  })
})
