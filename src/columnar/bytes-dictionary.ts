import { maxDictionaryEntries } from './parquet-type.ts'

/** A dictionary of more bytes does not pay. */
const maxBytes = 1 << 20

/** Byte strings, open addressing. The entries lie as the dictionary's page lays them out: length, then bytes. */
export class BytesDictionary {
  #slots = new Int32Array(1024)
  #bytes = Buffer.allocUnsafeSlow(8192)
  #used = 0
  #offsets = new Int32Array(513)
  #entries = 0
  #lastCode = -1

  get entries(): number {
    return this.#entries
  }

  /** The code of the `length` bytes at `start`; -1 when they are not there, see {@link BytesDictionary.add}. */
  find(source: Uint8Array, start: number, length: number): number {
    // Many columns say the same thing for many rows.
    if (this.#lastCode >= 0 && this.#equals(this.#lastCode, source, start, length)) return this.#lastCode
    const mask = this.#slots.length - 1
    let slot = hash(source, start, length) & mask
    for (;;) {
      const entry = this.#slots[slot] as number
      if (entry === 0) return -1
      if (this.#equals(entry - 1, source, start, length)) {
        this.#lastCode = entry - 1
        return entry - 1
      }
      slot = (slot + 1) & mask
    }
  }

  /** The code of bytes that are new; -1 when the dictionary is full. */
  add(source: Uint8Array, start: number, length: number): number {
    const end = this.#used + 4 + length
    if (this.#entries === maxDictionaryEntries || end > maxBytes) return -1
    this.#reserve(end)
    this.#bytes.writeUInt32LE(length, this.#used)
    this.#bytes.set(source.subarray(start, start + length), this.#used + 4)
    this.#used = end
    this.#offsets[++this.#entries] = end
    this.#place(this.#slots, this.#entries)
    if (this.#entries * 2 > this.#slots.length) this.#spread()
    this.#lastCode = this.#entries - 1
    return this.#lastCode
  }

  /** The entries in PLAIN layout; valid until the next change. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  /** The entries from one code up to another in PLAIN layout; valid until the next change. */
  entriesFrom(code: number, end: number): Uint8Array {
    return this.#bytes.subarray(this.#offsets[code], this.#offsets[end])
  }

  clear(): void {
    this.#slots.fill(0)
    this.#used = 0
    this.#entries = 0
    this.#lastCode = -1
  }

  #equals(code: number, source: Uint8Array, start: number, length: number): boolean {
    const at = (this.#offsets[code] as number) + 4
    if ((this.#offsets[code + 1] as number) - at !== length) return false
    const bytes = this.#bytes
    for (let index = 0; index < length; index++) if (bytes[at + index] !== source[start + index]) return false
    return true
  }

  #place(slots: Int32Array, entry: number): void {
    const at = (this.#offsets[entry - 1] as number) + 4
    let slot = hash(this.#bytes, at, (this.#offsets[entry] as number) - at) & (slots.length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = entry
  }

  #spread(): void {
    const slots = new Int32Array(this.#slots.length * 4)
    for (let entry = 1; entry <= this.#entries; entry++) this.#place(slots, entry)
    this.#slots = slots
  }

  #reserve(end: number): void {
    if (end > this.#bytes.length) {
      const longer = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, end))
      this.#bytes.copy(longer, 0, 0, this.#used)
      this.#bytes = longer
    }
    if (this.#entries + 1 === this.#offsets.length) {
      const longer = new Int32Array(this.#offsets.length * 2)
      longer.set(this.#offsets)
      this.#offsets = longer
    }
  }
}

function hash(bytes: Uint8Array, start: number, length: number): number {
  let mixed = length
  for (let index = start; index < start + length; index++) mixed = Math.imul(mixed ^ (bytes[index] as number), 0x01000193)
  return mixed ^ (mixed >>> 15)
}
