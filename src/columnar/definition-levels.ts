/**
 * Which rows of a page have a value: a bit a row, least significant first.
 * Parquet's definition levels of a flat optional column are the same bits.
 */
export class DefinitionLevels {
  readonly #bits: Uint8Array
  #rows = 0
  #nulls = 0

  constructor(maxRows: number) {
    this.#bits = new Uint8Array((maxRows + 7) >> 3)
  }

  get rows(): number {
    return this.#rows
  }

  get nulls(): number {
    return this.#nulls
  }

  /** Takes the rows `from` to `from + count` of a vector and returns how many of them have a value. */
  add(validity: Uint8Array | undefined, from: number, count: number): number {
    const start = this.#rows
    this.#rows += count
    // The bits are needed only from the first NULL of the page on; those before it are then all ones.
    if (validity === undefined && this.#nulls === 0) return count
    if (this.#nulls === 0) setBits(this.#bits, 0, start)
    if (validity === undefined) {
      setBits(this.#bits, start, this.#rows)
      return count
    }
    const present = copyBits(validity, from, this.#bits, start, count)
    this.#nulls += count - present
    return present
  }

  /** The most bytes that {@link writeBefore} needs for pages of so many rows, rounded up to a multiple of 8. */
  static room(maxRows: number): number {
    return (4 + 5 + ((maxRows + 7) >> 3) + 7) & ~7
  }

  /** Writes the levels right before `end`, returns where they begin and starts anew. */
  writeBefore(buffer: Buffer, end: number): number {
    const bitBytes = this.#nulls === 0 ? 0 : (this.#rows + 7) >> 3
    // All ones are one run of a repeated value, else one run of packed bits.
    const body = bitBytes === 0 ? [...varint(this.#rows * 2), 1] : varint(bitBytes * 2 + 1)
    const length = body.length + bitBytes
    const start = end - length - 4
    buffer.writeUInt32LE(length, start)
    buffer.set(body, start + 4)
    if (bitBytes > 0) buffer.set(this.#bits.subarray(0, bitBytes), end - bitBytes)
    this.#rows = 0
    this.#nulls = 0
    return start
  }
}

/** A number of the RLE encoding: seven bits a byte, least significant first. */
export function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest & 127) | 128)
    rest >>>= 7
  }
  bytes.push(rest)
  return bytes
}

function setBits(bits: Uint8Array, from: number, to: number): void {
  let at = from
  for (; at < to && (at & 7) !== 0; at++) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7))
  const whole = to >> 3
  if (at >> 3 < whole) {
    bits.fill(0xff, at >> 3, whole)
    at = whole << 3
  }
  for (; at < to; at++) bits[at >> 3] = (at & 7) === 0 ? 1 : (bits[at >> 3] as number) | (1 << (at & 7))
}

/** Copies bits and returns how many of them are ones. Bits behind the last one written may be anything. */
function copyBits(source: Uint8Array, from: number, target: Uint8Array, start: number, count: number): number {
  let ones = 0
  for (let index = 0; index < count; index++) {
    const bit = ((source[(from + index) >> 3] as number) >> ((from + index) & 7)) & 1
    const at = (start + index) >> 3
    const shift = (start + index) & 7
    target[at] = shift === 0 ? bit : ((target[at] as number) & ~(1 << shift)) | (bit << shift)
    ones += bit
  }
  return ones
}
