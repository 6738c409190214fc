import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Reading } from '../../src/contracts/source.ts'
import { openMysqlSource } from '../../src/sources/mysql.ts'
import type { QueryOptions } from '../../src/sources/sql/table-options.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { startMariadb } from '../fixtures/mariadb-server.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import { mysqlResource, partitionRows, partitionsOf, readMysql } from '../fixtures/mysql-reading.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer

const read = (locator: string, options: QueryOptions = {}, asked = {}) => readMysql(server.url, locator, { options, ...asked })

/** The declaration of a key, and its values of a number as SQL. */
const keys: readonly (readonly [declared: string, value: string])[] = [
  ['INT', 'CAST(seq AS SIGNED) - 150'],
  ['BIGINT UNSIGNED', '18446744073709551615 - seq'],
  ['DECIMAL(38,10)', 'seq * 1234567890123456789.0123456789 - 100'],
  ['VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci', "CONCAT(ELT(seq % 4 + 1, 'A', 'é', 'z''\\\\', 'ß'), seq)"],
  ['VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci', "CONCAT(ELT(seq % 3 + 1, 'ä', 'Ö', 'n'), seq)"],
  ['VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', "CONCAT(ELT(seq % 3 + 1, '😀', ' ', 'N'), seq)"],
  ['CHAR(12)', "LPAD(seq, 6, 'x')"],
  ['BINARY(16)', 'UNHEX(MD5(seq))'],
  ['VARBINARY(16)', "CONCAT(X'00FF', CHAR(seq))"],
  ['DATE', "DATE'1999-12-01' + INTERVAL seq DAY"],
  ['DATETIME(6)', "TIMESTAMP'2024-02-28 23:59:59.999999' + INTERVAL seq * 3 MICROSECOND"],
  ['TIMESTAMP(3)', 'FROM_UNIXTIME(1700000000.001 + seq * 600)'],
  ['TIME(2)', 'SEC_TO_TIME(CAST(seq AS SIGNED) * 1000 - 100000)'],
  ['BIT(64)', 'seq * 1000000007'],
]
const ofMariadb: typeof keys = [
  ['UUID', 'UUID()'],
  ['INET6', "CONCAT('2001:db8::', LOWER(HEX(seq)))"],
]

/** Opens a reading, and closes its source when all is done. */
async function opened<T>(
  locator: string,
  options: QueryOptions,
  work: (reading: Reading, notices: string[]) => Promise<T>,
  given = {},
) {
  const source = await openMysqlSource({ url: server.url, ...given })
  const notices: string[] = []
  try {
    return await work(
      await source.open(readRequest(mysqlResource(locator, options), { notice: (text) => notices.push(text) })),
      notices,
    )
  } finally {
    await source.close()
  }
}

/** Rounds of a reading over three connections, in which the sum over all partitions must be right. */
async function transfers(rounds: number) {
  await server.run(
    'CREATE TABLE accounts (id INT PRIMARY KEY, cents INT NOT NULL)',
    `INSERT INTO accounts SELECT seq, 1000 FROM ${server.sequence(400)}`,
  )
  let isOver = false
  let moved = 0
  const mover = async () => {
    const session = await server.session()
    while (!isOver) {
      const [from, to] = [1 + Math.floor(Math.random() * 200), 201 + Math.floor(Math.random() * 200)]
      await session.run(
        'BEGIN',
        `UPDATE accounts SET cents = cents - 1 WHERE id = ${from}`,
        `UPDATE accounts SET cents = cents + 1 WHERE id = ${to}`,
        'COMMIT',
      )
      moved++
    }
    session.close()
  }
  const movers = Promise.all([mover(), mover()])
  const source = await openMysqlSource({ url: server.url })
  const wrong: number[] = []
  const notices: string[] = []
  for (let round = 0; round < rounds; round++) {
    const options = { parallel: 3, partitionRows: 100 }
    const reading = await source.open(readRequest(mysqlResource('accounts', options), { notice: (text) => notices.push(text) }))
    expect(reading.parallel).toBe(3)
    const rows = (await partitionsOf(reading)).flatMap((partition) => partition.rows)
    const sum = rows.reduce((total, [, cents]) => total + Number(cents), 0)
    if (sum !== 400_000 || rows.length !== 400) wrong.push(sum)
    await reading.close()
  }
  await source.close()
  isOver = true
  await movers
  expect([wrong, notices]).toEqual([[], []])
  expect(moved).toBeGreaterThan(100)
}

