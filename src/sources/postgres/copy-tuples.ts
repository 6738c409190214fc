/** Finds the rows in the bytes of `COPY … (FORMAT binary)`, which may be cut anywhere. */
export class CopyTuples {
  /** Where each field of the row begins in {@link bytes}. */
  readonly starts: Int32Array
  /** How long it is; -1 for NULL. */
  readonly lengths: Int32Array
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #pieces: Buffer[] = []
  #held = 0
  #need = 0
  #hasBegun = false
  #hasEnded = false

  constructor(columns: number) {
    this.starts = new Int32Array(columns)
    this.lengths = new Int32Array(columns)
  }

  /** The bytes that the fields of the row are in, until more are pushed. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Whether the mark behind the last row has come. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Takes the bytes that come next; call it when {@link next} has found no more rows. */
  push(chunk: Buffer): void {
    if (this.#pieces.length === 0) {
      const rest = this.#bytes.subarray(this.#at)
      if (rest.length > 0) this.#pieces.push(rest)
      this.#held = rest.length
    }
    this.#pieces.push(chunk)
    this.#held += chunk.length
    this.#at = 0
    // A row of many megabytes is put together once, not with every piece of it.
    if (this.#held < this.#need) {
      this.#bytes = Buffer.alloc(0)
      return
    }
    this.#bytes = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces, this.#held)
    this.#pieces = []
    this.#need = 0
  }

  /** Steps to the next row that is there as a whole; throws a RangeError at bytes that are no such rows. */
  next(): boolean {
    if (this.#pieces.length > 0 || this.#hasEnded || !this.#pastHeader()) return false
    const bytes = this.#bytes
    const columns = this.starts.length
    let at = this.#at
    if (!this.#has(at + 2)) return false
    const fields = bytes.readInt16BE(at)
    at += 2
    if (fields === -1) {
      this.#at = at
      this.#hasEnded = true
      return false
    }
    if (fields !== columns) throw new RangeError(`a row of ${fields} instead of ${columns} fields`)
    for (let column = 0; column < columns; column++) {
      if (!this.#has(at + 4)) return false
      const length = bytes.readInt32BE(at)
      at += 4
      this.starts[column] = at
      this.lengths[column] = length
      if (length > 0) at += length
    }
    if (!this.#has(at)) return false
    this.#at = at
    return true
  }

  #has(end: number): boolean {
    if (end <= this.#bytes.length) return true
    this.#need = end - this.#at
    return false
  }

  #pastHeader(): boolean {
    if (this.#hasBegun) return true
    if (!this.#has(19)) return false
    const bytes = this.#bytes
    if (bytes.toString('latin1', 0, 11) !== 'PGCOPY\n\xff\r\n\0') throw new RangeError('no signature of COPY')
    const end = 19 + bytes.readInt32BE(15)
    if (!this.#has(end)) return false
    this.#at = end
    this.#hasBegun = true
    return true
  }
}
