import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Direction, type Fault, type FaultKind, seededFault } from '../../src/testing/faulty-proxy.ts'
import { counts } from '../fixtures/published-state.ts'
import { firstBatch, publishedRows, secondBatch } from './batches.ts'
import type { Way } from './way.ts'
import { type Ran, WholeProject } from './whole-project.ts'

/** How many seeds each way is tried with: a sample, unless FAULT_CASES says more. */
const cases = Number(process.env['FAULT_CASES'] ?? 3)
/** Connecting, logging in and listing are a small share of the bytes, and get half of the faults. */
const beginning = 6_000
/** One run may need a few bytes less than another. */
const sureShare = 0.98
const kinds: readonly FaultKind[] = ['cut', 'reset', 'stall', 'slow', 'corrupt']

/** Whole runs with one fault each, at a place that the seed chooses, and then again without. */
export function seededRuns(start: () => Promise<Way>): void {
  let way: Way
  let project: WholeProject
  let before: Ran
  let control: Ran
  const reach = { 'to-client': 0, 'to-server': 0 }

  beforeAll(async () => {
    way = await start()
    project = await WholeProject.make(way)
    await way.offer(firstBatch)
    before = await project.run(firstBatch.date, 1)
    await project.keep()
    await way.offer(secondBatch)
    control = await runSecond(undefined, 1)
    for (const direction of ['to-client', 'to-server'] as const) {
      reach[direction] = Math.floor(way.proxy.passed(direction) * sureShare)
    }
  })

  afterAll(async () => {
    await project?.remove()
    await way?.stop()
  })

  const runSecond = (fault: Fault | undefined, attempts: number) => {
    way.proxy.set(fault)
    return project.run(secondBatch.date, attempts)
  }

  test('without a fault all rows are published', () => {
    expect([before.exitCode, before.rows.length]).toEqual([4, firstBatch.rows.length - 1])
    expect([control.exitCode, control.outcomes.map(({ error }) => error)]).toEqual([0, [undefined, undefined]])
    expect(control.rows).toEqual(publishedRows)
  })

  test.each(Array.from({ length: cases }, (_, index) => index + 1))('seed %i', async (seed) => {
    const fault = faultOf(seed, way, reach)
    const attempts = seed % 2 === 0 ? 1 : 3
    await project.restore()
    const ran = await runSecond(fault, attempts)
    await vi
      .waitUntil(() => way.proxy.hasFired, { timeout: 5_000 })
      .catch(() => {
        throw new Error(`It was over before ${JSON.stringify(fault)}.`)
      })
    const mayHide = way.hidesChanges === true && fault.kind === 'corrupt'
    if (mayHide && (ran.exitCode === 0 || ran.exitCode === 4)) {
      expectOthersWhole(ran)
      return
    }
    if (ran.exitCode === 0) expect(ran.rows).toEqual(publishedRows)
    else expectFailure(ran, before, fault, attempts)
    const again = await runSecond(undefined, 3)
    expect([again.exitCode, again.rows]).toEqual([0, publishedRows])
    expect(again.history).toEqual(control.history)
  })
}

/** A run that could not read everything left everything as it was, and says what it was that failed. */
function expectFailure(ran: Ran, before: Ran, fault: Fault, attempts: number): void {
  const [extraction, load] = ran.outcomes.map(({ error }) => error)
  expect(ran.state).toEqual(before.state)
  expect([extraction?.code, load?.code], extraction?.message).toEqual([
    // A changed byte may look like anything that the server could say.
    fault.kind === 'corrupt' ? expect.not.stringMatching('INTERNAL') : 'SOURCE_UNREACHABLE',
    'UPSTREAM_NOT_DONE',
  ])
  // What passes by itself is gone when it is tried again, and what is slow is no failure.
  if (fault.kind !== 'corrupt') expect([fault.kind === 'slow', attempts]).toEqual([false, 1])
}

/** A changed byte is one row's, which may have taken another one's id: all others are there, of as many as the server declared. */
function expectOthersWhole({ rows, outcomes }: Ran): void {
  const published = new Set(rows.map((row) => JSON.stringify(row)))
  const missing = publishedRows.filter((row) => !published.has(JSON.stringify(row)))
  expect(missing.length).toBeLessThanOrEqual(2)
  const { expected, read } = counts(outcomes[0] ?? { ledger: [] })
  expect(read).toBe(expected)
}

/** Of twenty seeds in a row, each kind of fault comes near the beginning and anywhere, and meets one try and several. */
function faultOf(seed: number, { hidesChanges = false }: Way, reach: Readonly<Record<Direction, number>>): Fault {
  const near = { 'to-client': Math.min(beginning, reach['to-client']), 'to-server': Math.min(beginning, reach['to-server']) }
  const kind = kinds[seed % kinds.length] ?? 'cut'
  const fault = seededFault(seed, [kind], seed % 4 < 2 ? near : reach)
  // A server answers rightly to a question that was changed.
  return hidesChanges && kind === 'corrupt' ? { ...fault, direction: 'to-client' } : fault
}
