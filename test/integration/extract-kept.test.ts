import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readManifest } from '../../src/engine/extract-schema.ts'
import { SluiceError } from '../../src/errors.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { expireLease, failAt, pauseAt } from '../fixtures/disturb-run.ts'
import { type EngineProject, engineProject, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { idColumn, type PartitionedSource, partitionedSource } from '../fixtures/partitioned-source.ts'
import { counts, lakePaths } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const orders = tableExtract('orders')
const load = loadOf(orders, { disposition: 'append' }, { rejectLimit: 1_000 })
const lost = () => new SluiceError('SOURCE_UNREACHABLE', 'The connection is gone.', { hint: 'Look at the server.' })

let project: EngineProject
let source: PartitionedSource
beforeEach(async () => {
  project = await engineProject([orders, load])
  source = partitionedSource({ a: [1, 2, -3], b: [4, 5, 6], c: [7, 8, 9], d: [10, 11, 12] })
  project.source = () => source
})
afterEach(() => project.close())

const extract = (force = false) => project.run('extract/orders', batch, force)
const keptIds = async (of = batch) => (await project.control.extractions.partitions.kept(orders.id, of))?.kept.map(({ id }) => id)

async function manifest(of = batch): Promise<Manifest> {
  const latest = await project.control.extractions.latest(orders.id, of)
  if (!latest) throw new Error('Nothing was committed.')
  return readManifest(project.lake, latest.manifestPath, latest.manifestSha256)
}

/** Lets every try fail at the partition, until told otherwise. */
function failsAt(partition: string): void {
  source.before = (id) => {
    if (id === partition) throw new Error('broken')
  }
}

/** A run that kept a and b, and failed. */
async function halfRead(): Promise<void> {
  failsAt('c')
  expect(await extract()).toMatchObject({ status: 'FAILED' })
  expect([await keptIds(), source.reads]).toEqual([
    ['a', 'b'],
    ['a', 'b', 'c'],
  ])
  source.before = () => {}
  source.reads.length = 0
}

/** The package has every row once, and the load brings them all. */
async function expectWhole(): Promise<void> {
  const loaded = await project.run('load/orders', batch)
  expect(loaded).toMatchObject({ exitCode: 4, error: undefined })
  const ids = await project.rows('SELECT id FROM target.orders ORDER BY id')
  expect(ids.flat().map(Number)).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(await project.rows('SELECT partition_name, row_number, value FROM audit.rejects')).toEqual([['a', '3', '-3']])
}

describe('a run that failed', () => {
  test('keeps what it read whole; the next one reads only what is missing', async () => {
    await halfRead()
    const before = await lakePaths(project)
    expect(before.map((path) => path.split('/').at(-1))).toEqual([
      'part-00001.parquet',
      'part-00002.parquet',
      'rejects-00001.parquet',
    ])
    const again = await extract()
    expect(again).toMatchObject({ exitCode: 4, error: undefined })
    expect(source.reads).toEqual(['c', 'd'])
    expect(source.requests.at(-1)?.partitionsAgain).toEqual(['c', 'd'])
    expect(counts(again)).toEqual({ expected: 12, read: 12, staged: 11, rejected: 1 })
    const { parts, rejects, rowsRead, rowsStaged, rowsRejected, expectedRows, runId } = await manifest()
    expect({ rowsRead, rowsStaged, rowsRejected, expectedRows }).toEqual({
      rowsRead: 12,
      rowsStaged: 11,
      rowsRejected: 1,
      expectedRows: 12,
    })
    expect(parts.map(({ part, partition }) => `${part} ${partition}`)).toEqual(['1 a', '2 b', '3 c', '4 d'])
    expect([...parts, ...rejects].filter(({ path }) => !path.includes(runId)).map(({ path }) => path)).toEqual(before)
    expect(await keptIds()).toBeUndefined()
    await expectWhole()
    const runs = await project.rows('SELECT DISTINCT _run_id FROM landing.orders')
    expect(runs).toHaveLength(2)
  })

  test('after the last partition leaves nothing to read', async () => {
    const times = failAt(project, 'extract.before-commit')
    await extract()
    expect(times()).toBe(1)
    project.failpoint = async () => {}
    source.reads.length = 0
    expect(await extract()).toMatchObject({ exitCode: 4, error: undefined })
    expect([source.reads, source.requests.at(-1)?.partitionsAgain]).toEqual([[], []])
    await expectWhole()
  })

  test('gives the numbers of parts that it did not keep to the next one', async () => {
    source.parallel = 2
    source.before = async (id, row) => {
      if (id === 'a' && row === 2) {
        while ((await keptIds())?.includes('b') !== true) await new Promise(setImmediate)
        throw new Error('broken')
      }
    }
    await extract()
    source.before = () => {}
    const kept = (await keptIds()) ?? []
    expect(kept).toContain('b')
    expect(kept).not.toContain('a')
    await extract()
    const { parts } = await manifest()
    expect(parts.map(({ part }) => part)).toEqual([1, 2, 3, 4])
    await expectWhole()
  })

  test('and is tried again within one run goes on as well', async () => {
    let losses = 0
    source.before = (id, row) => {
      if (id === 'c' && row === 1 && losses++ === 0) throw lost()
    }
    expect(await extract()).toMatchObject({ exitCode: 4, error: undefined })
    expect(source.reads).toEqual(['a', 'b', 'c', 'c', 'd'])
    await expectWhole()
  })
})

describe('what was kept is read again', () => {
  const warned: string[] = []
  const readsEverything = async (reason: string, force = false) => {
    warned.length = 0
    const context = project.context.bind(project)
    const log = { file: '', info: () => {}, error: () => {}, close: async () => {} }
    project.context = () => ({
      ...context(),
      openLog: () => ({ ...log, warn: (_, facts) => void warned.push(String(facts?.['reason'])) }),
    })
    expect(await extract(force)).toMatchObject({ exitCode: 4, error: undefined })
    expect(source.reads).toEqual(['a', 'b', 'c', 'd'])
    expect(warned).toEqual([expect.stringContaining(reason)])
    await expectWhole()
  }
  const firstPart = async () => {
    const kept = await project.control.extractions.partitions.kept(orders.id, batch)
    return join(project.folder, 'lake', kept?.kept[0]?.parts[0]?.path ?? '')
  }

  test('when the columns have changed', async () => {
    await halfRead()
    source.columns = [idColumn, { ...idColumn, name: 'more' }]
    await readsEverything('its columns have changed')
  })

  test('when the script has changed', async () => {
    await halfRead()
    project.scripts = [{ ...orders, contentHash: 'another' }, load]
    await readsEverything('the script')
    expect(source.requests.map(({ partitionsAgain }) => partitionsAgain)).toEqual([undefined, undefined])
  })

  test('when a file of it is no longer in the lake', async () => {
    await halfRead()
    await rm(await firstPart())
    await readsEverything('is no longer in the lake')
  })

  test('when a file of it was cut', async () => {
    await halfRead()
    await truncate(await firstPart(), 5)
    await readsEverything('has another size')
  })

  test('when the source refuses to read the rest by itself', async () => {
    await halfRead()
    const { open } = source
    source.open = async (request) => {
      if (request.partitionsAgain) throw new SluiceError('RESOURCE_NOT_FOUND', 'The key is gone.', { hint: 'Look.' })
      return open(request)
    }
    await readsEverything('The key is gone.')
  })

  test('when the source answers with other partitions', async () => {
    await halfRead()
    const { open } = source
    source.open = (request) => open({ ...request, partitionsAgain: undefined })
    await readsEverything('other partitions')
  })

  test('by force, but not again by the tries of that run', async () => {
    await halfRead()
    await readsEverything('by force', true)
    source.reads.length = 0
    let losses = 0
    source.before = (id) => {
      if (id === 'c' && losses++ === 0) throw lost()
    }
    expect(await extract(true)).toMatchObject({ exitCode: 4 })
    expect(source.reads).toEqual(['a', 'b', 'c', 'c', 'd'])
  })
})

describe('a run that was overtaken', () => {
  test('keeps nothing any more; its successor goes on with what it had kept', async () => {
    const paused = pauseAt(project, 'extract.after-partition')
    const first = extract()
    await paused.reached
    expireLease(project, 'extract/orders')
    expect(await extract()).toMatchObject({ exitCode: 4, error: undefined })
    expect(source.reads).toEqual(['a', 'b', 'c', 'd'])
    paused.resume()
    expect((await first).error).toMatchObject({ code: 'FENCED' })
    await expectWhole()
  })

  test('before it could plan reads nothing', async () => {
    const paused = pauseAt(project, 'extract.after-lease')
    const first = extract()
    await paused.reached
    expireLease(project, 'extract/orders')
    expect(await extract()).toMatchObject({ exitCode: 4, error: undefined })
    paused.resume()
    expect((await first).error).toMatchObject({ code: 'FENCED' })
    expect(source.reads).toEqual(['a', 'b', 'c', 'd'])
    await expectWhole()
  })

  test('cannot add to what its successor kept, and leaves no file', async () => {
    const paused = pauseAt(project, 'extract.after-lease')
    const first = extract()
    await paused.reached
    expireLease(project, 'extract/orders')
    failsAt('c')
    await extract()
    const before = await lakePaths(project)
    source.before = () => {}
    paused.resume()
    expect((await first).error).toMatchObject({ code: 'FENCED' })
    expect(source.reads).toEqual(['a', 'b', 'c', 'c'])
    expect(await keptIds()).toEqual(['a', 'b'])
    expect(await lakePaths(project)).toEqual(before)
    expect(await extract()).toMatchObject({ exitCode: 4 })
    await expectWhole()
  })
})

describe('an answer of the control store that got lost', () => {
  /** Lets the first calls arrive, and their answers not. */
  const losing = (times: number) => {
    const { partitions } = project.control.extractions
    const { keep } = partitions
    let calls = 0
    Object.assign(partitions, {
      keep: async (...of: Parameters<typeof keep>) => {
        const held = await keep(...of)
        if (calls++ < times) throw new SluiceError('CONTROL_FAILED', 'No answer.', { hint: 'Look at the store.' })
        return held
      },
    })
  }

  test('is asked for again', async () => {
    losing(2)
    expect(await extract()).toMatchObject({ exitCode: 4, error: undefined })
    expect(source.reads).toEqual(['a', 'b', 'c', 'd'])
    await expectWhole()
  })

  test('for good leaves the files that the store may name', async () => {
    losing(3)
    expect(await extract()).toMatchObject({ status: 'FAILED', error: { code: 'CONTROL_FAILED' } })
    expect(await extract()).toMatchObject({ exitCode: 4, error: undefined })
    expect(source.reads).toEqual(['a', 'b', 'c', 'd'])
    await expectWhole()
  })
})

test('a source that keeps partitions has no files', async () => {
  const { open } = source
  source.open = async (request) => ({ ...(await open(request)), readFiles: () => [] })
  expect((await extract()).error).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('keeps partitions') })
})