describeMysql('%s', (product, start) => {
  beforeAll(async () => {
    server = await start({ zone: 'America/New_York' })
    await server.run(
      'CREATE TABLE plain (id INT PRIMARY KEY, v INT)',
      `INSERT INTO plain SELECT seq, seq FROM ${server.sequence(1000)}`,
    )
  })

  afterAll(() => server?.stop())

  test.each(product === 'MariaDB' ? [...keys, ...ofMariadb] : keys)('ranges of %s', async (declared, value) => {
    await server.run(
      'DROP TABLE IF EXISTS keyed',
      `CREATE TABLE keyed (k ${declared} NOT NULL PRIMARY KEY, v INT)`,
      `INSERT INTO keyed SELECT ${value}, seq FROM ${server.sequence(300)}`,
    )
    const { rows, partitions, notices } = await read('keyed', { parallel: 3, partitionRows: 70 })
    expect(notices).toEqual([])
    expect(partitions.map(({ rows: found }) => found.length)).toEqual([70, 70, 70, 70, 20])
    expect(rows.map(([, v]) => Number(v)).sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
  })

  test('ranges of several columns, of columns that repeat, and of a unique key', async () => {
    await server.run(
      'CREATE TABLE lots (region VARCHAR(10) NOT NULL, n INT NOT NULL, v INT NOT NULL, PRIMARY KEY (region, n))',
      `INSERT INTO lots SELECT ELT(seq % 3 + 1, 'a', 'B', 'c'), seq DIV 3, seq FROM ${server.sequence(300)}`,
      'CREATE TABLE uniq (a INT, b INT NOT NULL, UNIQUE KEY (a), UNIQUE KEY (b))',
      'INSERT INTO uniq SELECT NULL, v FROM lots',
    )
    const all = Array.from({ length: 300 }, (_, index) => index + 1)
    const values = (found: { rows: (string | null)[][] }) => found.rows.map((row) => Number(row.at(-1))).sort((a, b) => a - b)
    const composite = await read('lots', { partitionRows: 47 })
    expect([values(composite), composite.partitions.length]).toEqual([all, 7])
    const repeated = await read('lots', { partitionBy: ['region'], partitionRows: 30 })
    expect([values(repeated), repeated.partitions.map(({ rows }) => rows.length)]).toEqual([all, [100, 100, 100, 0]])
    const unique = await read('uniq', { partitionRows: 100 })
    expect([values(unique), unique.partitions.length]).toEqual([all, 4])
    const left = await read('lots', { partitionBy: ['v'], partitionRows: 100, select: ['region'], where: 'v > 100' })
    expect(left.rows).toHaveLength(200)
    const query = await read('q', { sql: 'SELECT v, region FROM lots WHERE v <= 250', partitionBy: ['v'], partitionRows: 100 })
    expect(query.partitions.map(({ rows }) => rows.length)).toEqual([100, 100, 50])
  })

  test('a key of dates that no calendar has loses nothing', async () => {
    await server.run(
      "SET sql_mode = 'ALLOW_INVALID_DATES'",
      'CREATE TABLE odd (d DATE NOT NULL PRIMARY KEY)',
      "INSERT INTO odd VALUES ('0000-00-00'), ('2024-00-10'), ('2024-02-30'), ('2024-02-31'), ('2024-03-01')",
      "SET sql_mode = ''",
    )
    const { rows, rejects } = await read('odd', { partitionRows: 1 })
    expect([rows, rejects.length]).toEqual([[['2024-03-01']], 4])
  })

  test('partitions are large by default, and may be asked for again', async () => {
    expect((await read('plain', { parallel: 2 })).partitions.map(({ id }) => id)).toEqual(['plain'])
    const first = await read('plain', { parallel: 2, partitionRows: 400 })
    const ids = first.partitions.map(({ id }) => id)
    expect(ids).toEqual(['[null,["400"]]', '[["400"],["800"]]', '[["800"],null]'])
    const again = await read('plain', { parallel: 2, partitionRows: 5 }, { partitionsAgain: [ids[2], ids[0]] })
    expect(again.partitions.map(({ id, rows }) => [id, rows.length])).toEqual([
      [ids[2], 200],
      [ids[0], 400],
    ])
    expect((await read('plain', {}, { partitionsAgain: ['plain'] })).rows).toHaveLength(1000)
  })

  test('what cannot be divided is refused by name, or read as one', async () => {
    await server.run(
      "CREATE TABLE loose (a INT, e ENUM('x') NOT NULL, f DOUBLE NOT NULL, t TEXT NOT NULL)",
      "INSERT INTO loose VALUES (1, 'x', 1, 't')",
    )
    const refused = (column: string) => expect(read('loose', { partitionBy: [column] })).rejects
    await refused('a').toMatchObject({ code: 'CONFIG_INVALID', message: 'loose cannot be divided by a, which may be NULL.' })
    await refused('e').toMatchObject({ message: "loose cannot be divided by e, which is enum('x')." })
    await refused('f').toMatchObject({ message: 'loose cannot be divided by f, which is double.' })
    await refused('t').toMatchObject({ message: 'loose cannot be divided by t, which is text.' })
    await refused('nix').toMatchObject({ message: 'loose has no column nix to divide it by.' })
    const { rows, notices } = await read('loose', { parallel: 2 })
    expect([rows.length, notices.join()]).toEqual([1, expect.stringContaining('loose is read as one partition')])
  })

  test('all connections see one moment, while money moves all the time', () => transfers(100), 120_000)

  test('without the right to lock, or with a transaction that writes for long, one connection remains', async () => {
    await server.run(
      "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'reader-secret'",
      "GRANT SELECT ON shop.* TO reader@'127.0.0.1'",
      'CREATE TABLE written (id INT PRIMARY KEY)',
      'INSERT INTO written VALUES (1), (2)',
    )
    const url = server.url.replace('admin:admin-secret', 'reader:reader-secret')
    const poor = await readMysql(url, 'plain', { options: { parallel: 2, partitionRows: 300 } })
    expect([poor.parallel, poor.rows.length, poor.notices.join()]).toEqual([
      1,
      1000,
      expect.stringContaining('GRANT LOCK TABLES'),
    ])
    const writer = await server.session()
    await writer.run('BEGIN', 'INSERT INTO written VALUES (3)')
    const late = await read('written', { parallel: 2, partitionRows: 1 })
    expect([late.parallel, late.rows.length, late.notices.join()]).toEqual([1, 2, expect.stringMatching(/[Ll]ock wait timeout/)])
    await writer.run('ROLLBACK')
    writer.close()
    const query = await read('q', { sql: 'SELECT * FROM plain', partitionBy: ['id'], parallel: 2 })
    expect([query.parallel, query.notices.join()]).toEqual([1, expect.stringContaining('a query has no table')])
  })

  test('each partition a moment of its own, on demand', async () => {
    await server.run(
      'CREATE TABLE moving (id INT PRIMARY KEY, v INT)',
      `INSERT INTO moving SELECT seq, 0 FROM ${server.sequence(10)}`,
    )
    const seen = await opened('moving', { consistency: 'partition', partitionRows: 5 }, async (reading) => {
      expect([reading.keepsPartitions, reading.parallel, reading.expectedRows]).toEqual([true, 1, undefined])
      const [first, second] = reading.partitions
      if (!first || !second) throw new Error('there are two partitions')
      const before = await partitionRows(reading, first)
      await server.run('UPDATE moving SET v = 1')
      return [before, await partitionRows(reading, second)].map(({ rows }) => rows.map(([, v]) => v))
    })
    expect(seen).toEqual([Array(5).fill('0'), Array(5).fill('1')])
  })

  test('a table that changes or goes between two partitions is said to', async () => {
    const between = async (name: string, change: string) => {
      await server.run(
        `CREATE TABLE ${name} (id INT PRIMARY KEY, v INT)`,
        `INSERT INTO ${name} SELECT seq, 0 FROM ${server.sequence(10)}`,
      )
      await opened(name, { consistency: 'partition', partitionRows: 5 }, async (reading) => {
        const [first, second] = reading.partitions
        if (!first || !second) throw new Error('there are two partitions')
        await partitionRows(reading, first)
        // What the plan holds it lets go with the first partition's own snapshot, and that with the next.
        const changing = server.run(change)
        await pause(300)
        try {
          await partitionRows(reading, second)
        } finally {
          await changing
        }
        await partitionRows(reading, second)
      })
    }
    await expect(between('changed', 'ALTER TABLE changed MODIFY v BIGINT')).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    await expect(between('dropped', 'DROP TABLE dropped')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' })
  })

  test('a table that is written anew before it is read in the snapshot is no empty one', async () => {
    await server.run(
      'CREATE TABLE rewritten (id INT PRIMARY KEY, v INT)',
      `INSERT INTO rewritten SELECT seq, 0 FROM ${server.sequence(1000)}`,
    )
    const locker = await server.session()
    await locker.run('LOCK TABLES rewritten WRITE')
    const reading = read('rewritten', {}, { source: { count: 'exact' } }).then(
      ({ rows }) => rows.length,
      (cause: unknown) => cause,
    )
    await pause(700)
    await locker.run('ALTER TABLE rewritten MODIFY v BIGINT, ALGORITHM=COPY', 'UNLOCK TABLES')
    locker.close()
    const found = await reading
    // Either it was read after the change, whole, or it is refused.
    if (found !== 1000) expect(found).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('a table whose one moment is read is not altered meanwhile', async () => {
    await server.run(
      'CREATE TABLE kept (id INT PRIMARY KEY, v INT)',
      `INSERT INTO kept SELECT seq, 0 FROM ${server.sequence(10)}`,
    )
    const altering = await server.session()
    await altering.run('SET lock_wait_timeout = 1')
    await opened('kept', { parallel: 2, partitionRows: 5 }, async (reading) => {
      const [first] = reading.partitions
      if (!first) throw new Error('there are partitions')
      await partitionRows(reading, first)
      await expect(altering.run('ALTER TABLE kept MODIFY v BIGINT')).rejects.toThrow('Lock wait timeout')
      const rest = await Promise.all(reading.partitions.slice(1).map((partition) => partitionRows(reading, partition)))
      expect(rest.flatMap(({ rows }) => rows)).toHaveLength(5)
    })
    await altering.run('ALTER TABLE kept MODIFY v BIGINT')
    altering.close()
  })

  test('of long rows a partition has fewer', async () => {
    await server.run(
      'CREATE TABLE long_rows (id INT PRIMARY KEY, body TEXT NOT NULL)',
      `INSERT INTO long_rows SELECT seq, REPEAT('x', 7900) FROM ${server.sequence(12_000)}`,
      'ANALYZE TABLE long_rows',
    )
    const found = await read('long_rows', { parallel: 2, select: ['id'] })
    expect(found.partitions.map(({ rows }) => rows.length)).toEqual([10_000, 2000])
  })

  test('readings of one source share its connections, and wait', async () => {
    const source = await openMysqlSource({ url: server.url, maxConnections: 2 })
    const notices: string[] = []
    const wanted = readRequest(mysqlResource('plain', { parallel: 4, consistency: 'partition', partitionRows: 200 }), {
      notice: (text) => notices.push(text),
    })
    const first = await source.open(wanted)
    expect([first.parallel, notices.join()]).toEqual([2, expect.stringContaining('over 2 connections, not 4')])
    const abort = new AbortController()
    const told = source.open(readRequest(mysqlResource('plain'), { signal: abort.signal }))
    const waiting = source.open(readRequest(mysqlResource('plain')))
    let isOpen = false
    const second = waiting.then(async (reading) => {
      isOpen = true
      return (await partitionsOf(reading)).flatMap(({ rows }) => rows).length
    })
    abort.abort()
    await expect(told).rejects.toMatchObject({ code: 'ABORTED' })
    expect((await partitionsOf(first)).flatMap(({ rows }) => rows)).toHaveLength(1000)
    expect(isOpen).toBe(false)
    await first.close()
    expect(await second).toBe(1000)
    await source.close()
  })

  test('a server that lets no more in is read over fewer connections', async () => {
    await server.run(
      "CREATE USER few@'127.0.0.1' IDENTIFIED BY 'few-secret' WITH MAX_USER_CONNECTIONS 2",
      "GRANT SELECT, LOCK TABLES ON shop.* TO few@'127.0.0.1'",
    )
    const url = server.url.replace('admin:admin-secret', 'few:few-secret')
    const found = await readMysql(url, 'plain', { options: { parallel: 4, consistency: 'partition', partitionRows: 100 } })
    expect([found.parallel, found.rows.length, found.notices.join()]).toEqual([
      2,
      1000,
      expect.stringContaining('over 2 connections, not 4'),
    ])
    const source = await openMysqlSource({ url })
    const readings = [
      await source.open(readRequest(mysqlResource('plain'))),
      await source.open(readRequest(mysqlResource('plain'))),
    ]
    await expect(source.open(readRequest(mysqlResource('plain')))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    for (const reading of readings) await reading.close()
    await source.close()
  })
})

describeWith(['mariadb'], 'MariaDB with other options', () => {
  test('MariaDB with a binary log shares a snapshot by its position, without a lock', { timeout: 120_000 }, async () => {
    server = await startMariadb({ options: ['--log-bin=binlog'] })
    let isOver = false
    let busy: Promise<void> | undefined
    try {
      await server.run(
        'CREATE TABLE written (id INT PRIMARY KEY)',
        `INSERT INTO written SELECT seq FROM ${server.sequence(100)}`,
        "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'reader-secret'",
        "GRANT SELECT ON shop.* TO reader@'127.0.0.1'",
        "GRANT BINLOG MONITOR ON *.* TO reader@'127.0.0.1'",
      )
      const writer = await server.session()
      await writer.run('BEGIN', 'INSERT INTO written VALUES (1000)')
      busy = (async () => {
        const session = await server.session()
        for (let id = 2000; !isOver; id++) await session.run(`INSERT INTO written VALUES (${id})`)
        session.close()
      })()
      const url = server.url.replace('admin:admin-secret', 'reader:reader-secret')
      await transfers(100)
      for (let round = 0; round < 20; round++) {
        const { parallel, rows, partitions, notices } = await readMysql(url, 'written', {
          options: { parallel: 3, partitionRows: 40 },
        })
        expect([parallel, notices]).toEqual([3, []])
        // No gap: what is there was there in this order.
        const late = rows.map(([id]) => Number(id)).filter((id) => id >= 2000)
        expect(late).toEqual(late.map((_, index) => 2000 + index))
        expect(partitions.length).toBeGreaterThan(2)
      }
      writer.close()
    } finally {
      isOver = true
      await busy
      await server.stop()
    }
  })

  test('a binary log that leaves out changes proves nothing', async () => {
    server = await startMariadb({ options: ['--log-bin=binlog', '--binlog-ignore-db=shop'] })
    try {
      await server.run(
        'CREATE TABLE plain (id INT PRIMARY KEY)',
        `INSERT INTO plain SELECT seq FROM ${server.sequence(100)}`,
        "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'reader-secret'",
        "GRANT SELECT ON shop.* TO reader@'127.0.0.1'",
        "GRANT BINLOG MONITOR ON *.* TO reader@'127.0.0.1'",
      )
      const url = server.url.replace('admin:admin-secret', 'reader:reader-secret')
      const { parallel, notices } = await readMysql(url, 'plain', { options: { parallel: 2, partitionRows: 40 } })
      expect([parallel, notices.join()]).toEqual([1, expect.stringContaining('GRANT LOCK TABLES')])
    } finally {
      await server.stop()
    }
  })
})
