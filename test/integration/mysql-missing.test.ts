import { expect, test, vi } from 'vitest'
import { openMysqlSource } from '../../src/sources/mysql.ts'

vi.mock('mysql2', () => {
  throw Object.assign(new Error("Cannot find package 'mysql2'"), { code: 'ERR_MODULE_NOT_FOUND' })
})

test('without mysql2 the message says how to get it', async () => {
  const source = await openMysqlSource({ url: 'mysql://u:p@127.0.0.1/d' })
  await expect(source.check()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'MySQL and MariaDB need the package mysql2, which is not installed.',
    hint: 'Install it: npm install mysql2',
  })
})
