const aheadBytes = 4 * 1024 * 1024

/** A file whose reading begins at once and goes on, up to 4 MiB before the one who takes its chunks. */
export class AheadFile {
  readonly #chunks: Uint8Array[] = []
  readonly #bytes: AsyncIterator<Uint8Array>
  readonly #filling: Promise<void>
  #held = 0
  #isOver = false
  #changed = Promise.withResolvers<void>()

  /** The chunks must keep their memory. */
  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes[Symbol.asyncIterator]()
    this.#filling = this.#fill()
    // Whoever takes the chunks learns of the failure.
    this.#filling.catch(() => {})
  }

  /** Whether a byte of it has come. */
  get hasBegun(): boolean {
    return this.#held > 0 || this.#isOver
  }

  /** The chunks, to be taken once. Rejects where the reading did. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      while (true) {
        for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
          this.#held -= chunk.length
          this.#change()
          yield chunk
        }
        if (this.#isOver) return await this.#filling
        await this.#changed.promise
      }
    } finally {
      await this.cancel()
    }
  }

  /** Ends the reading, whose failure then concerns nobody. */
  async cancel(): Promise<void> {
    this.#isOver = true
    this.#change()
    await this.#bytes.return?.().catch(() => {})
  }

  async #fill(): Promise<void> {
    try {
      while (!this.#isOver) {
        const { value, done } = await this.#bytes.next()
        if (done) return
        this.#chunks.push(value)
        this.#held += value.length
        this.#change()
        while (this.#held >= aheadBytes && !this.#isOver) await this.#changed.promise
      }
    } finally {
      this.#isOver = true
      this.#change()
    }
  }

  #change(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers<void>()
    resolve()
  }
}
