import { setTimeout as sleep } from 'node:timers/promises'
import { unlessAborted } from './unless-aborted.ts'

/** How many requests may begin in any second and in any minute. */
export interface RateLimits {
  readonly perSecond?: number | undefined
  readonly perMinute?: number | undefined
}

interface Window {
  readonly limit: number
  readonly lengthMs: number
  /** When the last requests began, the oldest first. */
  readonly begun: number[]
}

/** Lets requests begin in the order in which they ask, as fast as the limits allow and not while the server wants a pause. */
export class RateBudget {
  readonly #windows: readonly Window[]
  #queue: Promise<void> = Promise.resolve()
  #pausedUntil = 0

  constructor({ perSecond, perMinute }: RateLimits) {
    const windows = [
      { limit: perSecond, lengthMs: 1_000 },
      { limit: perMinute, lengthMs: 60_000 },
    ]
    this.#windows = windows.flatMap(({ limit, lengthMs }) => (limit === undefined ? [] : [{ limit, lengthMs, begun: [] }]))
  }

  /** Resolves when the next request may begin; rejects with the signal's reason once it is aborted. */
  take(signal: AbortSignal): Promise<void> {
    const turn = this.#queue.then(() => this.#wait(signal))
    this.#queue = turn.catch(() => undefined)
    return unlessAborted(turn, signal)
  }

  /** Lets no request begin for so long. */
  pause(forMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + forMs)
  }

  async #wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await sleep(Math.ceil(waitMs), undefined, { signal })
    for (const window of this.#windows) {
      window.begun.push(performance.now())
      if (window.begun.length > window.limit) window.begun.shift()
    }
  }

  #waitMs(): number {
    const now = performance.now()
    const waits = this.#windows.map(({ limit, lengthMs, begun }) => (begun.length < limit ? 0 : (begun[0] ?? 0) + lengthMs - now))
    return Math.max(this.#pausedUntil - now, ...waits)
  }
}
