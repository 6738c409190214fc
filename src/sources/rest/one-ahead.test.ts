import { expect, test } from 'vitest'
import { oneAhead } from './one-ahead.ts'

async function* counting(begun: number[], failAt = Number.POSITIVE_INFINITY): AsyncGenerator<number> {
  for (let step = 1; step <= 3; step++) {
    begun.push(step)
    if (step === failAt) throw new Error(`step ${step}`)
    yield step
  }
}

test('the next step begins before this one is used, the one behind it does not', async () => {
  const begun: number[] = []
  const seen: [number, number][] = []
  for await (const step of oneAhead(counting(begun), () => {})) {
    await Promise.resolve()
    seen.push([step, begun.length])
  }
  expect(seen).toEqual([
    [1, 2],
    [2, 3],
    [3, 3],
  ])
})

test('a failure comes in its turn', async () => {
  const seen: number[] = []
  await expect(async () => {
    for await (const step of oneAhead(counting([], 2), () => {})) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.push(step)
    }
  }).rejects.toThrow('step 2')
  expect(seen).toEqual([1])
})

test('whoever stops has it stopped, and does not wait for the step under way', async () => {
  let isStopped = false
  async function* endless(): AsyncGenerator<number> {
    yield 1
    await new Promise(() => {})
  }
  const stop = () => {
    isStopped = true
  }
  for await (const _ of oneAhead(endless(), stop)) break
  expect(isStopped).toBe(true)
})
