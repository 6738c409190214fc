import assert from 'node:assert/strict'
import type { BudgetLimit, ControlStore } from '../contracts/control-store.ts'
import type { ContractCase } from './contract-case.ts'
import { type ControlStoreFixture, onStores } from './control-store-fixture.ts'

/** A request that was booked between these two moments, by the monotonic clock in milliseconds. */
interface Booking {
  readonly after: number
  readonly before: number
}

const minuteMs = 60_000

/** Clocks of the store and of this process are read in whole milliseconds and do not tick together. */
const toleranceMs = 3

/** How processes share request budgets. */
export function budgetCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a budget allows as many requests as its limit, and tells how long to wait', async ({ store, other }) => {
      const limits = [{ requests: 2, withinMs: minuteMs }]
      const began = performance.now()
      const answers = [await store.budgets.take('api', limits), await other.budgets.take('api', limits)]
      assert.deepEqual(answers, [0, 0])
      assertWait(await store.budgets.take('api', limits), minuteMs, performance.now() - began)
      assertWait(await other.budgets.take('api', limits), minuteMs, performance.now() - began)
      assert.deepEqual([await other.budgets.take('another', limits), await store.budgets.take('api', [])], [0, 0])
    }),
    onStores(fixture, 'of two limits the one that holds up longer counts', async ({ store }) => {
      for (const [budget, short, long] of [
        ['by the short one', 1, 2],
        ['by the long one', 2, 1],
      ] as const) {
        const limits = [
          { requests: long, withinMs: 10 * minuteMs },
          { requests: short, withinMs: minuteMs },
        ]
        const began = performance.now()
        assert.equal(await store.budgets.take(budget, limits), 0)
        const expected = long === 1 ? 10 * minuteMs : minuteMs
        assertWait(await store.budgets.take(budget, limits), expected, performance.now() - began)
      }
    }),
    onStores(fixture, 'no span of any limit ever holds more requests than it allows, whoever asks', async ({ store, other }) => {
      const limits = [
        { requests: 3, withinMs: 150 },
        { requests: 7, withinMs: 500 },
      ]
      const bookings = (await Promise.all([book(store, limits, 10), book(other, limits, 10)])).flat()
      bookings.sort((left, right) => left.before - right.before)
      for (const { requests, withinMs } of limits) {
        for (const [index, last] of bookings.entries()) {
          if (index < requests) continue
          const first = Math.min(...bookings.slice(index - requests, index + 1).map(({ after }) => after))
          assert.ok(last.before - first >= withinMs - toleranceMs, `${requests + 1} requests in ${last.before - first} ms`)
        }
      }
    }),
    onStores(fixture, 'of many callers at once as many are allowed as the limit says', async ({ store, other }) => {
      const limits = [{ requests: 5, withinMs: minuteMs }]
      const tries = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : other).budgets.take('api', limits))
      assert.equal((await Promise.all(tries)).filter((waitMs) => waitMs === 0).length, 5)
    }),
  ]
}

function assertWait(waitMs: number, withinMs: number, passedMs: number): void {
  assert.ok(waitMs <= withinMs, `${waitMs} ms is longer than the span of ${withinMs} ms`)
  assert.ok(waitMs >= withinMs - passedMs - toleranceMs, `${waitMs} ms is too short after ${passedMs} ms of ${withinMs} ms`)
}

/** Takes as soon as it may, and asks in vain twice as often. */
async function book(store: ControlStore, limits: readonly BudgetLimit[], requests: number): Promise<readonly Booking[]> {
  const bookings: Booking[] = []
  while (bookings.length < requests) {
    const after = performance.now()
    const waitMs = await store.budgets.take('api', limits)
    if (waitMs === 0) bookings.push({ after, before: performance.now() })
    else await new Promise((resolve) => setTimeout(resolve, waitMs / 2))
  }
  return bookings
}
