import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SluiceError } from '../../src/errors.ts'
import { type EngineProject, engineProject, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { type PartitionedSource, partitionedSource } from '../fixtures/partitioned-source.ts'
import { counts, lakePaths } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const orders = tableExtract('orders')
const load = loadOf(orders, { disposition: 'append' }, { rejectLimit: 100 })
const lost = () => new SluiceError('SOURCE_UNREACHABLE', 'The connection is gone.', { hint: 'Look at the server.' })
const broken = () => new SluiceError('SOURCE_FAILED', 'The query was killed.', { hint: 'Look at the server.' })

let project: EngineProject
let source: PartitionedSource
beforeEach(async () => {
  project = await engineProject([orders, load])
  source = partitionedSource({ a: [1, 2, 3], b: [4, 5, 6], c: [7, 8, 9], d: [10, 11, 12] })
  source.keepsPartitions = false
  source.parallel = 3
  project.source = () => source
})
afterEach(() => project.close())

async function endOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

const landed = () => project.rows('SELECT _part, _row, id FROM landing.orders ORDER BY 1, 2')

describe('several partitions at once', () => {
  test('are read side by side, and each has parts of its own with its rows in their order', async () => {
    const extracted = await project.run('extract/orders', batch)
    expect(extracted).toMatchObject({ exitCode: 0, error: undefined })
    expect(counts(extracted)).toEqual({ expected: 12, read: 12, staged: 12, rejected: 0 })
    expect(source.most).toBe(3)
    expect(await project.run('load/orders', batch)).toMatchObject({ exitCode: 0, error: undefined })
    const rows = await landed()
    const byPart = Map.groupBy(rows, ([part]) => part)
    expect([...byPart.keys()]).toEqual(['1', '2', '3', '4'])
    const ids = [...byPart.values()].map((part) => part.map(([, row, id]) => [row, id]))
    const whole = [1, 4, 7, 10].map((first) => [0, 1, 2].map((index) => [String(index + 1), String(first + index)]))
    expect(ids.toSorted((left, right) => Number(left[0]?.[1]) - Number(right[0]?.[1]))).toEqual(whole)
  })

  test('have their refused rows counted and kept with their partition', async () => {
    source.rows = { a: [1, -2, 3], b: [-4, -5], c: [] }
    const extracted = await project.run('extract/orders', batch)
    expect(extracted).toMatchObject({ exitCode: 4, error: undefined })
    expect(counts(extracted)).toEqual({ expected: 5, read: 5, staged: 2, rejected: 3 })
    await project.run('load/orders', batch)
    const refused = await project.rows('SELECT partition_name, row_number, value FROM audit.rejects ORDER BY 1, 2')
    expect(refused).toEqual([
      ['a', '2', '-2'],
      ['b', '1', '-4'],
      ['b', '2', '-5'],
    ])
  })

  test('are never more than the source allows, and one by one where it says nothing', async () => {
    source.parallel = 2
    await project.run('extract/orders', batch)
    expect(source.most).toBe(2)
    source.most = 0
    source.parallel = undefined
    await project.run('extract/orders', '2025-01-02')
    expect([source.most, source.reads.slice(4)]).toEqual([1, ['a', 'b', 'c', 'd']])
  })

  test('end together when one fails: its failure is the outcome, and nothing stays in the lake', async () => {
    const aborted: string[] = []
    let waiting = 0
    source.before = async (partition, row, signal) => {
      if (partition === 'b' && row === 1) {
        while (waiting < 2) await setImmediate()
        throw broken()
      }
      if (partition === 'b' || row < 2) return
      waiting += 1
      await endOf(signal)
      aborted.push(partition)
    }
    const ended = await project.run('extract/orders', batch)
    expect(ended.error).toMatchObject({ code: 'SOURCE_FAILED' })
    expect(aborted.toSorted()).toEqual(['a', 'c'])
    expect([source.reading.size, source.reads.includes('d')]).toEqual([0, false])
    expect(await lakePaths(project)).toEqual([])
  })

  test('end together when the run is told to stop', async () => {
    const stop = new AbortController()
    project.signal = stop.signal
    source.before = async (_, row, signal) => {
      if (row < 2) return
      if (source.reading.size === 3) stop.abort({ exitCode: 143 })
      await endOf(signal)
    }
    expect(await project.run('extract/orders', batch)).toMatchObject({ exitCode: 143, error: { code: 'ABORTED' } })
    expect([source.reading.size, await lakePaths(project)]).toEqual([0, []])
  })

  test('are not kept by a source that just ends where it was told to stop', async () => {
    source.keepsPartitions = true
    const { open } = source
    source.open = async (request) => ({
      ...(await open(request)),
      async *read({ id }) {
        source.reading.add(id)
        while (source.reading.size < 3) await setImmediate()
        if (id === 'b') throw broken()
        await endOf(request.signal)
        yield* []
      },
    })
    expect((await project.run('extract/orders', batch)).error).toMatchObject({ code: 'SOURCE_FAILED' })
    expect(await project.control.extractions.partitions.kept(orders.id, batch)).toMatchObject({ kept: [] })
  })

  test('that cannot be kept start over when one is lost', async () => {
    let losses = 0
    source.before = (partition, row) => {
      if (partition === 'd' && row === 2 && losses++ === 0) throw lost()
    }
    expect(await project.run('extract/orders', batch)).toMatchObject({ exitCode: 0, error: undefined })
    expect(source.reads.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd'])
    expect(source.requests.map(({ partitionsAgain }) => partitionsAgain)).toEqual([undefined, undefined])
    expect((await lakePaths(project)).map((path) => path.split('/')[3])).toEqual(['2', '2', '2', '2', '2'])
  })

  test('are refused when two have one name', async () => {
    const { open } = source
    source.open = async (request) => ({ ...(await open(request)), partitions: [{ id: 'a' }, { id: 'a' }] })
    const { error } = await project.run('extract/orders', batch)
    expect(error).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('two partitions that are called a') })
  })
})

