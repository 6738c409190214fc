import { closeArray, closeObject, comma, openArray, openObject, quote } from './json-bytes.ts'

const backslash = 0x5c

/** Finds where one JSON value ends, by brackets and quotes alone, also when it comes in pieces. */
export class ValueScan {
  #depth = 0
  #isQuoted = false
  #isEscaped = false
  #isWord = false

  /** Begins a value with the byte that it begins with. */
  begin(first: number): void {
    this.#depth = 0
    this.#isQuoted = false
    this.#isEscaped = false
    this.#isWord = first !== quote && first !== openArray && first !== openObject
  }

  /** Behind the value, when its end lies between `start`, where the last piece ended, and `limit`; else -1. */
  end(data: Uint8Array, start: number, limit: number): number {
    if (this.#isWord) return wordEnd(data, start, limit)
    for (let at = start; at < limit; ) {
      at = this.#isQuoted ? this.#quoted(data, at, limit) : this.#step(data[at] ?? 0, at)
      if (!this.#isQuoted && this.#depth === 0 && at > 0) {
        const last = data[at - 1]
        if (last === quote || last === closeArray || last === closeObject) return at
      }
    }
    return -1
  }

  #step(byte: number, at: number): number {
    if (byte === quote) this.#isQuoted = true
    else if (byte === openArray || byte === openObject) this.#depth += 1
    else if (byte === closeArray || byte === closeObject) this.#depth -= 1
    return at + 1
  }

  #quoted(data: Uint8Array, start: number, limit: number): number {
    for (let at = start; at < limit; at++) {
      const byte = data[at]
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === backslash) this.#isEscaped = true
      else if (byte === quote) {
        this.#isQuoted = false
        return at + 1
      }
    }
    return limit
  }
}

function wordEnd(data: Uint8Array, start: number, limit: number): number {
  for (let at = start; at < limit; at++) {
    const byte = data[at] ?? 0
    if (byte === comma || byte === closeArray || byte === closeObject || byte <= 0x20) return at
  }
  return -1
}
