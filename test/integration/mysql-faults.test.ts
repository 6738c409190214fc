import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReadRequest } from '../../src/contracts/source.ts'
import type { CursorPolicy } from '../../src/model/script.ts'
import { type MysqlSourceOptions, openMysqlSource } from '../../src/sources/mysql.ts'
import { type FaultKind, openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer
const rows = 100_000
const resource = (locator: string) => ({ source: 'shop', locator, options: {}, columns: undefined })

/** Reads all rows; `each` is called after every batch. */
async function count(
  url: string,
  locator: string,
  options: Partial<MysqlSourceOptions> = {},
  each: (batch: number) => Promise<void> = async () => {},
) {
  const source = await openMysqlSource({ url, ...options })
  try {
    const reading = await source.open(readRequest(resource(locator)))
    let [counted, batches] = [0, 0]
    for (const partition of reading.partitions) {
      for await (const { batch } of reading.read(partition)) {
        counted += batch.rows
        batches += 1
        await each(batches)
      }
    }
    return counted
  } finally {
    await source.close()
  }
}

const cursor: CursorPolicy = { column: 'changed_at', overlap: undefined, nulls: 'reject' }

async function readIds(asked: Partial<ReadRequest>, url = server.url) {
  const source = await openMysqlSource({ url })
  const notices: string[] = []
  try {
    const reading = await source.open(readRequest(resource('late'), { cursor, notice: (text) => notices.push(text), ...asked }))
    const ids: number[] = []
    for (const partition of reading.partitions) {
      for await (const { batch } of reading.read(partition)) {
        const values = Buffer.from(batch.columns[0]?.values ?? [])
        for (let row = 0; row < batch.rows; row++) ids.push(values.readInt32LE(row * 4))
      }
    }
    return { ids, window: reading.window, notices }
  } finally {
    await source.close()
  }
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000))

const cuts: readonly (readonly [FaultKind, number])[] = (['cut', 'reset', 'stall'] as const).flatMap((kind) =>
  [200_000, 2_000_000, 10_900_000].map((afterBytes) => [kind, afterBytes] as const),
)

