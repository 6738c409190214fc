const aheadBytes = 4 * 1024 * 1024

/** A file whose reading begins at once and goes on by itself, up to 4 MiB before the one who takes its chunks. */
export class AheadFile {
  readonly #chunks: Uint8Array[] = []
  readonly #end: () => void
  readonly #filling: Promise<void>
  #held = 0
  #isOver = false
  #changed = Promise.withResolvers<void>()

  /** Begins to take the bytes, whose chunks must keep their memory, and which `end` ends before their time. */
  constructor(bytes: AsyncIterable<Uint8Array>, end: () => void) {
    this.#end = end
    this.#filling = this.#fill(bytes)
    // Whoever takes the chunks learns of the failure.
    this.#filling.catch(() => {})
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
        if (this.#isOver) break
        await this.#changed.promise
      }
      await this.#filling
    } finally {
      this.cancel()
    }
  }

  /** Ends the reading, if it has not ended; its failure then concerns nobody. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#end()
    this.#change()
  }

  async #fill(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of bytes) {
        this.#chunks.push(chunk)
        this.#held += chunk.length
        this.#change()
        while (this.#held >= aheadBytes && !this.#isOver) await this.#changed.promise
        if (this.#isOver) return
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
