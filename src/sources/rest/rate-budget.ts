import { setTimeout as sleep } from 'node:timers/promises'
import type { BudgetLimit } from '../../contracts/control-store.ts'
import { unlessAborted } from './unless-aborted.ts'

/** How many requests may begin in any second and in any minute. */
export interface RateLimits {
  readonly perSecond?: number | undefined
  readonly perMinute?: number | undefined
}

/**
 * Books one request that begins now, where the limits allow it, and answers 0; else books nothing and answers for how many
 * milliseconds to wait before asking again. Whoever shares a budget has the same limits.
 */
export type TakeTurn = (limits: readonly BudgetLimit[]) => Promise<number>

/** Lets requests begin in the order in which they ask, as fast as the limits allow and not while the server wants a pause. */
export class RateBudget {
  readonly #limits: readonly BudgetLimit[]
  readonly #takeTurn: TakeTurn
  #queue: Promise<void> = Promise.resolve()
  #pausedUntil = 0

  /** Without `takeTurn` the budget is this process' own. */
  constructor({ perSecond, perMinute }: RateLimits, takeTurn: TakeTurn = ownTurns()) {
    const limits = [
      { requests: perSecond, withinMs: 1_000 },
      { requests: perMinute, withinMs: 60_000 },
    ]
    this.#limits = limits.flatMap(({ requests, withinMs }) => (requests === undefined ? [] : [{ requests, withinMs }]))
    this.#takeTurn = takeTurn
  }

  /** Resolves when the next request may begin; rejects with the signal's reason once it is aborted, and with what the shared budget fails with. */
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
    for (let waitMs = await this.#waitMs(); waitMs > 0; waitMs = await this.#waitMs()) {
      await sleep(Math.ceil(waitMs), undefined, { signal })
    }
  }

  async #waitMs(): Promise<number> {
    const pauseMs = this.#pausedUntil - performance.now()
    // Nothing is booked before the pause is over.
    if (pauseMs > 0 || this.#limits.length === 0) return pauseMs
    return this.#takeTurn(this.#limits)
  }
}

/** Turns of this process alone. */
function ownTurns(): TakeTurn {
  /** When the last requests began, the oldest first. */
  const begun: number[] = []
  return async (limits) => {
    const now = performance.now()
    const waits = limits.map(({ requests, withinMs }) => (begun.at(-requests) ?? Number.NEGATIVE_INFINITY) + withinMs - now)
    const waitMs = Math.max(...waits)
    if (waitMs > 0) return waitMs
    begun.push(now)
    if (begun.length > Math.max(...limits.map(({ requests }) => requests))) begun.shift()
    return 0
  }
}
