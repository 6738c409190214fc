import type { BufferPool } from './buffer-pool.ts'
import { encodeCodes, pays } from './dictionary-codes.ts'
import { maxDictionaryEntries } from './parquet-type.ts'
import type { NumberBounds } from './value-bounds.ts'
import type { EncodedChunk, EncodedValues, ValueEncoder } from './value-encoder.ts'

export interface EncoderOptions {
  readonly pool: BufferPool
  /** At most so many rows a page. */
  readonly pageRows: number
  /** The bytes to keep free before the values; a multiple of 8. */
  readonly room: number
}

/**
 * Values of 4 or 8 bytes. A dictionary is tried first and, where it does not pay, given up for the rest of the file;
 * while it lasts, only its new entries can change the bounds.
 */
export class NumberEncoder implements ValueEncoder {
  readonly #options: EncoderOptions
  readonly #width: 4 | 8
  readonly #bounds: NumberBounds
  readonly #dictionary: NumberDictionary
  readonly #codes: Int32Array
  #page: Buffer
  #words: Int32Array
  #count = 0
  #chunkValues = 0
  #isDictionaryUsed = false
  #isPlain = false

  constructor(options: EncoderOptions, width: 4 | 8, bounds: NumberBounds) {
    this.#options = options
    this.#width = width
    this.#bounds = bounds
    this.#dictionary = new NumberDictionary(width, bounds)
    this.#codes = new Int32Array(options.pageRows)
    this.#page = this.#newPage()
    this.#words = this.#wordsOf(this.#page)
  }

  get bytes(): number {
    return this.#count * this.#width
  }

  add(values: Uint8Array, at: number, count: number): number {
    const end = at + count * this.#width
    this.#page.set(values.subarray(at, end), this.#options.room + this.bytes)
    this.#count += count
    return end
  }

  endPage(): EncodedValues {
    const { pool, room } = this.#options
    const count = this.#count
    this.#chunkValues += count
    if (!this.#isPlain) this.#isPlain = !this.#encode(count)
    // A page without values needs no codes, and perhaps there is no dictionary for them.
    if (!this.#isPlain && count > 0) {
      this.#isDictionaryUsed = true
      this.#count = 0
      return encodeCodes(pool, room, this.#codes, count, this.#dictionary.entries)
    }
    this.#bounds.addAll(this.#words, count)
    const encoded = { buffer: this.#page, start: room, end: room + this.bytes, isDictionary: false }
    this.#page = this.#newPage()
    this.#words = this.#wordsOf(this.#page)
    this.#count = 0
    return encoded
  }

  endChunk(): EncodedChunk {
    const entries = this.#dictionary.entries
    const dictionary = this.#isDictionaryUsed ? { bytes: this.#dictionary.bytes(), entries } : undefined
    this.#dictionary.clear()
    this.#chunkValues = 0
    this.#isDictionaryUsed = false
    return { dictionary, bounds: this.#bounds.take() }
  }

  #encode(count: number): boolean {
    const isEncoded =
      this.#width === 4
        ? this.#dictionary.encodeSingle(this.#words, count, this.#codes)
        : this.#dictionary.encodeDouble(this.#words, count, this.#codes)
    return isEncoded && pays(this.#dictionary.entries, this.#chunkValues)
  }

  #newPage(): Buffer {
    const { pool, pageRows, room } = this.#options
    return pool.take(room + pageRows * this.#width)
  }

  #wordsOf(page: Buffer): Int32Array {
    const { pageRows, room } = this.#options
    return new Int32Array(page.buffer, page.byteOffset + room, (pageRows * this.#width) >> 2)
  }
}

/** Numbers by their bits, open addressing. A code is the order of arrival. */
class NumberDictionary {
  readonly #width: 4 | 8
  readonly #bounds: NumberBounds
  #slots = new Int32Array(1024)
  #low = new Int32Array(512)
  #high = new Int32Array(512)
  #entries = 0

  constructor(width: 4 | 8, bounds: NumberBounds) {
    this.#width = width
    this.#bounds = bounds
  }

  get entries(): number {
    return this.#entries
  }

  /** Writes the code of each value; false when there are too many different ones. */
  encodeSingle(words: Int32Array, count: number, codes: Int32Array): boolean {
    let [slots, low] = [this.#slots, this.#low]
    for (let index = 0; index < count; index++) {
      const value = words[index] as number
      let slot = hash(value, 0) & (slots.length - 1)
      let entry = slots[slot] as number
      while (entry !== 0 && low[entry - 1] !== value) {
        slot = (slot + 1) & (slots.length - 1)
        entry = slots[slot] as number
      }
      if (entry === 0) {
        if (this.#entries === maxDictionaryEntries) return false
        entry = this.#add(slot, value, 0)
        slots = this.#slots
        low = this.#low
      }
      codes[index] = entry - 1
    }
    return true
  }

  /** The same for values of two words. */
  encodeDouble(words: Int32Array, count: number, codes: Int32Array): boolean {
    let [slots, low, high] = [this.#slots, this.#low, this.#high]
    for (let index = 0; index < count; index++) {
      const first = words[2 * index] as number
      const second = words[2 * index + 1] as number
      let slot = hash(first, second) & (slots.length - 1)
      let entry = slots[slot] as number
      while (entry !== 0 && (low[entry - 1] !== first || high[entry - 1] !== second)) {
        slot = (slot + 1) & (slots.length - 1)
        entry = slots[slot] as number
      }
      if (entry === 0) {
        if (this.#entries === maxDictionaryEntries) return false
        entry = this.#add(slot, first, second)
        slots = this.#slots
        low = this.#low
        high = this.#high
      }
      codes[index] = entry - 1
    }
    return true
  }

  /** The entries in PLAIN layout. */
  bytes(): Uint8Array {
    const words = new Int32Array((this.#entries * this.#width) >> 2)
    const stride = this.#width >> 2
    for (let entry = 0; entry < this.#entries; entry++) {
      words[entry * stride] = this.#low[entry] as number
      if (stride === 2) words[entry * 2 + 1] = this.#high[entry] as number
    }
    return new Uint8Array(words.buffer)
  }

  clear(): void {
    this.#slots.fill(0)
    this.#entries = 0
  }

  /** Returns the new entry, counted from 1. */
  #add(slot: number, low: number, high: number): number {
    this.#bounds.add(low, high)
    if (this.#entries === this.#low.length) {
      this.#low = doubled(this.#low)
      this.#high = doubled(this.#high)
    }
    this.#low[this.#entries] = low
    this.#high[this.#entries] = high
    const entry = ++this.#entries
    this.#slots[slot] = entry
    if (entry * 2 > this.#slots.length) this.#spread()
    return entry
  }

  #spread(): void {
    const slots = new Int32Array(this.#slots.length * 4)
    for (let entry = 1; entry <= this.#entries; entry++) {
      let slot = hash(this.#low[entry - 1] as number, this.#high[entry - 1] as number) & (slots.length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = entry
    }
    this.#slots = slots
  }
}

function hash(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(array.length * 2)
  longer.set(array)
  return longer
}
