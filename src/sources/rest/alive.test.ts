import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { alive } from './alive.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function* steps(waits: readonly number[]): AsyncGenerator<number> {
  for (const wait of waits) {
    await new Promise((resolve) => setTimeout(resolve, wait))
    yield wait
  }
}

async function all(work: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const step of work) seen.push(step)
  return seen
}

test('silent work is waited for in spans of five seconds', async () => {
  const seen = all(alive(steps([1_000, 12_000, 4_999, 5_001])))
  await vi.advanceTimersByTimeAsync(30_000)
  expect(await seen).toEqual([1_000, 'waiting', 'waiting', 12_000, 4_999, 'waiting', 5_001])
})

test('a failure of the work is its end', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1
    throw new Error('no more')
  }
  const seen: unknown[] = []
  await expect(async () => {
    for await (const step of alive(failing())) seen.push(step)
  }).rejects.toThrow('no more')
  expect(seen).toEqual([1])
})

test('whoever stops does not wait for the work, which ends by itself', async () => {
  let isEnded = false
  const gate = Promise.withResolvers<void>()
  async function* slow(): AsyncGenerator<number> {
    try {
      await gate.promise
      yield 1
    } finally {
      isEnded = true
    }
  }
  const stopped = (async () => {
    for await (const step of alive(slow())) if (step === 'waiting') break
  })()
  await vi.advanceTimersByTimeAsync(5_000)
  await stopped
  expect(isEnded).toBe(false)
  gate.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(isEnded).toBe(true)
})
