import { setTimeout as sleep } from 'node:timers/promises'
import { isSluiceError, type SluiceError } from '../errors.ts'
import type { RetryPolicy } from './context.ts'

export interface RetryOptions {
  readonly policy: RetryPolicy
  readonly signal: AbortSignal
  /** Told before each pause. */
  readonly onRetry: (error: SluiceError, attempt: number, delayMs: number) => void
  /** Around each pause: keeps a lease meanwhile. */
  readonly pause?: (sleep: () => Promise<void>) => Promise<void>
  /** From 0 up to 1, for the jitter. */
  readonly random?: () => number
}

/** The errors that a policy gave up on: work within work does not multiply its tries. */
const givenUp = new WeakSet<SluiceError>()

/**
 * Tries again what failed with a retryable code, after a pause of full jitter below a doubling bound. The last error is
 * thrown, and no policy around this one tries it again; once the signal is aborted no try begins, and its reason is thrown.
 */
export async function retrying<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, signal, onRetry, pause = (rest) => rest(), random = Math.random } = options
  const deadline = performance.now() + policy.deadlineMs
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!isSluiceError(error) || !error.retryable || givenUp.has(error)) throw error
      const delayMs = Math.round(random() * policy.firstDelayMs * 2 ** (attempt - 1))
      if (attempt >= policy.attempts || performance.now() + delayMs > deadline) {
        givenUp.add(error)
        throw error
      }
      onRetry(error, attempt, delayMs)
      await pause(() => sleep(delayMs, undefined, { signal }).catch(() => undefined))
    }
  }
}
