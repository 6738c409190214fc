import { afterAll, beforeAll, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { Partition, Reading, ReadRequest } from '../../src/contracts/source.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import { openPostgresSource, type PostgresSourceOptions } from '../../src/sources/postgres.ts'
import type { QueryOptions } from '../../src/sources/sql/table-options.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'

type Rows = (string | null)[][]

interface Asked extends Partial<Omit<ReadRequest, 'resource'>> {
  readonly source?: Partial<PostgresSourceOptions>
  readonly options?: QueryOptions
}

describeWith(['postgres'], 'what is read of Postgres', () => {
  let server: PostgresServer

  beforeAll(async () => {
    server = await startPostgres()
    await server.run(`
      CREATE TABLE sales (id int PRIMARY KEY, region text NOT NULL, amount numeric(12,2), at timestamptz, "Order" date NOT NULL);
      CREATE INDEX ON sales (at);
      INSERT INTO sales SELECT i, chr(97 + i % 3), i / 4.0, '2026-01-01T00:00:00Z'::timestamptz + i * interval '1 hour',
        date '2026-01-01' + i % 10 FROM generate_series(1, 1000) i;
      ANALYZE sales;
      CREATE VIEW late AS SELECT * FROM sales WHERE id > 990;
      CREATE TABLE gone (id int PRIMARY KEY, filler text NOT NULL);
      INSERT INTO gone SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i`)
  })
  afterAll(() => server?.stop())

  async function rowsOf(reading: Reading, partition: Partition): Promise<Rows> {
    const rows: Rows = []
    for await (const { batch } of reading.read(partition)) {
      const columns = batch.columns.map((vector) => cellTexts(vector, batch.rows))
      for (let row = 0; row < batch.rows; row++) rows.push(columns.map((texts) => texts[row] ?? null))
    }
    return rows
  }

  async function partitionsOf(reading: Reading): Promise<Rows[]> {
    const left = [...reading.partitions.entries()]
    const read: Rows[] = []
    const work = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) read[next[0]] = await rowsOf(reading, next[1])
    }
    await Promise.all(Array.from({ length: reading.parallel ?? 1 }, work))
    return read
  }

  async function opened<T>(
    locator: string,
    { source: given, options = {}, ...asked }: Asked,
    work: (reading: Reading, notices: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const source = await openPostgresSource({ url: server.url, ...given })
    const notices: string[] = []
    try {
      const resource = { source: 'shop', locator, options: { ...options }, columns: undefined }
      return await work(await source.open(readRequest(resource, { notice: (text) => notices.push(text), ...asked })), notices)
    } finally {
      await source.close()
    }
  }

  const read = (locator: string, asked: Asked = {}) =>
    opened(locator, asked, async (reading, notices) => {
      const partitions = await partitionsOf(reading)
      const columns = reading.schema.columns.map(({ name, type }) => `${name} ${columnTypeText(type)}`)
      return { ids: reading.partitions.map(({ id }) => id), partitions, rows: partitions.flat(), columns, notices, reading }
    })

  const own = async (sql: string) => (await server.run(sql)).map((row) => Object.values(row))

  test('columns that are chosen, in the order of the table', async () => {
    const { columns, rows } = await read('sales', { options: { select: ['Order', 'id'] } })
    expect(columns).toEqual(['id int32', 'Order date'])
    expect(rows).toEqual(await own('SELECT id, "Order" FROM sales ORDER BY id'))
    expect((await read('sales', { options: { exclude: ['amount', 'at', 'region'] } })).columns).toEqual(columns)
  })

  test('rows that fulfil a condition, with the date of the batch, also within a window', async () => {
    const options = { select: ['id', 'at'], where: `"Order" = :batch OR region = ':batch' -- so` }
    const all = await read('sales', { options, batch: '2026-01-03' })
    expect(all.rows).toEqual(await own(`SELECT id, left(at::text, 19) FROM sales WHERE "Order" = '2026-01-03' ORDER BY id`))
    expect(all.reading.expectedRows).toBe(100)
    const cursor = { column: 'at', overlap: undefined, nulls: 'reject' } as const
    const upper = '2026-01-10 00:00:00+00'
    const windowed = await read('sales', { options, batch: '2026-01-03', cursor, upper })
    expect(windowed.rows).toEqual(
      await own(`SELECT id, left(at::text, 19) FROM sales WHERE "Order" = '2026-01-03' AND at < '${upper}' ORDER BY id`),
    )
    expect(windowed.reading.expectedRows).toBe(windowed.rows.length)
  })

  test('a query, typed by what the server says of its columns', async () => {
    const sql = `SELECT id, amount, :batch AS day, array[id, NULL] AS list, count(*) OVER () AS n FROM sales WHERE id < 4; -- end`
    await expect(read('q', { options: { sql } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    const found = await read('q', { options: { sql: sql.replace('; -- end', ' ORDER BY id -- end') }, batch: '2026-02-03' })
    expect(found.columns).toEqual(['id int32', 'amount decimal(12,2)', 'day date', 'list text', 'n int64'])
    expect(found.rows).toEqual([
      ['1', '0.25', '2026-02-03', '{1,NULL}', '3'],
      ['2', '0.50', '2026-02-03', '{2,NULL}', '3'],
      ['3', '0.75', '2026-02-03', '{3,NULL}', '3'],
    ])
  })

  test('a query by a cursor', async () => {
    const cursor = { column: 'at', overlap: undefined, nulls: 'reject' } as const
    const options = { sql: 'SELECT id, at FROM sales' }
    const lower = '2026-02-11 00:00:00+00'
    const { rows, reading, notices } = await read('q', { options, cursor, lower })
    expect(rows).toEqual(
      await own(`SELECT id, left(at::text, 19) FROM sales WHERE at >= '${lower}' AND at < '${reading.window?.upper}'`),
    )
    expect([reading.window?.proven, notices.filter((text) => text.includes('index'))]).toEqual([true, []])
  })

  test.each([
    ['an unknown column', { select: ['nope'] }, /sales has no column nope/],
    ['a syntax error', { sql: 'SELEC 1' }, /The SQL of sales is refused by the server: syntax error/],
    ['a table that is not there', { sql: 'SELECT * FROM nope' }, /relation "nope" does not exist/],
    ['two statements', { sql: 'SELECT 1; SELECT 2' }, /cannot insert multiple commands/],
    ['what only makes sense in brackets', { sql: 'SELECT 1) AS a, (SELECT 2' }, /syntax error/],
    ['a statement that writes', { sql: "INSERT INTO gone VALUES (0, '') RETURNING id" }, /syntax error/],
    ['a condition that is none', { where: 'id +' }, /The where of public.sales is refused/],
    ['a condition that leaves its brackets', { where: 'true) OR (true' }, /The where of public.sales is refused/],
    ['a condition over an unknown column', { where: 'nope = 1' }, /column "nope" does not exist/],
    ['a key that is not there', { partitionBy: ['nope'] }, /has no column nope to divide it by/],
    ['keys that may be NULL', { partitionBy: ['id', 'amount'] }, /beside other columns, for it may be NULL/],
    [
      'a key without an order of its text',
      { sql: 'SELECT 1.5::float8 AS f', partitionBy: ['f'] },
      /cannot be divided by f, which is double/,
    ],
  ])('%s is refused by name', async (_, options, message) => {
    await expect(read('sales', { options })).rejects.toMatchObject({ message: expect.stringMatching(message) })
    expect(await own('SELECT count(*) FROM gone')).toEqual([['1000']])
  })

  test('a cursor that is not read is refused', async () => {
    const cursor = { column: 'at', overlap: undefined, nulls: 'reject' } as const
    await expect(read('sales', { options: { exclude: ['at'] }, cursor })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
  })

  test('blocks of a table over several connections are every row once', async () => {
    const { ids, rows, reading } = await read('sales', { options: { parallel: 3, partitionRows: 200, select: ['id'] } })
    expect(ids.length).toBeGreaterThan(3)
    expect(reading.parallel).toBe(3)
    expect(rows.map(([id]) => Number(id)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
  })

  test('partitions of a partitioned table are every row once', async () => {
    await server.run(`
      CREATE TABLE parts (id int NOT NULL, day int NOT NULL) PARTITION BY LIST (day);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
      CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
      INSERT INTO parts SELECT i, 1 + i % 2 FROM generate_series(1, 5000) i; ANALYZE parts`)
    const { ids, rows } = await read('parts', { options: { parallel: 2, partitionRows: 300 } })
    expect(ids.length).toBeGreaterThan(2)
    expect(new Set(rows.map(([id]) => id)).size).toBe(5000)
    expect(rows).toHaveLength(5000)
  })

  test.each([
    ['bigint', 'i - 150'],
    ['numeric', "('1e30'::numeric * (i % 7)) + i / 3.0"],
    ['text COLLATE "C"', "chr(64 + i % 30) || '''\\' || i"],
    ['varchar(40) COLLATE "und-x-icu"', "(array['Ä','a','ß','z'])[1 + i % 4] || i"],
    ['char(12)', "lpad(i::text, 5, 'x')"],
    ['uuid', 'md5(i::text)::uuid'],
    ['bytea', "decode(md5(i::text), 'hex')"],
    ['date', "date '1999-12-01' + i"],
    ['timestamp', "timestamp '2024-02-28 23:59:59.999999' + i * interval '3 microseconds'"],
    ['timestamptz', "timestamptz '2024-02-28 23:59:59.999999+05' + i * interval '1 day'"],
  ])('ranges of %s are every row once, in the order of the key', async (type, value) => {
    await server.run(`DROP TABLE IF EXISTS keyed; CREATE TABLE keyed (k ${type} NOT NULL, id int NOT NULL);
      INSERT INTO keyed SELECT ${value}, i FROM generate_series(1, 300) i; CREATE UNIQUE INDEX ON keyed (k)`)
    const { ids, partitions, rows } = await read('keyed', {
      options: { parallel: 2, partitionBy: ['k'], partitionRows: 40, select: ['id'] },
    })
    expect(ids).toHaveLength(8)
    expect(partitions.slice(0, 7).every(({ length }) => length === 40)).toBe(true)
    expect(rows.map(([id]) => Number(id)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
  })

  test('ranges of a key with NULLs, of a composite key and of a view are every row once', async () => {
    await server.run(`CREATE TABLE composite (a text NOT NULL, b int NOT NULL, PRIMARY KEY (a, b), n int);
      INSERT INTO composite SELECT chr(97 + i % 5), i, nullif(i % 10, 3) + i * 10 FROM generate_series(1, 200) i`)
    const count = async (locator: string, options: QueryOptions) => {
      const { rows, ids } = await read(locator, { options: { ...options, partitionRows: 30 } })
      return [new Set(rows.map(String)).size, rows.length, ids.length > 3]
    }
    expect(await count('composite', { consistency: 'partition' })).toEqual([200, 200, true])
    expect(await count('composite', { partitionBy: ['n'] })).toEqual([200, 200, true])
    expect(await count('all of it', { sql: 'SELECT * FROM composite', partitionBy: ['n'] })).toEqual([200, 200, true])
  })

  test('partitions that were not read are asked for again by their ids', async () => {
    const options = { consistency: 'partition', partitionRows: 300, select: ['id'] } as const
    const { ids, partitions } = await read('sales', { options })
    const again = ids.slice(1, 3)
    const second = await read('sales', { options, partitionsAgain: again })
    expect([second.ids, second.partitions]).toEqual([again, partitions.slice(1, 3)])
    expect([second.reading.keepsPartitions, second.reading.expectedRows]).toEqual([true, undefined])
  })

  test('all connections show one moment: the sum of accounts between which money moves, 100 times', async () => {
    await server.run(
      'CREATE TABLE accounts (id int PRIMARY KEY, cents int NOT NULL); INSERT INTO accounts SELECT i, 1000 FROM generate_series(1, 400) i; ANALYZE accounts',
    )
    let [isOver, moved] = [false, 0]
    const mover = async () => {
      const session = await server.connect()
      while (!isOver) {
        const [from, to] = [1 + Math.floor(Math.random() * 200), 201 + Math.floor(Math.random() * 200)]
        await session.query(`BEGIN; UPDATE accounts SET cents = cents - 1 WHERE id = ${from};
          UPDATE accounts SET cents = cents + 1 WHERE id = ${to}; COMMIT`)
        moved++
      }
      await session.end()
    }
    const moving = Promise.all([mover(), mover()])
    const sums: string[] = []
    const source = await openPostgresSource({ url: server.url })
    for (let round = 0; round < 100; round++) {
      const partitionBy = round % 2 === 0 ? { partitionBy: ['id'] } : {}
      const options = { parallel: 3, partitionRows: 50, ...partitionBy }
      const reading = await source.open(readRequest({ source: 'shop', locator: 'accounts', options, columns: undefined }))
      const rows = (await partitionsOf(reading)).flat()
      sums.push(`${rows.length} ${rows.reduce((sum, [, cents]) => sum + Number(cents), 0)}`)
      await reading.close()
    }
    isOver = true
    await moving
    await source.close()
    expect(moved).toBeGreaterThan(100)
    expect(new Set(sums)).toEqual(new Set(['400 400000']))
  })

  test('a table that is altered between two partitions is said to have changed', async () => {
    const options = { consistency: 'partition', partitionRows: 300 } as const
    await opened('gone', { options }, async (reading) => {
      const [first, second] = reading.partitions
      if (first === undefined || second === undefined) throw new Error('two partitions')
      expect(await rowsOf(reading, first)).toHaveLength(300)
      await server.run('ALTER TABLE gone ALTER filler TYPE varchar(200), ADD more int')
      await expect(rowsOf(reading, second)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    })
    await opened('gone', { options }, async (reading) => {
      await server.run('DROP TABLE gone')
      const [first] = reading.partitions
      if (first === undefined) throw new Error('a partition')
      await expect(rowsOf(reading, first)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' })
    })
    await server.run(
      "CREATE TABLE gone (id int PRIMARY KEY, filler text NOT NULL); INSERT INTO gone SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i",
    )
  })

  test.each([
    ['a table', 'rewritten', {}],
    ['a table over several connections', 'rewritten', { parallel: 2, partitionRows: 300 }],
    ['a query', 'q', { sql: 'SELECT * FROM rewritten' }],
  ])('%s that is written anew before it is read in the snapshot is no empty one', async (_, locator, options) => {
    await server.run(
      'DROP TABLE IF EXISTS rewritten; CREATE TABLE rewritten (id int); INSERT INTO rewritten SELECT generate_series(1, 1000)',
    )
    const migration = await server.connect()
    await migration.query('BEGIN; ALTER TABLE rewritten ALTER id TYPE bigint')
    const reading = read(locator, { options, source: { count: 'exact' } }).then(
      ({ rows }) => rows.length,
      (cause: unknown) => cause,
    )
    // The snapshot is taken by then, and the first access to the table waits.
    await new Promise((resolve) => setTimeout(resolve, 700))
    await migration.query('COMMIT')
    await migration.end()
    expect(await reading).toMatchObject({ code: 'SOURCE_CHANGED', message: expect.stringContaining('rewritten') })
  })

  test('a table that takes the name of another behind the snapshot is no empty one, and a new index is no change', async () => {
    await server.run(`CREATE TABLE swapped (id int PRIMARY KEY); INSERT INTO swapped SELECT generate_series(1, 1000);
      CREATE TABLE swapped_next (id int PRIMARY KEY); INSERT INTO swapped_next SELECT generate_series(1, 1000)`)
    const options = { partitionBy: ['id'], partitionRows: 400 }
    await opened('swapped', { options }, async (reading) => {
      await server.run('CREATE INDEX ON swapped ((id + 1))')
      for (const partition of reading.partitions) expect((await rowsOf(reading, partition)).length).toBeGreaterThan(100)
    })
    const swap = await server.connect()
    await swap.query('BEGIN; ALTER TABLE swapped RENAME TO swapped_old; ALTER TABLE swapped_next RENAME TO swapped')
    const reading = read('q', { options: { sql: 'SELECT * FROM swapped' } }).then(
      ({ rows }) => rows.length,
      (cause: unknown) => cause,
    )
    await new Promise((resolve) => setTimeout(resolve, 700))
    await swap.query('COMMIT')
    await swap.end()
    // The table was there before the snapshot, so its rows are: only a name has changed.
    expect(await reading).toBe(1000)
    const fresh = await server.connect()
    await fresh.query(
      'BEGIN; ALTER TABLE swapped RENAME TO swapped_older; CREATE TABLE swapped AS SELECT generate_series(1, 9) AS id',
    )
    const second = read('q', { options: { sql: 'SELECT * FROM swapped' } }).then(
      ({ rows }) => rows.length,
      (cause: unknown) => cause,
    )
    await new Promise((resolve) => setTimeout(resolve, 700))
    await fresh.query('COMMIT')
    await fresh.end()
    expect(await second).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('blocks of a materialized view are every row once', async () => {
    await server.run('CREATE MATERIALIZED VIEW kept AS SELECT id FROM sales; ANALYZE kept')
    const { rows } = await read('kept', { options: { parallel: 2, partitionRows: 200 } })
    expect(new Set(rows.map(String)).size).toBe(1000)
  })

  test('readings of one source share its connections, and wait for them', async () => {
    const source = await openPostgresSource({ url: server.url, maxConnections: 2 })
    const notices: string[] = []
    const resource = { source: 'shop', locator: 'sales', options: { parallel: 4 }, columns: undefined }
    const first = await source.open(readRequest(resource, { notice: (text) => notices.push(text) }))
    expect([first.parallel, notices]).toEqual([2, ['sales is read over 2 connections, not 4: no more are free.']])
    const aborting = new AbortController()
    const waiting = source.open(readRequest(resource, { signal: aborting.signal }))
    aborting.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
    const second = source.open(readRequest(resource))
    await first.close()
    expect((await (await second).partitions.length) > 0).toBe(true)
    await source.close()
  })

  test('a missing index of a cursor is said, with the statement that makes one', async () => {
    const cursor = { column: 'id', overlap: 0, nulls: 'reject' } as const
    await server.run('CREATE TABLE bare (id int, at timestamptz)')
    const { notices } = await read('bare', { cursor })
    expect(notices.join()).toContain('CREATE INDEX ON "public"."bare" ("id")')
  })

  test('a check says which rights are missing, and what bounds the horizon', async () => {
    await server.run("CREATE ROLE reader LOGIN PASSWORD 'reader-secret'; CREATE TABLE held (id int)")
    await server.run("BEGIN; INSERT INTO held VALUES (1); PREPARE TRANSACTION 'one'")
    const url = server.url.replace(/\/\/[^@]*@/, '//reader:reader-secret@')
    const source = await openPostgresSource({ url })
    const notes = (await source.check()).join('\n')
    expect(notes).toContain('GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader')
    expect(notes).toContain('GRANT pg_read_all_stats TO reader')
    expect(notes).toContain('1 prepared transactions are open')
    await source.close()
    await server.run("ROLLBACK PREPARED 'one'")
    const owner = await openPostgresSource({ url: server.url })
    expect(await owner.check()).toEqual([])
    await owner.close()
  })

  test('a statement that works for longer than it may is stopped by name', async () => {
    const source = { statementTimeoutMs: 300 }
    const options = { sql: 'SELECT pg_sleep(5)::text AS s' }
    await expect(read('slow', { source, options })).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })
})
