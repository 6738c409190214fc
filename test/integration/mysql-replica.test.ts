import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMysqlSource } from '../../src/sources/mysql.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import { readMysql } from '../fixtures/mysql-reading.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let primary: MysqlServer
let replica: MysqlServer

const cursor = { column: 'changed_at', overlap: 60, nulls: 'reject' as const }

async function notesOf(url: string): Promise<string> {
  const source = await openMysqlSource({ url })
  try {
    return (await source.check()).join('\n')
  } finally {
    await source.close()
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; !(await isTrue().catch(() => false)); ) {
    if (performance.now() > end) throw new Error('it did not come true')
    await pause(50)
  }
}

describeMysql('a replica, %s', (product, start) => {
  beforeAll(async () => {
    const options = ['--log-bin=binlog', '--server-id=7']
    primary = await start({ options })
    replica = await start({ options: ['--server-id=8'] })
    await primary.run(
      'CREATE TABLE late (id INT PRIMARY KEY, changed_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
      'INSERT INTO late (id) VALUES (1)',
    )
    await primary.run(
      "CREATE USER poor@'127.0.0.1' IDENTIFIED BY 'poor-secret'",
      "GRANT SELECT, PROCESS ON *.* TO poor@'127.0.0.1'",
    )
    const key = product === 'MariaDB' ? '' : ', GET_MASTER_PUBLIC_KEY = 1'
    const login = `MASTER_USER = 'admin', MASTER_PASSWORD = 'admin-secret'${key}`
    await replica.run(`CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, ${login}`, 'START SLAVE')
    await until(async () => (await replica.run('SELECT id FROM late')).length === 1)
    await until(async () => (await replica.run("SELECT 1 FROM mysql.user WHERE User = 'poor'")).length === 1)
  })

  afterAll(async () => {
    await replica?.stop()
    await primary?.stop()
  })

  test('proves no horizon, and check tells how far it lies back', async () => {
    expect(await notesOf(replica.url)).toMatch(/The replica lies \d+ s behind its source\./)
    expect(await notesOf(primary.url)).not.toContain('replica')
    const { rows, window, notices } = await readMysql(replica.url, 'late', { cursor })
    expect([rows.length, window?.proven, notices.join()]).toEqual([1, false, expect.stringContaining('the server is a replica')])
    expect((await readMysql(primary.url, 'late', { cursor })).window?.proven).toBe(true)
    await expect(readMysql(replica.url, 'late', { cursor: { ...cursor, overlap: undefined } })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      message: expect.stringContaining('the server is a replica'),
    })
  })

  test('that is stopped is none the less one', async () => {
    await replica.run('STOP SLAVE')
    expect(await notesOf(replica.url)).toContain('The replica is stopped, or has lost its source.')
    expect((await readMysql(replica.url, 'late', { cursor })).window?.proven).toBe(false)
    const url = replica.url.replace('admin:admin-secret', 'poor:poor-secret')
    await replica.run('SET GLOBAL read_only = 1')
    const { notices, window } = await readMysql(url, 'late', { cursor })
    expect([window?.proven, notices.join()]).toEqual([
      false,
      expect.stringContaining('whether it is a replica is not to be seen'),
    ])
  })
})
