import type { EncoderOptions } from './number-encoder.ts'
import { exact, type ValueBounds } from './value-bounds.ts'
import type { EncodedChunk, EncodedValues, ValueEncoder } from './value-encoder.ts'

/** Booleans, a bit each. */
export class BooleanEncoder implements ValueEncoder {
  readonly #options: EncoderOptions
  #page: Buffer
  #bits = 0
  #hasFalse = false
  #hasTrue = false

  constructor(options: EncoderOptions) {
    this.#options = options
    this.#page = options.pool.take(options.room + ((options.pageRows + 7) >> 3))
  }

  get bytes(): number {
    return (this.#bits + 7) >> 3
  }

  add(values: Uint8Array, at: number, count: number): number {
    const { room } = this.#options
    for (let bit = at; bit < at + count; bit++) {
      const value = ((values[bit >> 3] as number) >> (bit & 7)) & 1
      const target = room + (this.#bits >> 3)
      const shift = this.#bits++ & 7
      this.#page[target] = shift === 0 ? value : (this.#page[target] as number) | (value << shift)
      if (value === 0) this.#hasFalse = true
      else this.#hasTrue = true
    }
    return at + count
  }

  endPage(): EncodedValues {
    const { pool, room, pageRows } = this.#options
    const encoded = { buffer: this.#page, start: room, end: room + this.bytes, isDictionary: false }
    this.#page = pool.take(room + ((pageRows + 7) >> 3))
    this.#bits = 0
    return encoded
  }

  endChunk(): EncodedChunk {
    const hasValue = this.#hasFalse || this.#hasTrue
    const bounds = hasValue ? exact(Uint8Array.of(this.#hasFalse ? 0 : 1), Uint8Array.of(this.#hasTrue ? 1 : 0)) : undefined
    this.#hasFalse = false
    this.#hasTrue = false
    return { dictionary: undefined, bounds }
  }
}

const wideBytes = 16

/** Decimals over 18 digits: 16 bytes each, big-endian two's complement. */
export class WideDecimalEncoder implements ValueEncoder {
  readonly #options: EncoderOptions
  #page: Buffer
  #count = 0
  #min: Buffer | undefined
  #max: Buffer | undefined

  constructor(options: EncoderOptions) {
    this.#options = options
    this.#page = options.pool.take(options.room + options.pageRows * wideBytes)
  }

  get bytes(): number {
    return this.#count * wideBytes
  }

  add(values: Uint8Array, at: number, count: number): number {
    const end = at + count * wideBytes
    this.#page.set(values.subarray(at, end), this.#options.room + this.bytes)
    this.#count += count
    return end
  }

  endPage(): EncodedValues {
    const { pool, room, pageRows } = this.#options
    const page = this.#page
    const end = room + this.bytes
    for (let at = room; at < end; at += wideBytes) {
      if (this.#min === undefined || isLess(page, at, this.#min, 0)) this.#min = Buffer.from(page.subarray(at, at + wideBytes))
      if (this.#max === undefined || isLess(this.#max, 0, page, at)) this.#max = Buffer.from(page.subarray(at, at + wideBytes))
    }
    this.#page = pool.take(room + pageRows * wideBytes)
    this.#count = 0
    return { buffer: page, start: room, end, isDictionary: false }
  }

  endChunk(): EncodedChunk {
    const bounds: ValueBounds | undefined = this.#min && this.#max && exact(this.#min, this.#max)
    this.#min = undefined
    this.#max = undefined
    return { dictionary: undefined, bounds }
  }
}

/** Whether one number is below another; only the first byte has a sign. */
function isLess(left: Buffer, leftAt: number, right: Buffer, rightAt: number): boolean {
  for (let index = 0; index < wideBytes; index++) {
    const flip = index === 0 ? 0x80 : 0
    const difference = ((left[leftAt + index] as number) ^ flip) - ((right[rightAt + index] as number) ^ flip)
    if (difference !== 0) return difference < 0
  }
  return false
}
