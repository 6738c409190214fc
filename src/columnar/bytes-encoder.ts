import { BytesBounds } from './bytes-bounds.ts'
import { BytesDictionary } from './bytes-dictionary.ts'
import { encodeCodes, pays } from './dictionary-codes.ts'
import type { EncoderOptions } from './number-encoder.ts'
import type { EncodedChunk, EncodedValues, ValueEncoder } from './value-encoder.ts'

const firstPlainBytes = 1 << 19
/** After so many values it is known whether nearly all are different, as in a key. */
const trialValues = 8_192

/** Values that bring their length. Those that the dictionary knows are never copied. */
export class BytesEncoder implements ValueEncoder {
  readonly #options: EncoderOptions
  readonly #bounds: BytesBounds
  readonly #dictionary = new BytesDictionary()
  readonly #codes: Int32Array
  #coded = 0
  #chunkValues = 0
  #isDictionaryUsed = false
  #isPlain = false
  #page: Buffer | undefined
  #end: number

  constructor(options: EncoderOptions, isText: boolean) {
    this.#options = options
    this.#bounds = new BytesBounds(isText)
    this.#codes = new Int32Array(options.pageRows)
    this.#end = options.room
  }

  get bytes(): number {
    return this.#coded * 2 + this.#end - this.#options.room
  }

  add(values: Uint8Array, at: number, count: number): number {
    let next = at
    let left = count
    while (left > 0 && !this.#isPlain) {
      const length = lengthAt(values, next)
      const code = this.#codeOf(values, next + 4, length)
      if (code < 0) {
        this.#giveUpDictionary()
      } else {
        this.#codes[this.#coded++] = code
        this.#chunkValues++
        next += 4 + length
        left--
      }
    }
    return left > 0 ? this.#addPlain(values, next, left) : next
  }

  endPage(): EncodedValues {
    const { pool, room } = this.#options
    if (!this.#isPlain && !pays(this.#dictionary.entries, this.#chunkValues)) this.#giveUpDictionary()
    // A page without values needs no codes, and perhaps there is no dictionary for them.
    if (this.#isPlain || this.#coded === 0) {
      const encoded = { buffer: this.#page ?? pool.take(room), start: room, end: this.#end, isDictionary: false }
      this.#page = undefined
      this.#end = room
      return encoded
    }
    this.#isDictionaryUsed = true
    const encoded = encodeCodes(pool, room, this.#codes, this.#coded, this.#dictionary.entries)
    this.#coded = 0
    return encoded
  }

  endChunk(): EncodedChunk {
    const { entries } = this.#dictionary
    const dictionary = this.#isDictionaryUsed ? { bytes: Uint8Array.from(this.#dictionary.bytes()), entries } : undefined
    this.#dictionary.clear()
    this.#chunkValues = 0
    this.#isDictionaryUsed = false
    return { dictionary, bounds: this.#bounds.take() }
  }

  get #isKey(): boolean {
    return this.#chunkValues >= trialValues && this.#dictionary.entries * 50 > this.#chunkValues * 49
  }

  /** The value's code; -1 when it is time to give up the dictionary. */
  #codeOf(values: Uint8Array, start: number, length: number): number {
    const known = this.#dictionary.find(values, start, length)
    if (known >= 0) return known
    if (this.#isKey) return -1
    const added = this.#dictionary.add(values, start, length)
    if (added >= 0) this.#bounds.add(values, start, length)
    return added
  }

  /** For the rest of the file; the page's values so far become plain. */
  #giveUpDictionary(): void {
    this.#isPlain = true
    const codes = this.#codes
    for (let index = 0; index < this.#coded; ) {
      const first = codes[index] as number
      // New values follow each other in the dictionary as in the page.
      let next = first + 1
      for (index += 1; index < this.#coded && codes[index] === next; index++) next += 1
      const entries = this.#dictionary.entriesFrom(first, next)
      this.#reserve(entries.length).set(entries, this.#end)
      this.#end += entries.length
    }
    this.#coded = 0
  }

  #addPlain(values: Uint8Array, at: number, count: number): number {
    const bounds = this.#bounds
    let next = at
    for (let index = 0; index < count; index++) {
      const length = lengthAt(values, next)
      bounds.add(values, next + 4, length)
      next += 4 + length
    }
    this.#reserve(next - at).set(values.subarray(at, next), this.#end)
    this.#end += next - at
    return next
  }

  #reserve(more: number): Buffer {
    const { pool, room } = this.#options
    const need = this.#end + more
    if (this.#page !== undefined && need <= this.#page.length) return this.#page
    const page = pool.take(Math.max(need, room + firstPlainBytes))
    if (this.#page !== undefined) {
      this.#page.copy(page, room, room, this.#end)
      pool.give(this.#page)
    }
    this.#page = page
    return page
  }
}

function lengthAt(values: Uint8Array, at: number): number {
  const low = (values[at] as number) | ((values[at + 1] as number) << 8) | ((values[at + 2] as number) << 16)
  return (low | ((values[at + 3] as number) << 24)) >>> 0
}
