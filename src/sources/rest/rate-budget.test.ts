import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { BudgetLimit } from '../../contracts/control-store.ts'
import { RateBudget } from './rate-budget.ts'

// The timers of `node:timers/promises` are no globals, and so not faked by themselves.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}))
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const { signal } = new AbortController()

/** When each of so many requests began, in milliseconds. */
async function begun(budget: RateBudget, count: number): Promise<number[]> {
  const start = performance.now()
  const times: number[] = []
  const all = Array.from({ length: count }, () =>
    budget.take(signal).then(() => times.push(Math.round(performance.now() - start))),
  )
  await vi.advanceTimersByTimeAsync(200_000)
  await Promise.all(all)
  return times
}

test('without limits nobody waits', async () => {
  expect(await begun(new RateBudget({}), 5)).toEqual([0, 0, 0, 0, 0])
})

test('no second has more than its limit', async () => {
  expect(await begun(new RateBudget({ perSecond: 2 }), 5)).toEqual([0, 0, 1000, 1000, 2000])
})

test('a minute counts besides', async () => {
  expect(await begun(new RateBudget({ perSecond: 2, perMinute: 3 }), 7)).toEqual([0, 0, 1000, 60_000, 60_000, 61_000, 120_000])
})

test('a pause holds everybody back', async () => {
  const budget = new RateBudget({ perSecond: 10 })
  budget.pause(5_000)
  budget.pause(2_000)
  expect(await begun(budget, 2)).toEqual([5000, 5000])
})

test('whoever gives up does not hold up the others, and takes no turn', async () => {
  const budget = new RateBudget({ perSecond: 1 })
  await budget.take(signal)
  const controller = new AbortController()
  const given = budget.take(controller.signal)
  const other = budget.take(signal)
  controller.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  const start = performance.now()
  await vi.advanceTimersByTimeAsync(1_000)
  await other
  expect(performance.now() - start).toBe(1_000)
})

test('a shared budget is asked with the limits until it gives a turn, and after a pause only', async () => {
  const answers = [700, 300, 0]
  const asked: (readonly [number, readonly BudgetLimit[]])[] = []
  const start = performance.now()
  const budget = new RateBudget({ perSecond: 2, perMinute: 30 }, async (limits) => {
    asked.push([Math.round(performance.now() - start), limits])
    return answers.shift() ?? 0
  })
  budget.pause(500)
  expect(await begun(budget, 2)).toEqual([1_500, 1_500])
  const limits = [
    { requests: 2, withinMs: 1_000 },
    { requests: 30, withinMs: 60_000 },
  ]
  expect(asked).toEqual([500, 1_200, 1_500, 1_500].map((at) => [at, limits]))
})

test('a shared budget that fails gives no turn, and the next one asks again', async () => {
  let isDown = true
  const budget = new RateBudget({ perSecond: 1 }, async () => {
    if (isDown) throw new Error('locked')
    return 0
  })
  await expect(budget.take(signal)).rejects.toThrow('locked')
  isDown = false
  await budget.take(signal)
})