test('whatever fails and however often: every row arrives once, and nothing that was kept is read again', async () => {
  const partitions = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,3}$/),
    fc.array(fc.integer({ min: -3, max: 1_000 }), { maxLength: 5 }),
    { minKeys: 1, maxKeys: 6 },
  )
  const failures = fc.array(fc.record({ after: fc.nat(12), retryable: fc.boolean() }), { maxLength: 5 })
  const { open } = source
  let day = 0
  const property = fc.asyncProperty(partitions, failures, fc.integer({ min: 1, max: 4 }), async (rows, planned, parallel) => {
    day += 1
    const of = new Date(Date.UTC(2025, 1, day)).toISOString().slice(0, 10)
    source.rows = rows
    source.parallel = parallel
    const left = planned.map((failure) => ({ ...failure }))
    source.before = async () => {
      const [next] = left
      if (!next || next.after-- > 0) return
      left.shift()
      throw next.retryable ? lost() : new Error('broken')
    }
    const twice: string[] = []
    source.open = async (request) => {
      const kept = (await keptIds(of)) ?? []
      twice.push(...kept.filter((id) => request.partitionsAgain?.includes(id) !== false))
      return open(request)
    }
    for (let tries = 0; ; tries++) {
      expect(tries).toBeLessThanOrEqual(planned.length)
      const { exitCode } = await project.run('extract/orders', of)
      if (exitCode === 0 || exitCode === 4) break
    }
    expect(twice).toEqual([])
    const loaded = await project.run('load/orders', of)
    expect(loaded.error).toBeUndefined()
    const all = Object.values(rows).flat()
    const ids = await project.rows(`SELECT id FROM target.orders WHERE _batch_id = '${of}' ORDER BY id`)
    expect(ids.flat().map(Number)).toEqual(all.filter((id) => id >= 0).toSorted((left, right) => left - right))
    expect((await manifest(of)).rowsRejected).toBe(all.filter((id) => id < 0).length)
  })
  await fc.assert(property, { numRuns: 15 })
})
