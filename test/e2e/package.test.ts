import { execFile } from 'node:child_process'
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeShop, smallEnvironment, smallShop, visibleState } from '../fixtures/small-shop.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const megabytes = 90

let folder: string

/** npm and the command line by this very Node: a machine's own may be older. */
function node(script: string, args: readonly string[]) {
  return run(process.execPath, [script, ...args], {
    cwd: folder,
    env: { ...process.env, ...smallEnvironment },
    maxBuffer: 1 << 26,
  })
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { npm_config_user_agent: _agent, ...environment } = process.env
  return (await run('npm', [...args], { cwd, env: environment, maxBuffer: 1 << 26 })).stdout
}

async function bytesOf(path: string): Promise<number> {
  const found = await lstat(path)
  if (!found.isDirectory()) return found.size
  const sizes = await Promise.all((await readdir(path)).map((name) => bytesOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  const [packed] = JSON.parse(await npm(['pack', '--json', '--pack-destination', folder], root))
  await writeFile(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n')
  await npm(['install', '--omit=peer', '--no-audit', '--no-fund', join(folder, packed.filename)], folder)
  for (const [path, text] of Object.entries(smallShop)) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  makeShop(folder)
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

test(`an install without optional peers takes at most ${megabytes} MB`, async () => {
  const packages = await readdir(join(folder, 'node_modules'))
  for (const peer of ['ssh2', 'basic-ftp']) expect(packages).not.toContain(peer)
  expect((await bytesOf(join(folder, 'node_modules'))) / 1e6).toBeLessThanOrEqual(megabytes)
})

test('no package of the install has an install script', async () => {
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
  const packages: readonly (readonly [string, { readonly hasInstallScript?: boolean }])[] = Object.entries(lock.packages)
  expect(packages.filter(([, found]) => found.hasInstallScript === true).map(([name]) => name)).toEqual([])
})

test('a project passes the compiler against the installed types', async () => {
  await cp(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), { recursive: true })
  await cp(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'), { recursive: true })
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ['node'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts', 'extract', 'load'] }))
  const { stdout } = await node(join(root, 'node_modules/typescript/bin/tsc'), ['-p', folder])
  expect(stdout).toBe('')
})

test('the installed binary runs the project', async () => {
  const binary = join(folder, 'node_modules/sluice-etl/bin/sluice.js')
  await node(binary, ['register'])
  await node(binary, ['run', '--batch', '2025-01-01', '--accept-rejects'])
  expect((await visibleState(folder))['target.fact_orders']).toHaveLength(2)
})
