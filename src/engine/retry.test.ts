import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ErrorCode, errorCodes, SluiceError } from '../errors.ts'
import { type RetryOptions, retrying } from './retry.ts'

const failure = (code: ErrorCode) => new SluiceError(code, `It is ${code}.`, { hint: 'Wait.' })
const policy = { attempts: 4, firstDelayMs: 100, deadlineMs: 60_000 }

let pauses: number[]
let calls: number

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  pauses = []
  calls = 0
})
afterEach(() => void vi.useRealTimers())

/** Fails with these in turn, then succeeds. Pauses take no time but that of the clock. */
function run(errors: readonly unknown[], change: Partial<RetryOptions> = {}): Promise<number> {
  const options: RetryOptions = {
    policy,
    signal: new AbortController().signal,
    onRetry: (_error, _attempt, delayMs) => {
      pauses.push(delayMs)
    },
    pause: async () => void vi.advanceTimersByTime(pauses.at(-1) ?? 0),
    random: () => 1,
    ...change,
  }
  return retrying(async (attempt) => {
    calls = attempt
    if (attempt <= errors.length) throw errors[attempt - 1]
    return attempt
  }, options)
}

describe('what is tried again', () => {
  test.each(Object.keys(errorCodes) as ErrorCode[])('%s, only when the table says so', async (code) => {
    const ended = run([failure(code)])
    if (errorCodes[code].retryable) expect(await ended).toBe(2)
    else await expect(ended).rejects.toMatchObject({ code })
    expect(calls).toBe(errorCodes[code].retryable ? 2 : 1)
  })

  test('at least one code is, and not all are', () => {
    expect(new Set(Object.values(errorCodes).map(({ retryable }) => retryable)).size).toBe(2)
  })

  test.each([new Error('no connection'), 'text', undefined, { retryable: true }])('%s is not ours', async (thrown) => {
    await expect(run([thrown])).rejects.toBe(thrown)
    expect(calls).toBe(1)
  })

  test('what succeeds is not', async () => {
    expect(await run([])).toBe(1)
    expect(pauses).toEqual([])
  })
})

describe('how often', () => {
  test('as many tries as the policy has, then the last error', async () => {
    const errors = Array.from({ length: 9 }, () => failure('SOURCE_UNREACHABLE'))
    await expect(run(errors)).rejects.toBe(errors[3])
    expect(calls).toBe(4)
    expect(pauses).toHaveLength(3)
  })

  test('a code that is final ends it', async () => {
    await expect(run([failure('SOURCE_UNREACHABLE'), failure('SOURCE_FAILED')])).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
    expect(calls).toBe(2)
  })

  test('no try begins behind the deadline, which counts from the first', async () => {
    const errors = Array.from({ length: 9 }, () => failure('TARGET_CONFLICT'))
    await expect(run(errors, { policy: { attempts: 9, firstDelayMs: 100, deadlineMs: 700 } })).rejects.toBe(errors[3])
    expect(pauses).toEqual([100, 200, 400])
  })
})

describe('how long it pauses', () => {
  const errors = [failure('CONTROL_FAILED'), failure('CONTROL_FAILED'), failure('CONTROL_FAILED')]

  test.each([
    [0, [0, 0, 0]],
    [0.5, [50, 100, 200]],
    [1, [100, 200, 400]],
  ])('a share of %d of a bound that doubles', async (share, expected) => {
    await run(errors, { random: () => share })
    expect(pauses).toEqual(expected)
  })

  test('by chance where nobody says, below the bound', async () => {
    const options = { policy, signal: new AbortController().signal, pause: async () => {} }
    const work = async (attempt: number) => {
      if (attempt < 4) throw errors[0]
    }
    await retrying(work, { ...options, onRetry: (_error, _attempt, delayMs) => pauses.push(delayMs) })
    expect(pauses).toHaveLength(3)
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(0)
      expect(pause).toBeLessThanOrEqual(100 * 2 ** index)
    }
  })

  test('the pause is told with its error and its number before it begins', async () => {
    const told: unknown[] = []
    await run([errors[0]], {
      onRetry: (error, attempt, delayMs) => told.push([error, attempt, delayMs]),
      pause: async () => void told.push('paused'),
    })
    expect(told).toEqual([[errors[0], 1, 100], 'paused'])
  })
})

describe('a signal', () => {
  const reason = failure('ABORTED')

  test('that is aborted lets no try begin', async () => {
    await expect(run([], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(calls).toBe(0)
  })

  test('that is aborted during a try is what it ends with', async () => {
    const controller = new AbortController()
    const ended = retrying(
      async () => {
        controller.abort(reason)
        throw failure('SOURCE_FAILED')
      },
      { policy, signal: controller.signal, onRetry: () => {} },
    )
    await expect(ended).rejects.toBe(reason)
  })

  test('that comes too late for a try does not undo it', async () => {
    const controller = new AbortController()
    const work = async () => {
      controller.abort(reason)
      return 'done'
    }
    expect(await retrying(work, { policy, signal: controller.signal, onRetry: () => {} })).toBe('done')
  })

  test('cuts a pause short', async () => {
    const controller = new AbortController()
    const ended = run([failure('CONTROL_FAILED')], {
      policy: { ...policy, firstDelayMs: 3_600_000, deadlineMs: 7_200_000 },
      signal: controller.signal,
      pause: async (sleep) => {
        setImmediate(() => controller.abort(reason))
        await sleep()
      },
    })
    await expect(ended).rejects.toBe(reason)
    expect(calls).toBe(1)
  })
})

test('what one policy gave up is not tried again by one around it', async () => {
  let tries = 0
  const options: RetryOptions = { policy, signal: new AbortController().signal, onRetry: () => {}, pause: async () => {} }
  const inner = () =>
    retrying(async () => {
      tries += 1
      throw failure('SOURCE_UNREACHABLE')
    }, options)
  await expect(retrying(inner, options)).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  expect(tries).toBe(policy.attempts)
})
