import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'

const run = promisify(execFile)
let around: CliProject

beforeAll(async () => {
  around = await cliProject({})
  expect(await around.sluice(['init', 'shop'])).toMatchObject({ exitCode: 0, stderr: '' })
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: join(around.folder, 'shop') })
}, 120_000)
afterAll(() => around.remove())

function inside(...args: readonly string[]) {
  return run(process.execPath, [...args], { cwd: join(around.folder, 'shop'), maxBuffer: 1 << 26 })
}

test('a new retail project passes the compiler, its test and its demo', async () => {
  expect((await inside('node_modules/typescript/bin/tsc', '--noEmit')).stdout).toBe('')
  expect((await inside('--test')).stdout).toContain('fail 0')
  expect((await inside('demo/demo.ts')).stdout).toContain('every row is equal')
  expect(await readdir(join(around.folder, 'shop/data'))).toContain('retail.duckdb')
})
