import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Source } from '../../src/contracts/source.ts'
import { isSluiceError } from '../../src/errors.ts'
import type { Resource } from '../../src/model/script.ts'
import { type FaultKind, type FaultyProxy, seededFault } from '../../src/testing/faulty-proxy.ts'
import { csvFiles, put, readAll } from '../fixtures/file-readings.ts'

/** How many seeds each way is tried with: a sample, unless FAULT_CASES says more. */
const cases = Number(process.env['FAULT_CASES'] ?? 3)
const limits: Limits = { connectTimeoutMs: 5000, idleTimeoutMs: 2500 }

interface Limits {
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** A server behind a proxy, as one way of transfer reaches it. */
export interface Way {
  readonly proxy: FaultyProxy
  readonly resource: Resource
  /** What the server has. */
  readonly rows: readonly (readonly string[])[]
  /** What can go wrong on this way without that anybody could know; by default everything is noticed. */
  readonly kinds?: readonly FaultKind[]
  /** A source that goes through the proxy. */
  open(limits: Limits): Promise<Source>
  stop(): Promise<void>
}

/** Files of different sizes, compressed, so that also a way without checksums of its own cannot change them unseen. */
export async function filled(folder: string): Promise<Pick<Way, 'resource' | 'rows'>> {
  const rows: string[][] = []
  for (const [index, count] of [2000, 30_000, 1, 9000].entries()) {
    const file = Array.from(
      { length: count },
      (_, row) => `${index}:${row}:${((row * 2_654_435_761) % 4_294_967_296).toString(36)}`,
    )
    await put(folder, `file-${index}.csv.gz`, gzipSync(`v\n${file.join('\n')}\n`))
    rows.push(...file.map((text) => [text]))
  }
  return { resource: csvFiles('*.csv.gz'), rows }
}

/** What a fault may end with besides all rows; a changed byte may look like anything that the server could say. */
function mayEndWith(kind: FaultKind, error: unknown): boolean {
  if (kind === 'slow') return false
  if (kind === 'corrupt') return isSluiceError(error) && error.code !== 'INTERNAL'
  return isSluiceError(error, 'SOURCE_UNREACHABLE')
}

/** The same rows are read with one fault each time, at a place that the seed chooses, and then again without. */
export function seededTransfers(start: () => Promise<Way>): void {
  let way: Way
  const reach = { 'to-client': 0, 'to-server': 0 }

  beforeAll(async () => {
    way = await start()
  })

  afterAll(() => way?.stop())

  const read = async () => {
    const source = await way.open(limits)
    try {
      return await readAll(source, way.resource)
    } finally {
      await source.close()
    }
  }
  const expectAll = (got: Awaited<ReturnType<typeof read>>) => {
    expect([got.rows.length, got.rejects]).toEqual([way.rows.length, []])
    expect(got.rows).toEqual(way.rows)
  }

  test('without a fault all rows come', async () => {
    way.proxy.set(undefined)
    expectAll(await read())
    reach['to-client'] = way.proxy.passed('to-client')
    reach['to-server'] = way.proxy.passed('to-server')
    expect(way.proxy.hasFired).toBe(false)
  })

  test.each(Array.from({ length: cases }, (_, index) => index + 1))('seed %i', async (seed) => {
    const fault = seededFault(seed, way.kinds ?? ['cut', 'reset', 'stall', 'slow', 'corrupt'], reach)
    way.proxy.set(fault)
    const [outcome] = await Promise.allSettled([read()])
    if (outcome.status === 'fulfilled') {
      expectAll(outcome.value)
    } else {
      expect(way.proxy.hasFired, JSON.stringify(fault)).toBe(true)
      if (!mayEndWith(fault.kind, outcome.reason))
        throw new Error(`not after ${JSON.stringify(fault)}`, { cause: outcome.reason })
    }
    // Without the fault, everything was over before its place.
    if (!way.proxy.hasFired) expect(way.proxy.passed(fault.direction)).toBeLessThanOrEqual(fault.afterBytes)
    way.proxy.set(undefined)
    expectAll(await read())
  })
}
