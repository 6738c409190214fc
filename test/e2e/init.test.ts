import { spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'

const root = join(import.meta.dirname, '../..')
let around: CliProject

beforeEach(async () => {
  around = await cliProject({})
  // As in a folder of its own: nothing above it holds the package.
  await rm(join(around.folder, 'node_modules'), { recursive: true })
})
afterEach(() => around.remove())

function inside(args: readonly string[]) {
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  return spawnSync(process.execPath, [...args], { cwd: join(around.folder, 'shop'), encoding: 'utf8', env: environment })
}

const sluice = (...args: readonly string[]) => inside([join(root, 'bin/sluice.js'), ...args])

test.each([
  ['retail', 9],
  ['empty', 0],
])('a project of the template %s is whole, registered, and passes its own test', async (template, scripts) => {
  const made = await around.sluice(['init', 'shop', '--template', template])
  expect(made).toMatchObject({ exitCode: 0, stderr: '' })
  expect(made.stdout).toContain(`${scripts} scripts, all registered`)
  expect(await readFile(join(around.folder, 'shop/.gitignore'), 'utf8')).toContain('.env\n')
  const own = inside(['--test'])
  expect({ status: own.status, output: own.stdout }).toMatchObject({ status: 0 })
  expect(own.stdout).toContain('pass 1')
  const why = scripts === 0 ? sluice('audit', 'runs') : sluice('audit', 'why', 'load/sales', '--batch', '2026-11-22')
  expect({ status: why.status, stderr: why.stderr }).toEqual({ status: 0, stderr: '' })
})

test('a project passes the compiler', async () => {
  await around.sluice(['init', 'shop'])
  const config = join(around.folder, 'shop/tsconfig.json')
  const { compilerOptions } = JSON.parse(await readFile(config, 'utf8'))
  const typeRoots = [join(root, 'node_modules/@types')]
  // The demo's servers need packages that only `npm install` brings.
  const include = ['*.ts', 'extract', 'load', 'types', 'test']
  await writeFile(config, JSON.stringify({ compilerOptions: { ...compilerOptions, typeRoots }, include }))
  const compiled = inside([join(root, 'node_modules/typescript/bin/tsc'), '--noEmit'])
  expect({ status: compiled.status, output: compiled.stdout }).toEqual({ status: 0, output: '' })
})

test('a folder that is not empty, and a template that is none, are refused', async () => {
  await around.write({ 'shop/notes.txt': 'mine' })
  const refused = await around.sluice(['init', 'shop'])
  expect(refused).toMatchObject({ exitCode: 64 })
  expect(refused.stderr).toContain('no empty folder')
  await around.write({ file: 'mine' })
  expect(await around.sluice(['init', 'file'])).toMatchObject({ exitCode: 64 })
  expect((await around.sluice(['init', 'other', '--template', 'retial'])).stderr).toContain('retail')
})