describeMysql('%s', (_product, start) => {
  beforeAll(async () => {
    server = await start({ zone: 'Asia/Kolkata' })
    await server.run(
      'CREATE TABLE wide (id INT PRIMARY KEY, filler VARCHAR(100) NOT NULL)',
      `INSERT INTO wide SELECT seq, REPEAT('x', 100) FROM ${server.sequence(rows)}`,
    )
  })

  afterAll(() => server?.stop())

  test.each(cuts)('a connection with a %s after %i bytes is an error', async (kind, afterBytes) => {
    const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: server.port } })
    try {
      proxy.set({ kind, direction: 'to-client', afterBytes })
      const url = server.url.replace(String(server.port), String(proxy.port))
      await expect(count(url, 'wide', { idleTimeoutMs: 500 })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
      expect(proxy.hasFired).toBe(true)
      proxy.set(undefined)
      expect(await count(url, 'wide')).toBe(rows)
    } finally {
      await proxy.close()
    }
  })

  test.each(['KILL QUERY', 'KILL CONNECTION'])('%s is an error', async (kill) => {
    const end = async (batch: number) => {
      if (batch !== 1) return
      const found = await server.run("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT `id`, `filler`%'")
      for (const [id] of found) await server.run(`${kill} ${id}`)
      expect(found).toHaveLength(1)
    }
    await server.run(
      'CREATE TABLE IF NOT EXISTS wider (id INT PRIMARY KEY, filler VARCHAR(1000) NOT NULL)',
      `REPLACE INTO wider SELECT seq, REPEAT('x', 1000) FROM ${server.sequence(rows)}`,
    )
    await expect(count(server.url, 'wider', {}, end)).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  })

  test('rows around and over 16 MB arrive whole', async () => {
    const lengths = [16_777_190, 16_777_207, 16_777_208, 16_777_209, 16_777_215, 33_554_432, 3]
    await server.run(
      'CREATE TABLE large (id INT PRIMARY KEY, body LONGTEXT)',
      ...lengths.map((length, index) => `INSERT INTO large VALUES (${index}, REPEAT('y', ${length}))`),
    )
    const source = await openMysqlSource({ url: server.url })
    const reading = await source.open(readRequest(resource('large')))
    let bytes = 0
    for (const partition of reading.partitions) {
      for await (const { batch } of reading.read(partition)) bytes += batch.columns[1]?.values.length ?? 0
    }
    await source.close()
    expect(bytes).toBe(lengths.reduce((sum, length) => sum + length + 4, 0))
  })

  test('TLS is proven by the authority of the url, and refused without it', async () => {
    const tls = `${server.url}?ssl-mode=verify-identity`
    expect(await count(`${tls}&ssl-ca=${server.certificateFile}`, 'wide')).toBe(rows)
    await expect(count(tls, 'wide')).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  test('bad logins, databases and hosts have their codes', async () => {
    const refusal = (url: string) => expect(count(url, 'wide')).rejects
    await refusal(server.url.replace('admin-secret', 'wrong')).toMatchObject({ code: 'SOURCE_DENIED' })
    await refusal(server.url.replace('/shop', '/none')).toMatchObject({ code: 'SOURCE_FAILED' })
    await refusal(server.url.replace(String(server.port), '1')).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await refusal('postgres://a@b/c').toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test.each(['TIMESTAMP(6)', 'DATETIME(6)'])('a row that commits late is not lost (%s)', async (type) => {
    await server.run(
      'DROP TABLE IF EXISTS late',
      `CREATE TABLE late (id INT PRIMARY KEY, changed_at ${type} NOT NULL DEFAULT CURRENT_TIMESTAMP(6))`,
    )
    const slow = await server.session()
    await slow.run('BEGIN', 'INSERT INTO late (id) VALUES (1)')
    await seconds(2)
    await server.run('INSERT INTO late (id) VALUES (2)')
    await seconds(3)
    // What a cursor at the greatest value seen would do.
    const [naive] = await server.run('SELECT MAX(changed_at) FROM late')
    const first = await readIds({})
    await slow.run('COMMIT')
    slow.close()
    const lost = await server.run(`SELECT id FROM late WHERE changed_at < '${naive?.[0]}'`)
    expect(lost).toEqual([['1']])
    await seconds(3)
    const second = await readIds({ lower: first.window?.next })
    expect(first.window?.proven).toBe(true)
    expect([first.ids, second.ids]).toEqual([[], [1, 2]])
  })

  test('a statement that waits for a metadata lock holds the horizon back', async () => {
    await server.run(
      'DROP TABLE IF EXISTS late',
      'CREATE TABLE late (id INT PRIMARY KEY, changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))',
    )
    const locker = await server.session()
    // Readers pass, a writer waits.
    await locker.run('LOCK TABLES late READ')
    const waiter = await server.session()
    const waiting = waiter.run('INSERT INTO late (id) VALUES (1)')
    await seconds(4)
    expect(await server.run('SELECT COUNT(*) FROM information_schema.INNODB_TRX')).toEqual([['0']])
    // What a horizon of the transactions alone would be.
    const [naive] = await server.run('SELECT NOW(6) - INTERVAL 1 SECOND')
    const first = await readIds({})
    await locker.run('UNLOCK TABLES')
    await waiting
    for (const session of [locker, waiter]) session.close()
    expect(await server.run(`SELECT id FROM late WHERE changed_at < '${naive?.[0]}'`)).toEqual([['1']])
    await seconds(3)
    const second = await readIds({ lower: first.window?.next })
    expect(first.window?.proven).toBe(true)
    expect([first.ids, second.ids]).toEqual([[], [1]])
  })

  test('a long read of our own does not hold the horizon back', async () => {
    await server.run(
      'DROP TABLE IF EXISTS late',
      'CREATE TABLE late (id INT PRIMARY KEY, changed_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
    )
    const source = await openMysqlSource({ url: server.url })
    const reading = await source.open(readRequest(resource('wide')))
    await server.run('INSERT INTO late (id) VALUES (1)')
    await seconds(5)
    expect((await readIds({})).ids).toEqual([1])
    await reading.close()
    await source.close()
  })

  test('without the right PROCESS an overlap must be declared, and it is said', async () => {
    await server.run(
      'DROP TABLE IF EXISTS late',
      'CREATE TABLE late (id INT PRIMARY KEY, changed_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
      'INSERT INTO late (id) VALUES (1)',
      "CREATE USER poor@'127.0.0.1' IDENTIFIED BY 'poor-secret'",
      "GRANT SELECT ON shop.* TO poor@'127.0.0.1'",
    )
    const url = server.url.replace('admin:admin-secret', 'poor:poor-secret')
    await expect(readIds({}, url)).rejects.toMatchObject({ code: 'CURSOR_INVALID', message: expect.stringContaining('PROCESS') })
    const { ids, window, notices } = await readIds({ cursor: { ...cursor, overlap: 600 } }, url)
    expect(ids).toEqual([1])
    expect(window).toMatchObject({ proven: false, upper: undefined })
    expect(notices.join()).toContain('overlap of 600')
  })
})
