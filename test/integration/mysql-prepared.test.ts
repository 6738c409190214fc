import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysqlProducts } from '../fixtures/mysql-products.ts'
import { readMysql } from '../fixtures/mysql-reading.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer

const cursor = { column: 'changed_at', overlap: undefined, nulls: 'reject' as const }
const source = { horizonWaitMs: 200, maxLockWaitMs: 0 }
const ids = ({ rows }: { rows: (string | null)[][] }) => rows.map(([id]) => id)

describe.each(mysqlProducts)('a prepared transaction, on %s', (_product, start) => {
  beforeAll(async () => {
    // The transaction must be on the disk when the server is killed.
    server = await start({ zone: 'Asia/Kolkata', options: ['--innodb-flush-log-at-trx-commit=1'] })
    await server.run('CREATE TABLE late (id INT PRIMARY KEY, changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))')
  })

  afterAll(() => server?.stop())

  test('holds the horizon back, also when its session is gone, and when the server was restarted', async () => {
    const preparing = await server.session()
    const begun = await server.run('SELECT UTC_TIMESTAMP()')
    await preparing.run("XA START 'transfer'", 'INSERT INTO late (id) VALUES (1)', "XA END 'transfer'", "XA PREPARE 'transfer'")
    preparing.close()
    await pause(2000)
    await server.run('INSERT INTO late (id) VALUES (2)')
    await pause(2000)
    const before = await readMysql(server.url, 'late', { cursor, source })
    expect([ids(before), before.window?.proven]).toEqual([[], true])
    const upper = before.window?.upper ?? ''
    expect(upper <= String(begun)).toBe(true)
    await server.halt()
    await server.start()
    await pause(3000)
    await expect(readMysql(server.url, 'late', { cursor, source })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('the prepared transaction'),
      hint: expect.stringContaining('XA RECOVER'),
    })
    const held = await readMysql(server.url, 'late', { cursor, source, lower: upper })
    expect([ids(held), held.window?.upper, held.notices.join()]).toEqual([
      [],
      upper,
      expect.stringContaining(`stays at ${upper}`),
    ])
    await server.run("XA COMMIT 'transfer'")
    await pause(3000)
    const after = await readMysql(server.url, 'late', { cursor, source, lower: upper })
    expect([ids(after), after.window?.proven]).toEqual([['1', '2'], true])
  })
})
