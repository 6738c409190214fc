import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnvironment, settingText } from './environment.ts'
import { env, secret } from './setting.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-env-'))
  await writeFile(join(root, '.env'), 'A=from the file\nB="quoted # text"\nC=\n')
})
afterAll(() => rm(root, { recursive: true }))

test('a variable of the process wins over its line in .env', async () => {
  const environment = await readEnvironment(root, { A: 'from the process', B: undefined })
  expect(settingText(env('A'), 'x', environment)).toBe('from the process')
  expect(settingText(env('B'), 'x', environment)).toBe('quoted # text')
  expect(settingText('literal', 'x', environment)).toBe('literal')
})

test('a variable that is not set or empty is named, with its reader and what to do', async () => {
  const environment = await readEnvironment(root, {})
  for (const name of ['C', 'D']) {
    expect(() => settingText(env(name), "the option 'path' of shop", environment)).toThrow(
      expect.objectContaining({
        code: 'VARIABLE_UNSET',
        message: `The variable ${name} is not set; it is read as the option 'path' of shop.`,
        hint: `Set it in the environment, or write the line ${name}=… into .env beside the project file.`,
      }),
    )
  }
})

test('a URL with a password must be declared secret', async () => {
  const environment = await readEnvironment(root, { URL: 'mysql://me:hunter2@host/shop' })
  expect(settingText(secret('URL'), 'x', environment)).toBe('mysql://me:hunter2@host/shop')
  expect(() => settingText(env('URL'), 'x', environment)).toThrow(expect.objectContaining({ code: 'SECRET_LITERAL' }))
})
