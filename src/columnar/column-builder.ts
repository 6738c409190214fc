import type { ColumnVector } from '../model/column-batch.ts'
import type { ColumnType } from '../model/column-type.ts'

const firstCapacity = 1024
/** So few bytes are copied by hand: a call for them would cost more. Four at a time, when there are enough for it to pay. */
const [copiedByHand, copiedByFour] = [160, 8]
const nothing = new Uint8Array(0)

/** Collects the cells of one column in the layout of {@link ColumnVector}; call the `add` method of the column's type. */
export class ColumnBuilder {
  readonly type: ColumnType
  #values = Buffer.allocUnsafeSlow(firstCapacity)
  #view = viewOf(this.#values)
  /** Where the last value was copied from: a page or chunk has many. */
  #source: Uint8Array = nothing
  #sourceView = viewOf(nothing)
  #used = 0
  #present = 0
  #rows = 0
  #nulls = 0
  #validity: Buffer | undefined

  constructor(type: ColumnType) {
    this.type = type
  }

  get rows(): number {
    return this.#rows
  }

  /** The bytes of the values so far. */
  get bytes(): number {
    return this.#used
  }

  addNull(): void {
    if (this.#validity === undefined) this.#validity = Buffer.alloc(Math.max(64, (this.#rows >> 3) + 1), 0xff)
    const row = this.#rows++
    this.#reserveValidity(row)
    const at = row >> 3
    this.#validity[at] = (this.#validity[at] ?? 0xff) & ~(1 << (row & 7))
    this.#nulls++
  }

  addBoolean(v: boolean): void {
    const bit = this.#present & 7
    if (bit === 0) {
      this.#reserve(1)
      this.#values[this.#used++] = 0
    }
    const at = this.#used - 1
    if (v) this.#values[at] = (this.#values[at] ?? 0) | (1 << bit)
    this.#added()
  }

  /** int8, int16, int32, date. */
  addInt(v: number): void {
    this.#reserve(4)
    this.#used = this.#values.writeInt32LE(v, this.#used)
    this.#added()
  }

  /** int64, time, timestamp, timestamptz, and any decimal as its unscaled value. */
  addBigint(v: bigint): void {
    if (this.type.kind === 'decimal' && this.type.precision > 18) {
      this.#reserve(16)
      this.#used = this.#values.writeBigInt64BE(v >> 64n, this.#used)
      this.#used = this.#values.writeBigUInt64BE(BigInt.asUintN(64, v), this.#used)
    } else {
      this.#reserve(8)
      this.#used = this.#values.writeBigInt64LE(v, this.#used)
    }
    this.#added()
  }

  /** Like {@link addBigint} for values of 64 bits, given as two halves: `low` as 32 bits, `high` with the sign. */
  addHalves(low: number, high: number): void {
    if (this.type.kind === 'decimal' && this.type.precision > 18) {
      this.#reserve(16)
      const sign = high < 0 ? -1 : 0
      this.#used = this.#values.writeInt32BE(sign, this.#used)
      this.#used = this.#values.writeInt32BE(sign, this.#used)
      this.#used = this.#values.writeInt32BE(high | 0, this.#used)
      this.#used = this.#values.writeInt32BE(low | 0, this.#used)
    } else {
      this.#reserve(8)
      const values = this.#values
      const at = this.#used
      values[at] = low
      values[at + 1] = low >>> 8
      values[at + 2] = low >>> 16
      values[at + 3] = low >>> 24
      values[at + 4] = high
      values[at + 5] = high >>> 8
      values[at + 6] = high >>> 16
      values[at + 7] = high >>> 24
      this.#used = at + 8
    }
    this.#added()
  }

  /** float, double. */
  addNumber(v: number): void {
    this.#reserve(8)
    this.#used = this.type.kind === 'float' ? this.#values.writeFloatLE(v, this.#used) : this.#values.writeDoubleLE(v, this.#used)
    this.#added()
  }

  /** text, json, uuid. */
  addString(v: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.#reserve(4 + v.length * 3)
    const length = this.#values.write(v, this.#used + 4, 'utf8')
    this.#values.writeUInt32LE(length, this.#used)
    this.#used += 4 + length
    this.#added()
  }

  /** text, json, uuid (as UTF-8) and binary: the bytes of `source` from `start` up to `end`. */
  addBytes(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.#reserve(4 + length)
    const values = this.#values
    let at = this.#used
    values[at++] = length
    values[at++] = length >>> 8
    values[at++] = length >>> 16
    values[at++] = length >>> 24
    if (length > copiedByHand) values.set(source.subarray(start, end), at)
    else this.#copy(source, start, end, at)
    this.#used += 4 + length
    this.#added()
  }

  #copy(source: Uint8Array, start: number, end: number, target: number): void {
    const values = this.#values
    let from = start
    let at = target
    if (end - from >= copiedByFour) {
      if (source !== this.#source) {
        this.#source = source
        this.#sourceView = viewOf(source)
      }
      for (; from + 4 <= end; from += 4, at += 4) this.#view.setInt32(at, this.#sourceView.getInt32(from, true), true)
    }
    for (; from < end; from++) values[at++] = source[from] ?? 0
  }

  /** Hands over what was collected and starts anew. */
  take(): ColumnVector {
    const vector: ColumnVector = {
      type: this.type,
      nulls: this.#nulls,
      validity: this.#validity?.subarray(0, (this.#rows + 7) >> 3),
      values: this.#values.subarray(0, this.#used),
    }
    // The next rows will need about as much, and growing there step by step would copy it twice.
    this.#values = Buffer.allocUnsafeSlow(Math.max(firstCapacity, this.#used + (this.#used >> 3)))
    this.#view = viewOf(this.#values)
    this.#source = nothing
    this.#sourceView = viewOf(nothing)
    this.#used = 0
    this.#present = 0
    this.#rows = 0
    this.#nulls = 0
    this.#validity = undefined
    return vector
  }

  #added(): void {
    this.#present++
    const row = this.#rows++
    if (this.#validity !== undefined) this.#reserveValidity(row)
  }

  #reserveValidity(row: number): void {
    const old = this.#validity
    if (old === undefined || row >> 3 < old.length) return
    this.#validity = Buffer.alloc(old.length * 2, 0xff)
    old.copy(this.#validity)
  }

  #reserve(more: number): void {
    const need = this.#used + more
    if (need <= this.#values.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#values.length * 2, need))
    this.#values.copy(grown, 0, 0, this.#used)
    this.#values = grown
    this.#view = viewOf(grown)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
