import { closeArray, closeObject, openArray, openObject, quote } from './json-bytes.ts'

const literals = ['true', 'false', 'null'].map((text) => Buffer.from(text))
const minus = 0x2d
const zero = 0x30

/** The first byte from `start` on that is no JSON white space. */
export function skipSpace(data: Uint8Array, start: number, limit: number): number {
  let at = start
  while (at < limit) {
    const byte = data[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) break
    at++
  }
  return at
}

/** Whether a number may begin with the byte. */
export function isNumberStart(byte: number): boolean {
  return byte === minus || isDigit(byte)
}

/** Behind the number that begins at `start`, by JSON's grammar; -1 when it is none. */
export function scanNumber(data: Uint8Array, start: number, limit: number): number {
  let at = data[start] === minus ? start + 1 : start
  const whole = skipDigits(data, at, limit)
  // A leading zero stands alone.
  if (whole === at || (data[at] === zero && whole > at + 1)) return -1
  at = whole
  if (at < limit && data[at] === 0x2e) {
    const fraction = skipDigits(data, at + 1, limit)
    if (fraction === at + 1) return -1
    at = fraction
  }
  if (at < limit && ((data[at] ?? 0) | 0x20) === 0x65) {
    const isSigned = at + 1 < limit && (data[at + 1] === 0x2b || data[at + 1] === minus)
    const digits = at + (isSigned ? 2 : 1)
    const exponent = skipDigits(data, digits, limit)
    if (exponent === digits) return -1
    at = exponent
  }
  return at
}

/** Behind `true`, `false` or `null`; -1 when none of them stands at `start`. */
export function scanLiteral(data: Uint8Array, start: number, limit: number): number {
  for (const literal of literals) {
    if (start + literal.length > limit) continue
    let at = 0
    while (at < literal.length && data[start + at] === literal[at]) at++
    if (at === literal.length) return start + at
  }
  return -1
}

/**
 * Behind the value that begins at `start`, by its brackets and quotes alone: what stands between them is not checked, and
 * nothing is too deep. -1 when no value can begin there; `limit + 1` when it has no end before `limit`.
 */
export function skipValue(data: Uint8Array, start: number, limit: number): number {
  let depth = 0
  let at = start
  while (at < limit) {
    const byte = data[at] ?? 0
    if (byte === quote) {
      at = skipQuoted(data, at, limit)
    } else {
      if (byte === openArray || byte === openObject) depth += 1
      else if (byte === closeArray || byte === closeObject) depth -= 1
      else if (depth === 0) return skipWord(data, at, limit)
      if (depth < 0) return -1
      at += 1
    }
    if (depth === 0) return at
  }
  return limit + 1
}

/** Behind the closing quote; beyond `limit` without one. */
function skipQuoted(data: Uint8Array, start: number, limit: number): number {
  for (let at = start + 1; at < limit; at++) {
    if (data[at] === quote) return at + 1
    if (data[at] === 0x5c) at += 1
  }
  return limit + 1
}

/** Behind a number or literal; a beginning of one that reaches `limit` has no end. */
function skipWord(data: Uint8Array, start: number, limit: number): number {
  let at = start
  while (at < limit && /[-+.\w]/.test(String.fromCharCode(data[at] ?? 0))) at += 1
  if (at === start) return -1
  const end = isNumberStart(data[start] ?? 0) ? scanNumber(data, start, at) : scanLiteral(data, start, at)
  if (end === at) return at
  const isBegun = at === limit && literals.some((literal) => literal.indexOf(data.subarray(start, at)) === 0)
  return isBegun || (at === limit && isNumberStart(data[start] ?? 0)) ? limit + 1 : -1
}

function skipDigits(data: Uint8Array, start: number, limit: number): number {
  let at = start
  while (at < limit && isDigit(data[at] ?? 0)) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= 0x39
}
