import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { makeShop, smallEnvironment, smallShop, visibleState } from '../fixtures/small-shop.ts'

const ttlMs = 1_000
let project: CliProject

const at = (point: string, action: string) => ({ ...smallEnvironment, SLUICE_FAILPOINT: `${point}:${action}` })
const words = (line: string) => line.split(' ')
const sluice = (line: string) => project.sluice(words(line), smallEnvironment)

/** The project's own TTL is long: a run that was stopped for a moment must not lose its lease. */
const shortLease = () =>
  project.write({
    'sluice.config.ts': (smallShop['sluice.config.ts'] ?? '').replace(
      "name: 'small',",
      `name: 'small',\n  leaseTtlMs: ${ttlMs},`,
    ),
  })

beforeEach(async () => {
  project = await cliProject(smallShop)
  makeShop(project.folder)
  expect(await sluice('register')).toMatchObject({ exitCode: 0, stderr: '' })
})
afterEach(() => project.remove())

describe('a holder that is frozen beyond its TTL', () => {
  beforeEach(() => shortLease())

  test('is refused at the commit of its extraction when a successor committed', async () => {
    const frozen = project.start(words('extract city --batch 2025-01-01'), at('extract.before-commit', 'stop'))
    await frozen.sees('extract.before-commit')
    await frozen.stands()
    await wait(ttlMs * 1.5)
    expect((await sluice('extract city --batch 2025-01-01')).exitCode).toBe(4)
    frozen.kill('SIGCONT')
    const woken = await frozen.ended
    expect(woken).toMatchObject({ exitCode: 73 })
    expect(woken.stderr).toMatch(/FENCED|LEASE_LOST/)
    expect((await sluice('load city --batch 2025-01-01')).exitCode).toBe(4)
    expect((await visibleState(project.folder))['target.city']).toHaveLength(2)
  })

  test('is refused before it writes to the warehouse when a successor published', async () => {
    expect((await sluice('extract city --batch 2025-01-01')).exitCode).toBe(4)
    const frozen = project.start(words('load city --batch 2025-01-01'), at('load.after-lease', 'stop'))
    await frozen.sees('load.after-lease')
    await frozen.stands()
    await wait(ttlMs * 1.5)
    expect((await sluice('load city --batch 2025-01-01')).exitCode).toBe(4)
    const state = await visibleState(project.folder)
    frozen.kill('SIGCONT')
    expect((await frozen.ended).exitCode).toBe(73)
    expect(await visibleState(project.folder)).toEqual(state)
  })
})

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a run cleanly, with its own code, and the plain command goes on', async (signal, exitCode) => {
    const started = project.start(words('run --batch 2025-01-01'), at('load.mid-stage', 'stop'))
    await started.sees('load.mid-stage')
    await started.stands()
    started.kill(signal)
    started.kill('SIGCONT')
    const ended = await started.ended
    expect({ exitCode: ended.exitCode, signal: ended.signal }).toEqual({ exitCode, signal: null })
    expect(ended.stderr).toContain('ABORTED')
    expect((await sluice('audit runs')).stdout).toMatch(/load\/\w+ .*FAILED.*ABORTED/)
    expect((await sluice('run --batch 2025-01-01')).exitCode).toBe(4)
    const state = await visibleState(project.folder)
    expect(state['done']).toHaveLength(5)
    expect(state['target.fact_orders']).toHaveLength(2)
  })

  test('during an extraction leaves nothing in the lake', async () => {
    const started = project.start(words('extract orders --batch 2025-01-01'), at('extract.mid-part', 'stop'))
    await started.sees('extract.mid-part')
    await started.stands()
    started.kill('SIGTERM')
    started.kill('SIGCONT')
    expect((await started.ended).exitCode).toBe(143)
    const left = await readdir(join(project.folder, 'data/lake'), { recursive: true, withFileTypes: true })
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([])
  })
})
