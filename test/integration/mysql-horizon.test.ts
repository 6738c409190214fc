import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ReadRequest } from '../../src/contracts/source.ts'
import { type MysqlSourceOptions, openMysqlSource } from '../../src/sources/mysql.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000))

async function windowOf(options: Partial<MysqlSourceOptions>, asked: Partial<ReadRequest> = {}) {
  const source = await openMysqlSource({ url: server.url, ...options })
  const notices: string[] = []
  try {
    const resource = { source: 'shop', locator: 'late', options: {}, columns: undefined }
    const cursor = { column: 'changed_at', overlap: undefined, nulls: 'reject' } as const
    const reading = await source.open(readRequest(resource, { cursor, notice: (text) => notices.push(text), ...asked }))
    return { upper: reading.window?.upper ?? '', proven: reading.window?.proven, rows: reading.expectedRows, notices }
  } finally {
    await source.close()
  }
}

describeMysql('the horizon of %s', (_product, start) => {
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())
  beforeEach(() =>
    server.run(
      'DROP TABLE IF EXISTS late',
      'CREATE TABLE late (id INT PRIMARY KEY, changed_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))',
    ),
  )

  /** A transaction that is open still, whose only row is 4 s older than what the server shows of it. */
  async function openWaited() {
    const locker = await server.session()
    await locker.run('LOCK TABLES late READ')
    const writer = await server.session()
    const written = writer.run('START TRANSACTION', 'INSERT INTO late (id) VALUES (1)')
    await seconds(4)
    await locker.run('UNLOCK TABLES')
    await written
    locker.close()
    const [[shown = '', at = ''] = []] = await writer.run(
      'SELECT t.trx_started, l.changed_at FROM information_schema.INNODB_TRX t, late l WHERE t.trx_mysql_thread_id = CONNECTION_ID()',
    )
    expect(Date.parse(`${shown}Z`) - Date.parse(`${at}Z`)).toBeGreaterThan(2_500)
    return { writer, at: at ?? '' }
  }

  test('does not pass over a row whose statement waited for a lock before its transaction began', async () => {
    const { writer, at } = await openWaited()
    const naive = await windowOf({ horizonWaitMs: 0, maxLockWaitMs: 0 })
    expect(naive.upper > at).toBe(true)
    const bounded = await windowOf({ horizonWaitMs: 0, maxLockWaitMs: 10_000 })
    expect(bounded.upper <= at).toBe(true)
    expect(bounded).toMatchObject({
      proven: true,
      rows: 0,
      notices: [expect.stringMatching(/has written and is open still.*maxLockWaitMs/)],
    })
    await writer.run('COMMIT')
    writer.close()
    await seconds(2)
    expect(await windowOf({}, { lower: bounded.upper })).toMatchObject({ proven: true, rows: 1, notices: [] })
  })

  test('waits for a transaction that has written, until it ends', async () => {
    const { writer, at } = await openWaited()
    const reading = windowOf({ horizonWaitMs: 20_000 })
    await seconds(1)
    await writer.run('COMMIT')
    writer.close()
    const { upper, rows, proven, notices } = await reading
    expect({ passes: upper > at, rows, proven, notices }).toEqual({ passes: true, rows: 1, proven: true, notices: [] })
  })

  test('does not wait for a transaction that only has read', async () => {
    const reader = await server.session()
    await reader.run('START TRANSACTION', 'SELECT * FROM late')
    const begun = performance.now()
    expect(await windowOf({ horizonWaitMs: 60_000 })).toMatchObject({ proven: true, notices: [] })
    expect(performance.now() - begun).toBeLessThan(30_000)
    reader.close()
  })

  test('is read from a list of transactions that is no older, however many others look at it', async () => {
    let isLooking = true
    const look = async () => {
      const session = await server.session()
      while (isLooking) {
        await session.run('SELECT COUNT(*) FROM information_schema.INNODB_TRX')
        await seconds(0.07)
      }
      session.close()
    }
    const looking = look()
    const writer = await server.session()
    await writer.run('START TRANSACTION', 'INSERT INTO late (id) VALUES (1)')
    await seconds(3)
    const found = await windowOf({ horizonWaitMs: 0, maxLockWaitMs: 0 }).catch((cause: unknown) => cause)
    isLooking = false
    await looking
    const [[at = ''] = []] = await writer.run('SELECT changed_at FROM late')
    writer.close()
    if (found instanceof Error) expect(found.message).toBe('The server does not show its transactions as they are now.')
    else expect(found).toSatisfy(({ upper }: { upper: string }) => upper <= (at ?? ''))
  })
})
