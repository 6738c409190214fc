import { quote } from './json-bytes.ts'

const backslash = 0x5c
const letterU = 0x75
/** The highest bit of each byte of a word. */
const highBits = 0x80808080 | 0

/** What may follow a backslash, and the byte that it stands for. */
const escapes = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(([letter, character]) => [
    letter.charCodeAt(0),
    character.charCodeAt(0),
  ]),
)

/** 1 for the bytes that stand for themselves. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x20 || byte === quote || byte === backslash ? 0 : 1))

/** What a scan learnt about a string. */
export interface StringFacts {
  /** Behind the closing quote; -1 when it is no JSON string. */
  end: number
  hasEscapes: boolean
  hasLoneSurrogate: boolean
  /** From 128 on, the string is not plain ASCII. */
  bits: number
}

/** Checks the string whose opening quote lies at `start`, and leaves what it learnt in `facts`. `view`: the same bytes. */
export function scanString(data: Uint8Array, view: DataView, start: number, limit: number, facts: StringFacts): void {
  let bits = 0
  facts.bits = 0
  facts.end = -1
  facts.hasEscapes = false
  facts.hasLoneSurrogate = false
  for (let at = start + 1; at < limit; at++) {
    at = skipPlainWords(view, at, limit, facts)
    if (at >= limit) break
    let byte = data[at] ?? 0
    while (isPlain[byte] === 1 && at + 1 < limit) {
      bits |= byte
      at += 1
      byte = data[at] ?? 0
    }
    if (byte === quote) {
      facts.end = at + 1
      break
    }
    if (byte < 0x20) break
    bits |= byte
    if (byte !== backslash) continue
    facts.hasEscapes = true
    at = scanEscape(data, at, limit, facts)
    if (at < 0) break
  }
  facts.bits |= bits
}

/** Behind the plain bytes from `start` on, but for the last few. */
function skipPlainWords(view: DataView, start: number, limit: number, facts: StringFacts): number {
  let at = start
  let words = 0
  for (; at + 4 <= limit; at += 4) {
    const word = view.getInt32(at, true)
    if (!isPlainWord(word)) break
    words |= word
  }
  if ((words & highBits) !== 0) facts.bits |= 0x80
  return at
}

/** Whether each of the four bytes stands for itself. */
function isPlainWord(word: number): boolean {
  const quotes = word ^ 0x22222222
  const backslashes = word ^ 0x5c5c5c5c
  // A byte that is less than what is taken from it borrows, and so sets its highest bit where it was not set.
  const odd = ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes) | ((word - 0x20202020) & ~word)
  return (odd & highBits) === 0
}

/** The last byte of the escape that begins at `at`, of both halves when it is a pair; -1 when it is none. */
function scanEscape(data: Uint8Array, at: number, limit: number, facts: StringFacts): number {
  if (at + 1 >= limit) return -1
  if (data[at + 1] !== letterU) return escapes.has(data[at + 1] ?? 0) ? at + 1 : -1
  const unit = unitAt(data, at, limit)
  if (unit < 0) return -1
  if (!isSurrogate(unit)) return at + 5
  const low = isHigh(unit) ? unitAt(data, at + 6, limit) : -1
  if (isLow(low)) return at + 11
  facts.hasLoneSurrogate = true
  return at + 5
}

/**
 * Writes what stands between `start` and `end`, a checked string without its quotes, as UTF-8 into `target`,
 * which is at least as long; returns the number of bytes.
 */
export function unescapeInto(target: Buffer, data: Uint8Array, start: number, end: number): number {
  let length = 0
  let at = start
  while (at < end) {
    const byte = data[at] ?? 0
    if (byte !== backslash) {
      target[length++] = byte
      at += 1
    } else if (data[at + 1] !== letterU) {
      target[length++] = escapes.get(data[at + 1] ?? 0) ?? 0
      at += 2
    } else {
      const unit = unitAt(data, at, end)
      const low = isHigh(unit) ? unitAt(data, at + 6, end) : -1
      const isPair = isLow(low)
      length += target.write(isPair ? String.fromCharCode(unit, low) : String.fromCharCode(unit), length, 'utf8')
      at += isPair ? 12 : 6
    }
  }
  return length
}

/** The UTF-16 unit that `\uXXXX` at `at` names; -1 when no such escape stands there. */
function unitAt(data: Uint8Array, at: number, limit: number): number {
  if (at + 6 > limit || data[at] !== backslash || data[at + 1] !== letterU) return -1
  let unit = 0
  for (let index = at + 2; index < at + 6; index++) {
    const digit = hexDigit(data[index] ?? 0)
    if (digit < 0) return -1
    unit = unit * 16 + digit
  }
  return unit
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
