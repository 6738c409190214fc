import type { ValueBounds } from './value-bounds.ts'

/** Longer values are not kept whole: the footer would grow with them. */
const keptBytes = 64

/** The least and the greatest of values of any length, in the order of their bytes. */
export class BytesBounds {
  readonly #isText: boolean
  #hasValue = false
  readonly #min = new Uint8Array(keptBytes)
  #minLength = 0
  #isMinCut = false
  readonly #max = new Uint8Array(keptBytes)
  #maxLength = 0
  #isMaxCut = false

  /** With `isText`, what is cut stays valid UTF-8. */
  constructor(isText: boolean) {
    this.#isText = isText
  }

  /** Adds the value of `length` bytes at `start`. */
  add(bytes: Uint8Array, start: number, length: number): void {
    // Nearly every value is between the bounds already by its first byte.
    const first = bytes[start] as number
    if (this.#hasValue && length > 0 && first > (this.#min[0] as number) && first < (this.#max[0] as number)) return
    const kept = Math.min(length, keptBytes)
    // What is above the greatest is not below the least: values often come in their order.
    const isAbove = this.#addMax(bytes, start, kept, length)
    if (!isAbove || !this.#hasValue) this.#addMin(bytes, start, kept, length)
    this.#hasValue = true
  }

  /** The bounds so far; starts anew. */
  take(): ValueBounds | undefined {
    if (!this.#hasValue) return undefined
    this.#hasValue = false
    const min = this.#min.slice(0, this.#isMinCut ? this.#boundary(this.#min) : this.#minLength)
    const max = this.#isMaxCut ? this.#above() : this.#max.slice(0, this.#maxLength)
    return { min, max, isMinExact: !this.#isMinCut, isMaxExact: !this.#isMaxCut }
  }

  #addMin(bytes: Uint8Array, start: number, kept: number, length: number): void {
    const order = this.#hasValue ? compare(bytes, start, kept, this.#min, this.#minLength) : -1
    if (order === 0 && length === kept) this.#isMinCut = false
    if (order >= 0) return
    copy(bytes, start, kept, this.#min)
    this.#minLength = kept
    this.#isMinCut = length > kept
  }

  /** True when it is above the greatest one so far, or the first. */
  #addMax(bytes: Uint8Array, start: number, kept: number, length: number): boolean {
    const order = this.#hasValue ? compare(bytes, start, kept, this.#max, this.#maxLength) : 1
    if (order === 0 && length > kept) this.#isMaxCut = true
    if (order <= 0) return false
    copy(bytes, start, kept, this.#max)
    this.#maxLength = kept
    this.#isMaxCut = length > kept
    return true
  }

  /** How much of a cut value ends with a whole character. */
  #boundary(bytes: Uint8Array): number {
    if (!this.#isText) return keptBytes
    let start = keptBytes - 1
    while (start > 0 && isContinuation(bytes[start])) start--
    const lead = bytes[start] ?? 0
    const width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    return start + width <= keptBytes ? start + width : start
  }

  /** Something above every value that begins like the cut greatest one; undefined when there is nothing. */
  #above(): Uint8Array | undefined {
    return this.#isText ? textAbove(this.#max.subarray(0, this.#boundary(this.#max))) : bytesAbove(this.#max)
  }
}

function textAbove(prefix: Uint8Array): Uint8Array | undefined {
  const characters = [...Buffer.from(prefix).toString('utf8')]
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const next = (last.codePointAt(0) ?? 0) + 1
    if (next > 0x10ffff) continue
    // Surrogates are no characters.
    return Buffer.from(characters.join('') + String.fromCodePoint(next === 0xd800 ? 0xe000 : next), 'utf8')
  }
  return undefined
}

function bytesAbove(prefix: Uint8Array): Uint8Array | undefined {
  const end = prefix.findLastIndex((byte) => byte < 0xff) + 1
  if (end === 0) return undefined
  const above = prefix.slice(0, end)
  above[end - 1] = (above[end - 1] as number) + 1
  return above
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

/** In a loop: for a few bytes `Buffer.compare` costs more than it saves. */
function compare(bytes: Uint8Array, start: number, length: number, other: Uint8Array, otherLength: number): number {
  const common = Math.min(length, otherLength)
  for (let index = 0; index < common; index++) {
    const difference = (bytes[start + index] as number) - (other[index] as number)
    if (difference !== 0) return difference
  }
  return length - otherLength
}

function copy(bytes: Uint8Array, start: number, length: number, target: Uint8Array): void {
  // The first byte is looked at alone, so it must be the least one where there is none.
  target[0] = 0
  for (let index = 0; index < length; index++) target[index] = bytes[start + index] as number
}
