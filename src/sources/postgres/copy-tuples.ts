const copyData = 0x64
const copyDone = 0x63
const errorResponse = 0x45

/** Finds the rows in the messages of `COPY … (FORMAT binary)`, whose bytes may be cut anywhere. */
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
  #isOver = false

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

  /** Whether a message has come behind which there are no more rows: that of the end, or of an error. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What no row was found in: when it is over, from that message on. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }

  /** Takes the bytes that come next; call it when {@link next} has found no more rows. */
  push(chunk: Buffer): void {
    if (this.#pieces.length === 0) {
      const { rest } = this
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
    if (this.#pieces.length > 0 || this.#isOver) return false
    const bytes = this.#bytes
    for (;;) {
      const at = this.#at
      if (bytes.length - at < 5) return this.#lacks(5)
      const kind = bytes[at]
      if (kind === copyDone || kind === errorResponse) {
        this.#isOver = true
        return false
      }
      const size = 1 + int32(bytes, at + 1)
      if (bytes.length - at < size) return this.#lacks(size)
      this.#at = at + size
      if (kind === copyData && this.#isRow(bytes, at + 5, at + size)) return true
    }
  }

  #lacks(size: number): false {
    this.#need = size
    return false
  }

  /** The server sends each row in a message of its own, the header with the first. */
  #isRow(bytes: Buffer, start: number, end: number): boolean {
    let at = this.#hasBegun ? start : this.#pastHeader(bytes, start, end)
    if (at === end) return false
    const fields = bytes.readInt16BE(at)
    at += 2
    if (fields === -1) this.#hasEnded = true
    else at = this.#fields(bytes, at, fields)
    if (at !== end) throw new RangeError('a message that is not one row')
    return fields !== -1
  }

  #fields(bytes: Buffer, start: number, fields: number): number {
    const { starts, lengths } = this
    if (fields !== starts.length) throw new RangeError(`a row of ${fields} instead of ${starts.length} fields`)
    let at = start
    for (let column = 0; column < fields; column++) {
      const length = int32(bytes, at)
      at += 4
      starts[column] = at
      lengths[column] = length
      if (length > 0) at += length
    }
    return at
  }

  #pastHeader(bytes: Buffer, start: number, end: number): number {
    if (end - start < 19 || bytes.toString('latin1', start, start + 11) !== 'PGCOPY\n\xff\r\n\0') {
      throw new RangeError('no signature of COPY')
    }
    this.#hasBegun = true
    return start + 19 + bytes.readInt32BE(start + 15)
  }
}

function int32(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}