describe('a window', () => {
  test('of an older try is read to its end, and moves the cursor there', async () => {
    const timed = { ...orders, cursor: { column: 'id', overlap: undefined, nulls: 'reject' as const } }
    project.scripts = [timed, load]
    let horizon = 100
    source.keepsPartitions = true
    source.window = ({ lower, upper }) => {
      const end = upper ?? String(horizon)
      return { column: 'id', lower, upper: end, proven: true, next: end }
    }
    source.before = (partition) => {
      if (partition === 'd') throw broken()
    }
    await project.run('extract/orders', batch)
    horizon = 200
    source.before = () => {}
    expect(await project.run('extract/orders', batch)).toMatchObject({ exitCode: 0 })
    expect(source.requests.map(({ upper }) => upper)).toEqual([undefined, '100'])
    const window = { column: 'id', lower: undefined, upper: '100', proven: true, next: '100' }
    expect(await project.control.extractions.latest(orders.id, batch)).toMatchObject({ window })
    expect((await project.control.extractions.cursor(orders.id))?.value).toBe('100')
  })

  test('that begins elsewhere now makes the plan void', async () => {
    project.scripts = [{ ...orders, cursor: { column: 'id', overlap: undefined, nulls: 'reject' } }, load]
    source.keepsPartitions = true
    source.window = ({ lower, upper = '100' }) => ({ column: 'id', lower, upper, proven: true, next: upper })
    source.before = (partition) => {
      if (partition === 'd') throw broken()
    }
    await project.run('extract/orders', batch)
    await project.control.extractions.setCursor(orders.id, { value: '50', batch: '2024-12-31' })
    source.before = () => {}
    source.reads.length = 0
    expect(await project.run('extract/orders', batch)).toMatchObject({ exitCode: 0 })
    expect(source.reads.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })
})
