/** What a step of an iterator brought: a value, the end with what was returned, or nothing yet. */
export type Step = IteratorResult<unknown, unknown> | 'waiting'

/** How long a step is waited for before it is reported as `waiting`. */
const pulseMs = 500
/** How long an end waits for code that is at work, so that its `finally` can still use what it has. */
const graceMs = 500

/** Steps through an iterator of foreign code without ever waiting for it alone: it may hang, and be slow, and be many rows. */
export class PacedIterator {
  readonly #iterator: AsyncIterator<unknown, unknown> | Iterator<unknown, unknown>
  readonly #timer: NodeJS.Timeout
  #pending: Promise<void> | undefined
  #settled: (() => IteratorResult<unknown, unknown>) | undefined
  #wake: (() => void) | undefined
  #isDone = false

  constructor(iterable: AsyncIterable<unknown, unknown> | Iterable<unknown, unknown>) {
    this.#iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
    this.#timer = setInterval(() => this.wake(), pulseMs)
  }

  /** Resolves to the next step, or to `waiting` after a while and when it is woken. Rejects with what the code threw. */
  async next(): Promise<Step> {
    this.#pending ??= this.#ask()
    if (this.#settled === undefined) await this.#rest()
    const settled = this.#settled
    if (settled === undefined) return 'waiting'
    this.#pending = undefined
    this.#settled = undefined
    const step = settled()
    this.#isDone = step.done === true
    return step
  }

  /** Ends a wait at once. */
  wake(): void {
    this.#wake?.()
  }

  /** Ends the iteration: the code's `finally` runs, and is waited for for a moment. What it throws by then is of no more use. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#isDone) return
    this.#isDone = true
    const ending = Promise.resolve(this.#pending)
      .then(() => this.#iterator.return?.())
      .then(
        () => undefined,
        () => undefined,
      )
    let timer: NodeJS.Timeout | undefined
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs)
    })
    await Promise.race([ending, grace])
    clearTimeout(timer)
  }

  async #ask(): Promise<void> {
    try {
      const step = await this.#iterator.next()
      this.#settled = () => step
    } catch (error) {
      this.#isDone = true
      this.#settled = () => {
        throw error
      }
    }
    this.wake()
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
