import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import type { OpenContext } from '../../src/project/open-context.ts'
import { openProject } from '../../src/project/open-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const config = `
import { duckdb, env, localFiles, localLake, project, secret, sqlite, sqliteControl } from 'sluice-etl'
export const shop = sqlite({ path: secret('SHOP_DB') })
export const drop = localFiles({ folder: env('DROP_DIR') })
export default project({
  name: 'p', timeZone: 'UTC',
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`
const canary = 'canary-Zx9 "q"'

let folder: ProjectFolder | undefined
let opened: OpenContext | undefined
afterEach(async () => {
  await opened?.close()
  opened = undefined
  await folder?.remove()
})

async function openContext(environment: Readonly<Record<string, string>>): Promise<OpenContext['context']> {
  folder = await projectFolder({ 'sluice.config.ts': config, '.env': 'DROP_DIR=from-file\n' })
  const project = await openProject(folder.root, environment)
  opened = await project.openContext({ progress: () => {}, signal: new AbortController().signal })
  return opened.context
}

const at = (path: string) => join(folder?.root ?? '', path)
const exists = (path: string) =>
  stat(at(path)).then(
    () => true,
    () => false,
  )

describe('the context', () => {
  test('opens the control store, and the warehouse only when it is asked for, once', async () => {
    const context = await openContext({})
    expect(context.store.storeId).toMatch(/^[0-9a-f-]{36}$/)
    expect(await exists('data/control.db')).toBe(true)
    expect(await exists('data/p.duckdb')).toBe(false)
    const [first, second] = await Promise.all([context.warehouse(), context.warehouse()])
    expect(first).toBe(second)
    await first.check()
    expect(await exists('data/p.duckdb')).toBe(true)
  })

  test('opens a source by its exported name, once, and again after a failure', async () => {
    const context = await openContext({ SHOP_DB: 'shop.db' })
    const shop = await context.source('shop')
    expect(await context.source('shop')).toBe(shop)
    await expect(shop.check()).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
    new DatabaseSync(at('shop.db')).exec('CREATE TABLE t (a)')
    await shop.check()
    expect(context.sourceType('drop')).toBe('local-files')
    await expect((await context.source('drop')).check()).rejects.toThrow('from-file')
    expect(() => context.sourceType('gone')).toThrow('The project file exports no connection gone.')
  })

  test('names a variable that is not set when the part is asked for', async () => {
    const context = await openContext({})
    await expect(context.source('shop')).rejects.toMatchObject({ code: 'VARIABLE_UNSET', details: { variable: 'SHOP_DB' } })
  })
})

test('check shows no secret', async () => {
  folder = await projectFolder({ 'sluice.config.ts': config })
  const results = await (await openProject(folder.root, { SHOP_DB: canary })).check()
  const shop = results.find(({ name }) => name === 'source shop')
  expect(shop?.ok).toBe(false)
  expect(shop?.message).toMatch(/There is no SQLite file .*\*\*\*/)
  expect(JSON.stringify(results)).not.toContain('canary')
})

describe('a run log', () => {
  test('is a file of JSON lines under log/, on disk when it is closed, without a secret in any form', async () => {
    const context = await openContext({ SHOP_DB: canary })
    const log = context.openLog('extract-sales_2026-11-22_1')
    expect(log.file).toBe('log/extract-sales_2026-11-22_1.log')
    const base64 = Buffer.from(canary).toString('base64')
    log.info(`opened ${canary}`, { rows: 3, url: `file:///${encodeURIComponent(canary)}?k=${base64}` })
    log.warn('careful')
    log.error(`'${canary}' failed`, { paths: [canary, 'other'] })
    await log.close()
    const text = await readFile(at(log.file), 'utf8')
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), rows: 3, url: 'file:///***?k=***', msg: 'opened ***' },
      { level: 'warn', time: expect.anything(), msg: 'careful' },
      { level: 'error', time: expect.anything(), paths: ['***', 'other'], msg: "'***' failed" },
    ])
    for (const form of ['canary', encodeURIComponent(canary), base64]) expect(text).not.toContain(form)
  })
})

describe('a failpoint', () => {
  interface Ended {
    readonly code: number | string | null
    readonly signal: string | null
    readonly stdout: string
    readonly stderr: string
  }

  const module = JSON.stringify(new URL('../../src/project/failpoint.ts', import.meta.url).href)
  const reaching = `const { failpoints } = await import(${module})
    const failpoint = failpoints(process.env)
    await failpoint('extract.before-commit')
    for (const time of [1, 2, 3]) {
      await failpoint('extract.after-part')
      console.log('passed', time)
    }`

  /** A process that reaches extract.after-part three times. */
  function reach(failpoint: string | undefined): Promise<Ended> {
    const { SLUICE_FAILPOINT: _, ...rest } = process.env
    const env = { ...rest, ...(failpoint !== undefined && { SLUICE_FAILPOINT: failpoint }) }
    return new Promise((resolve) => {
      execFile(process.execPath, ['--input-type=module', '--eval', reaching], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr }),
      )
    })
  }

  test('without the variable, nothing happens', async () => {
    expect(await reach(undefined)).toMatchObject({ code: 0, stdout: 'passed 1\npassed 2\npassed 3\n', stderr: '' })
  })

  test('kill ends the process at the n-th time, and leaves the proof', async () => {
    const ended = await reach('extract.after-part:kill:2')
    expect(ended).toMatchObject({ signal: 'SIGKILL', stdout: 'passed 1\n' })
    expect(ended.stderr).toBe('failpoint extract.after-part reached, time 2: kill\n')
  })

  test('throw and exit, at the first time', async () => {
    const thrown = await reach('extract.after-part:throw')
    expect(thrown).toMatchObject({ code: 1, stdout: '' })
    expect(thrown.stderr).toContain('the failpoint extract.after-part threw')
    expect(await reach('extract.after-part:exit')).toMatchObject({ code: 75, stdout: '' })
  })

  test('hang keeps the process alive and still', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', reaching], {
      env: { ...process.env, SLUICE_FAILPOINT: 'extract.after-part:hang:2' },
    })
    let stdout = ''
    child.stdout.on('data', (data) => {
      stdout += String(data)
    })
    const [proof] = await once(child.stderr, 'data')
    expect(String(proof)).toBe('failpoint extract.after-part reached, time 2: hang\n')
    child.kill()
    expect(await once(child, 'close')).toEqual([null, 'SIGTERM'])
    expect(stdout).toBe('passed 1\n')
  })

  test('another point is not meant, and a text that is none is refused', async () => {
    expect(await reach('load.after-part:kill')).toMatchObject({ code: 0, stderr: '' })
    expect((await reach('extract.after-part:burn')).stderr).toContain('names no point and action')
  })
})
