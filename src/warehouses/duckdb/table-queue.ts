/** Runs the works that touch a common table one after the other, in the order of their arrival. */
export class TableQueue {
  /** The end of the last work on each table. */
  readonly #tables = new Map<string, Promise<void>>()
  #alone: Promise<void> = Promise.resolve()

  /** Works on other tables run beside it. */
  async run<T>(tables: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = [...tables.map((table) => this.#tables.get(table)), this.#alone]
    const { promise, resolve } = Promise.withResolvers<void>()
    // All places are taken in one step: two works can never wait for each other.
    for (const table of tables) this.#tables.set(table, promise)
    try {
      await Promise.all(before)
      return await work()
    } finally {
      resolve()
      for (const table of tables) if (this.#tables.get(table) === promise) this.#tables.delete(table)
    }
  }

  /** No work on any table runs beside it. */
  async runAlone<T>(work: () => Promise<T>): Promise<T> {
    const before = [...this.#tables.values(), this.#alone]
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#alone = promise
    try {
      await Promise.all(before)
      return await work()
    } finally {
      resolve()
    }
  }
}
