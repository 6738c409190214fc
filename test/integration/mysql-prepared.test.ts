import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeMysql } from '../fixtures/mysql-products.ts'
import { readMysql } from '../fixtures/mysql-reading.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer

const cursor = { column: 'changed_at', overlap: undefined, nulls: 'reject' as const }
const source = { horizonWaitMs: 200, maxLockWaitMs: 0 }
const ids = ({ rows }: { rows: (string | null)[][] }) => rows.map(([id]) => id)

describeMysql('a prepared transaction, on %s', (_product, start) => {
  beforeAll(async () => {
    // The transaction must be on the disk when the server is killed.
    server = await start({ zone: 'Asia/Kolkata', options: ['--innodb-flush-log-at-trx-commit=1'] })
    await server.run('CREATE TABLE late (id INT PRIMARY KEY, changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))')
  })

  afterAll(() => server?.stop())

  test('holds the horizon back, also when its session is gone, and when the server was restarted', async () => {
    const first = await readMysql(server.url, 'late', { cursor, source })
    const lower = first.window?.next ?? ''
    const preparing = await server.session()
    await preparing.run("XA START 'transfer'", 'INSERT INTO late (id) VALUES (1)', "XA END 'transfer'", "XA PREPARE 'transfer'")
    preparing.close()
    const isHeld = async () => {
      await pause(2500)
      const held = await readMysql(server.url, 'late', { cursor, source, lower })
      expect([ids(held), held.window, held.notices.join()]).toEqual([
        [],
        { column: 'changed_at', lower, upper: lower, proven: true, next: lower },
        expect.stringContaining(`stays at ${lower}`),
      ])
    }
    await server.run('INSERT INTO late (id) VALUES (2)')
    await isHeld()
    await server.halt()
    await server.start()
    await isHeld()
    await expect(readMysql(server.url, 'late', { cursor, source })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('the prepared transaction'),
      hint: expect.stringContaining('XA RECOVER'),
    })
    await server.run("XA COMMIT 'transfer'")
    await pause(3000)
    const after = await readMysql(server.url, 'late', { cursor, source, lower })
    expect([ids(after), after.window?.proven]).toEqual([['1', '2'], true])
  })
})
