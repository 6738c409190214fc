const longestRecord = 256 * 1024 * 1024

/** Keeps the beginning of a record until its end comes, so that a tokenizer sees every record in one piece. */
export class RecordCarry {
  #held = Buffer.allocUnsafeSlow(0)
  #length = 0

  /** Whether the unfinished record is longer than any record may be. */
  get isTooLong(): boolean {
    return this.#length > longestRecord
  }

  /** The unfinished record with the chunk behind it. */
  join(chunk: Uint8Array): Uint8Array {
    if (this.#length === 0) return chunk
    this.#reserve(this.#length + chunk.length)
    this.#held.set(chunk, this.#length)
    return this.#held.subarray(0, this.#length + chunk.length)
  }

  /** Keeps what follows `start` of the bytes that `join` gave. */
  keep(joined: Uint8Array, start: number): void {
    const length = joined.length - start
    if (joined.buffer === this.#held.buffer) {
      if (start > 0) this.#held.copyWithin(0, start, joined.length)
    } else {
      this.#reserve(length)
      this.#held.set(joined.subarray(start), 0)
    }
    this.#length = length
  }

  #reserve(need: number): void {
    if (need <= this.#held.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.#held.length * 2))
    this.#held.copy(grown, 0, 0, this.#length)
    this.#held = grown
  }
}
