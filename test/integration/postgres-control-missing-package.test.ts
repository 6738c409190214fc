import { expect, test, vi } from 'vitest'
import { openPostgresControl } from '../../src/control-stores/postgres/index.ts'

vi.mock('pg', () => {
  throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' })
})

test('without pg the message says how to get it', async () => {
  await expect(openPostgresControl({ url: 'postgres://u:p@h/d' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'The control store needs the package pg, which is not installed.',
    hint: 'Install it: npm install pg',
  })
})
