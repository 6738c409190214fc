/** The least and the greatest value of a column chunk, as the footer's statistics hold them. */
export interface ValueBounds {
  readonly min: Uint8Array
  /** Undefined when nothing shorter is above the greatest value. */
  readonly max: Uint8Array | undefined
  /** False when the value was too long and this is only something below it. */
  readonly isMinExact: boolean
  /** False when the value was too long and this is only something above it. */
  readonly isMaxExact: boolean
}

/** Bounds of values of 4 or 8 bytes, given as two words. */
export interface NumberBounds {
  add(low: number, high: number): void
  /** Adds `count` values that lie one behind the other. */
  addAll(words: Int32Array, count: number): void
  /** The bounds so far; starts anew. */
  take(): ValueBounds | undefined
}

export class Int32Bounds implements NumberBounds {
  #min = 0x7fffffff
  #max = -0x80000000

  add(low: number): void {
    if (low < this.#min) this.#min = low
    if (low > this.#max) this.#max = low
  }

  addAll(words: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.add(words[index] as number)
  }

  take(): ValueBounds | undefined {
    if (this.#min > this.#max) return undefined
    const [min, max] = [Buffer.alloc(4), Buffer.alloc(4)]
    min.writeInt32LE(this.#min)
    max.writeInt32LE(this.#max)
    this.#min = 0x7fffffff
    this.#max = -0x80000000
    return exact(min, max)
  }
}

export class Int64Bounds implements NumberBounds {
  #hasValue = false
  #minLow = 0
  #minHigh = 0
  #maxLow = 0
  #maxHigh = 0

  add(low: number, high: number): void {
    const unsigned = low >>> 0
    if (!this.#hasValue || high < this.#minHigh || (high === this.#minHigh && unsigned < this.#minLow)) {
      this.#minLow = unsigned
      this.#minHigh = high
    }
    if (!this.#hasValue || high > this.#maxHigh || (high === this.#maxHigh && unsigned > this.#maxLow)) {
      this.#maxLow = unsigned
      this.#maxHigh = high
    }
    this.#hasValue = true
  }

  addAll(words: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.add(words[2 * index] as number, words[2 * index + 1] as number)
  }

  take(): ValueBounds | undefined {
    if (!this.#hasValue) return undefined
    this.#hasValue = false
    const [min, max] = [Buffer.alloc(8), Buffer.alloc(8)]
    min.writeInt32LE(this.#minHigh, min.writeUInt32LE(this.#minLow))
    max.writeInt32LE(this.#maxHigh, max.writeUInt32LE(this.#maxLow))
    return exact(min, max)
  }
}

/** NaN has no order and is left out; a zero bound stands for both zeros, as Parquet asks. */
export class FloatBounds implements NumberBounds {
  readonly #width: 4 | 8
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  readonly #words = new Int32Array(2)

  constructor(width: 4 | 8) {
    this.#width = width
  }

  add(low: number, high: number): void {
    this.#words[0] = low
    this.#words[1] = high
    this.addAll(this.#words, 1)
  }

  addAll(words: Int32Array, count: number): void {
    const floats =
      this.#width === 4
        ? new Float32Array(words.buffer, words.byteOffset, count)
        : new Float64Array(words.buffer, words.byteOffset, count)
    for (let index = 0; index < count; index++) {
      const value = floats[index] as number
      if (value < this.#min) this.#min = value
      if (value > this.#max) this.#max = value
    }
  }

  take(): ValueBounds | undefined {
    const [min, max] = [this.#min, this.#max]
    this.#min = Number.POSITIVE_INFINITY
    this.#max = Number.NEGATIVE_INFINITY
    return min > max ? undefined : exact(this.#bytes(min === 0 ? -0 : min), this.#bytes(max === 0 ? 0 : max))
  }

  #bytes(value: number): Buffer {
    const bytes = Buffer.alloc(this.#width)
    if (this.#width === 4) bytes.writeFloatLE(value)
    else bytes.writeDoubleLE(value)
    return bytes
  }
}

/** Bounds that lie whole in the file. */
export function exact(min: Uint8Array, max: Uint8Array): ValueBounds {
  return { min, max, isMinExact: true, isMaxExact: true }
}
