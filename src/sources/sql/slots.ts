import { aborted, throwIfAborted } from '../throw-if-aborted.ts'

/** How many connections a source may have open at once. */
export class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(limit: number) {
    this.#free = limit
  }

  /** Waits for one. ABORTED when the signal says so. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    if (signal !== undefined) throwIfAborted(signal)
    if (this.takeFree()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = () => {
      const place = this.#waiting.indexOf(resolve)
      // Not there any more: it was given one in the same moment.
      if (place >= 0) this.#waiting.splice(place, 1)
      if (place >= 0 && signal !== undefined) reject(aborted(signal))
    }
    this.#waiting.push(resolve)
    signal?.addEventListener('abort', stop)
    await promise.finally(() => signal?.removeEventListener('abort', stop))
  }

  /** One that is free now. Who holds one waits for no second one: all could wait for each other. */
  takeFree(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
