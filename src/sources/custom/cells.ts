import type { CellValue } from '../../columnar/cell-adder.ts'
import { fitsPrecision, unscaledDecimal } from '../../columnar/lexical-decimal.ts'
import { dayNumber, parseInstant, parseTime, parseTimestamp } from '../../columnar/lexical-times.ts'
import type { RejectCode } from '../../model/column-batch.ts'
import type { ColumnType } from '../../model/column-type.ts'

/** Why a value does not fit its column. */
export class Misfit {
  readonly code: RejectCode
  constructor(code: RejectCode) {
    this.code = code
  }
}

/** What a column takes of a value that is not NULL: the same value as its builder takes it, or why not. Nothing is rounded. */
export type CellFitter = (value: unknown) => CellValue | Misfit

const misfit = new Misfit('MISFIT')
const outOfRange = new Misfit('OUT_OF_RANGE')
const tooLong = new Misfit('TOO_LONG')
const badEncoding = new Misfit('ENCODING')

const bounds: Readonly<Record<string, bigint>> = { int8: 1n << 7n, int16: 1n << 15n, int32: 1n << 31n, int64: 1n << 63n }
/** More digits than any column holds: not worth the time of a conversion. */
const mostDigits = 400

/** The rule of a column's type; `length` is the most characters of a text. */
export function cellFitter(type: ColumnType, length: number | undefined): CellFitter {
  switch (type.kind) {
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : misfit)
    case 'int8':
    case 'int16':
    case 'int32':
      return smallInteger(bounds[type.kind] ?? 0n)
    case 'int64':
      return (value) => integer(value, bounds['int64'] ?? 0n)
    case 'decimal':
      return (value) => decimal(value, type.precision, type.scale)
    case 'float':
      return (value) => (typeof value === 'number' && Object.is(Math.fround(value), value) ? value : misfit)
    case 'double':
      return (value) => (typeof value === 'number' ? value : misfit)
    case 'binary':
      return (value) => (value instanceof Uint8Array ? value : misfit)
    case 'text':
      return (value) => text(value, length)
    case 'date':
      return lexical(dayNumber)
    case 'time':
      return lexical(parseTime)
    case 'timestamp':
      return lexical(parseTimestamp)
    case 'timestamptz':
      return lexical(parseInstant)
    case 'json':
      return lexical(jsonText)
    case 'uuid':
      return lexical((value) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined))
  }
}

/** A value for people: bytes in hexadecimal, objects by their kind. */
export function shownCell(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (typeof value === 'object' || typeof value === 'function') return Object.prototype.toString.call(value)
  return String(value)
}

function smallInteger(bound: bigint): CellFitter {
  return (value) => {
    const whole = integer(value, bound)
    return typeof whole === 'bigint' ? Number(whole) : whole
  }
}

/** A number beyond 2^53 may be another one than was meant. */
function integer(value: unknown, bound: bigint): bigint | Misfit {
  const whole = wholeNumber(value)
  if (whole === undefined) return misfit
  return -bound <= whole && whole < bound ? whole : outOfRange
}

function wholeNumber(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && value.length <= mostDigits && /^[+-]?\d+$/.test(value) ? BigInt(value) : undefined
}

function decimal(value: unknown, precision: number, scale: number): bigint | Misfit {
  const unscaled = unscaledOf(value, scale)
  if (unscaled === undefined) return misfit
  return fitsPrecision(unscaled, precision) ? unscaled : outOfRange
}

function unscaledOf(value: unknown, scale: number): bigint | undefined {
  if (typeof value === 'string') return value.length <= mostDigits ? unscaledDecimal(value, scale) : undefined
  if (typeof value === 'bigint') return value * 10n ** BigInt(scale)
  return typeof value === 'number' ? exactFraction(value, scale) : undefined
}

/** A fraction of so many binary digits has exactly as many decimal ones: 0.5 is exact, 0.1 is another number than it looks. */
function exactFraction(value: number, scale: number): bigint | undefined {
  let [odd, digits] = [value, 0]
  while (digits <= scale && !Number.isInteger(odd)) [odd, digits] = [odd * 2, digits + 1]
  if (digits > scale || !Number.isSafeInteger(odd)) return undefined
  return (BigInt(odd) * 10n ** BigInt(scale)) / 2n ** BigInt(digits)
}

function text(value: unknown, length: number | undefined): string | Misfit {
  if (typeof value !== 'string') return misfit
  if (!value.isWellFormed()) return badEncoding
  // In UTF-16 units a text is at least as long as in characters, and counting those takes time.
  return length === undefined || value.length <= length || [...value].length <= length ? value : tooLong
}

function lexical(parse: (text: string) => CellValue | undefined): CellFitter {
  return (value) => {
    if (typeof value !== 'string') return misfit
    return value.isWellFormed() ? (parse(value) ?? misfit) : badEncoding
  }
}

function jsonText(value: string): string | undefined {
  try {
    JSON.parse(value)
    return value
  } catch {
    return undefined
  }
}
