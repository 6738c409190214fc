import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SluiceError } from '../../src/errors.ts'
import { type EngineProject, engineProject, loadOf, martOf, tableExtract } from '../fixtures/engine-project.ts'
import { lakePaths, publishedState } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const orders = tableExtract('orders', { column: 'updated_at', overlap: undefined, nulls: 'reject' })
const merge = loadOf(orders, { disposition: 'merge', key: ['id'], newest: 'updated_at' })
const mart = martOf('totals', 'SELECT count(*) AS orders FROM target.orders', { dependsOn: [merge.id] })
const all = [orders, merge, mart]

let project: EngineProject
beforeEach(async () => {
  project = await engineProject(all)
  project.shop(`CREATE TABLE orders (id INTEGER, updated_at TIMESTAMP);
    INSERT INTO orders VALUES (1, '2025-01-01 10:00:00'), (2, '2025-01-01 10:00:00')`)
})
afterEach(() => project.close())

/** Tells the process to stop when a run comes to the point. */
function stopAt(point: string, reason: unknown): void {
  const controller = new AbortController()
  project.signal = controller.signal
  project.failpoint = async (name) => {
    if (name === point) controller.abort(reason)
  }
}

function goOn(): void {
  project.signal = new AbortController().signal
  project.failpoint = async () => {}
}

const state = async () => ({ ...(await publishedState(project)), lake: await lakePaths(project) })
const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

test.each(signals)('%s while rows are read: nothing stays in the lake, the run is recorded with %i', async (_, exitCode) => {
  stopAt('extract.mid-part', { exitCode })
  const outcome = await project.run('extract/orders', batch)
  expect(outcome).toMatchObject({ status: 'FAILED', exitCode, error: { code: 'ABORTED' } })
  expect(await state()).toEqual({ tables: {}, done: [], cursors: [], lake: [] })
  const [run] = await project.control.runs.list({ limit: 1 })
  expect(run).toMatchObject({ runId: outcome.runId, status: 'FAILED', exitCode, errorCode: 'ABORTED', live: false })
  goOn()
  expect(await project.run('extract/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0 })
})

describe('a signal before the commit', () => {
  test.each(['after-lease', 'after-part', 'before-manifest', 'after-manifest'])(
    'at extract.%s: the package is not committed, and gone from the lake',
    async (moment) => {
      stopAt(`extract.${moment}`, { exitCode: 143 })
      expect(await project.run('extract/orders', batch)).toMatchObject({ status: 'FAILED', exitCode: 143 })
      expect(await state()).toEqual({ tables: {}, done: [], cursors: [], lake: [] })
    },
  )

  test.each(['load.after-lease', 'load.mid-stage', 'load.after-stage-commit', 'load.mid-publish'])(
    'at %s: nothing is published',
    async (point) => {
      await project.run('extract/orders', batch)
      stopAt(point, { exitCode: 143 })
      expect(await project.run('load/orders', batch)).toMatchObject({
        status: 'FAILED',
        exitCode: 143,
        error: { code: 'ABORTED' },
      })
      goOn()
      const { tables, done } = await state()
      expect([tables['target.orders'] ?? [], tables['audit.ledger'] ?? [], done]).toEqual([
        [],
        [],
        ['extract/orders 2025-01-01 0 0'],
      ])
      expect(await project.run('load/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0 })
    },
  )

  test('at mart.mid-rebuild: the old rows stay', async () => {
    for (const { id } of all) await project.run(id, batch)
    const before = await state()
    stopAt('mart.mid-rebuild', { exitCode: 130 })
    expect(await project.run('mart/totals', batch, true)).toMatchObject({ status: 'FAILED', exitCode: 130 })
    expect(await state()).toEqual(before)
  })
})

describe('a signal after the commit', () => {
  test('the run ends as what it is: done', async () => {
    for (const [point, id] of [
      ['extract.after-commit', 'extract/orders'],
      ['load.after-publish-commit', 'load/orders'],
      ['mart.after-commit', 'mart/totals'],
    ] as const) {
      stopAt(point, { exitCode: 143 })
      expect(await project.run(id, batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
      expect(project.signal.aborted).toBe(true)
    }
    expect((await state()).done).toHaveLength(3)
  })
})

test('a signal before the run: nothing begins', async () => {
  project.signal = AbortSignal.abort({ exitCode: 143 })
  const outcome = await project.run('extract/orders', batch)
  expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 143, runId: undefined, error: { code: 'ABORTED' } })
  expect(await project.control.runs.list({ limit: 9 })).toEqual([])
})

test('a signal while the run waits for its next try ends the wait', async () => {
  const controller = new AbortController()
  project.signal = controller.signal
  project.settings = { ...project.settings, retry: { attempts: 9, firstDelayMs: 10_000_000, deadlineMs: 100_000_000 } }
  project.source = (source) => ({
    check: () => source.check(),
    describe: (resource) => source.describe(resource),
    close: () => source.close(),
    open: async () => {
      setImmediate(() => controller.abort())
      throw new SluiceError('SOURCE_UNREACHABLE', 'The shop did not answer.', { hint: 'Start the shop.' })
    },
  })
  expect(await project.run('extract/orders', batch)).toMatchObject({
    status: 'FAILED',
    exitCode: 130,
    error: { code: 'ABORTED' },
  })
})

test('a run that could not renew its lease gives itself up, and leaves nothing', async () => {
  const { settings } = project
  project.settings = { ...settings, leaseTtlMs: 300 }
  project.failpoint = async (point) => {
    // Longer than the lease: nothing moves, so nothing is renewed.
    if (point === 'extract.mid-part') await wait(1_000)
  }
  const outcome = await project.run('extract/orders', batch)
  expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 73, error: { code: 'LEASE_LOST' } })
  expect(await lakePaths(project)).toEqual([])
  project.settings = settings
  goOn()
  expect(await project.run('extract/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
})
