import { expect, test, vi } from 'vitest'
import { openPostgresSource } from '../../src/sources/postgres.ts'

vi.mock('pg', () => {
  throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' })
})

test('without pg the message says how to get it', async () => {
  const source = await openPostgresSource({ url: 'postgres://u:p@h/d' })
  await expect(source.check()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'Postgres needs the package pg, which is not installed.',
    hint: 'Install it: npm install pg',
  })
})
