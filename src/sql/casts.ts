import type { Dialect } from '../contracts/warehouse.ts'
import type { RejectCode } from '../model/column-batch.ts'
import type { ColumnType, SimpleKind } from '../model/column-type.ts'
import { sameColumnType } from '../model/column-type.ts'

/** What a column must hold, and what it is made from. */
export interface Cast {
  /** The landing column as an SQL expression. */
  readonly expression: string
  readonly from: ColumnType
  readonly to: ColumnType
  /** Characters at most, for text. */
  readonly length: number | undefined
  /** Whether NULL is a fault. */
  readonly required: boolean
}

/** A cast as SQL: the value, NULL where there is a fault, and the fault's code, NULL where there is none. */
export interface CastSql {
  readonly value: string
  /** Undefined when the cast cannot go wrong. */
  readonly fault: string | undefined
}

interface Guard {
  readonly code: RejectCode
  /** True for the texts that the cast takes without changing them. */
  readonly passes: string
}

/**
 * A cast that refuses what it would change: a lexical guard over the exact text, then a plain cast, in one CASE,
 * because no engine promises to look at a WHERE first. Casts that hold every value need no guard.
 */
export function castSql(dialect: Dialect, cast: Cast): CastSql {
  const { expression, from, to, required } = cast
  const exact = isExact(from, to)
  const guards = exact ? lengthGuards(cast) : textGuards(dialect, cast)
  const faults = [
    ...(required
      ? [`WHEN ${expression} IS NULL THEN 'NULL_VALUE'`]
      : guards.length > 0
        ? [`WHEN ${expression} IS NULL THEN NULL`]
        : []),
    ...guards.map(({ code, passes }) => `WHEN NOT ${passes} THEN '${code}'`),
  ]
  // A decimal's text has its point, which a whole number's must not have.
  const isDirect = exact || (from.kind === 'decimal' && isInteger(to.kind))
  const input = isDirect ? expression : dialect.text(expression, from)
  const plain = sameColumnType(from, to) ? input : `CAST(${input} AS ${dialect.columnType(to)})`
  return {
    value: nested(guards, plain),
    fault: faults.length === 0 ? undefined : `CASE ${faults.join(' ')} END`,
  }
}

/** Each guard is asked only where those before it passed: a range is looked at in digits only. */
function nested(guards: readonly Guard[], plain: string): string {
  return guards.reduceRight((inner, { passes }) => `CASE WHEN ${passes} THEN ${inner} END`, plain)
}

const integerKinds: readonly SimpleKind[] = ['int8', 'int16', 'int32', 'int64']

/** Whether every value of one type is a value of the other. */
function isExact(from: ColumnType, to: ColumnType): boolean {
  if (sameColumnType(from, to)) return true
  if (to.kind === 'text' && from.kind !== 'text') return false
  if (from.kind === 'decimal') {
    return to.kind === 'decimal' && to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  }
  if (to.kind === 'decimal') return isInteger(from.kind) && to.precision - to.scale >= 19
  if (isInteger(from.kind) && isInteger(to.kind)) return integerKinds.indexOf(from.kind) <= integerKinds.indexOf(to.kind)
  return from.kind === 'float' && to.kind === 'double'
}

function isInteger(kind: ColumnType['kind']): boolean {
  return integerKinds.some((known) => known === kind)
}

function isNumber(kind: ColumnType['kind']): boolean {
  return isInteger(kind) || kind === 'decimal' || kind === 'float' || kind === 'double'
}

function lengthGuards({ expression, to, length }: Cast): readonly Guard[] {
  if (to.kind !== 'text' || length === undefined) return []
  return [{ code: 'TOO_LONG', passes: `(length(${expression}) <= ${length})` }]
}

function textGuards(dialect: Dialect, cast: Cast): readonly Guard[] {
  const { to } = cast
  const text = dialect.text(cast.expression, cast.from)
  if (to.kind === 'text') return lengthGuards({ ...cast, expression: text })
  if (to.kind === 'decimal') return decimalGuards(dialect, text, to)
  const range = integerRanges[to.kind]
  if (range) return integerGuards(dialect, text, range, cast.from.kind === 'decimal' ? '([.]0+)?' : '')
  if (to.kind === 'float' || to.kind === 'double') return floatGuards(dialect, text, cast.from.kind, floats[to.kind])
  if (to.kind === 'json') return [form(dialect, text, jsonTokens), { code: 'CAST', passes: dialect.functions.isJson(text) }]
  const pattern = patterns[to.kind]
  if (pattern === undefined) return []
  const isDated = to.kind !== 'time' && to.kind !== 'boolean' && to.kind !== 'uuid'
  return [form(dialect, text, pattern), ...(isDated ? [inRange(`(substr(${text}, 1, 4) <> '0000')`)] : [])]
}

function form(dialect: Dialect, text: string, pattern: string): Guard {
  return { code: 'CAST', passes: dialect.functions.matches(text, pattern) }
}

function inRange(passes: string): Guard {
  return { code: 'OUT_OF_RANGE', passes }
}

function decimalGuards(
  dialect: Dialect,
  text: string,
  to: { readonly precision: number; readonly scale: number },
): readonly Guard[] {
  const fraction = `([.][0-9]{0,${to.scale}}0*)?`
  const bareFraction = to.scale === 0 ? '[.]0+' : `[.][0-9]{1,${to.scale}}0*`
  return [
    form(dialect, text, `[+-]?([0-9]+${fraction}|${bareFraction})`),
    inRange(dialect.functions.matches(text, `[+-]?0*[0-9]{0,${to.precision - to.scale}}${fraction}`)),
  ]
}

function integerGuards(
  dialect: Dialect,
  text: string,
  [lowest, highest]: readonly [string, string],
  fraction: string,
): readonly Guard[] {
  const wide = `CAST(${text} AS ${dialect.columnType({ kind: 'decimal', precision: 38, scale: 0 })})`
  return [
    form(dialect, text, `[+-]?[0-9]+${fraction}`),
    inRange(dialect.functions.matches(text, `[+-]?0*[0-9]{0,20}${fraction}`)),
    inRange(`(${wide} BETWEEN ${lowest} AND ${highest})`),
  ]
}

/** A text becomes the nearest number; an exact number must be given back by it. */
function floatGuards(dialect: Dialect, text: string, from: ColumnType['kind'], { range, digits }: Float): readonly Guard[] {
  const significant = `length(rtrim(replace(ltrim(${text}, '-0.'), '.', ''), '0'))`
  const isHeld: Guard = { code: 'CAST', passes: `(${significant} <= ${digits})` }
  const isExactNumber = isInteger(from) || from === 'decimal'
  return [form(dialect, text, floatForm), inRange(dialect.functions.matches(text, range)), ...(isExactNumber ? [isHeld] : [])]
}

/** Whether a value of one type can become the other at all. */
export function isCastable(from: ColumnType, to: ColumnType): boolean {
  if (isExact(from, to) || to.kind === 'text') return true
  if (to.kind === 'binary') return false
  if (from.kind === 'text') return true
  if (from.kind === 'double' && to.kind === 'float') return false
  return (isNumber(from.kind) || from.kind === 'json') && (isNumber(to.kind) || to.kind === 'boolean')
}

const integerRanges: Readonly<Partial<Record<ColumnType['kind'], readonly [string, string]>>> = {
  int8: ['-128', '127'],
  int16: ['-32768', '32767'],
  int32: ['-2147483648', '2147483647'],
  int64: ['-9223372036854775808', '9223372036854775807'],
}

const floatForm = '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?'

interface Float {
  readonly range: string
  /** As many significant digits as the type always gives back. */
  readonly digits: number
}

/**
 * The ranges are a little narrower than the types themselves: what a pattern can tell without computing. A number that is
 * not zero never becomes zero.
 */
const floats: Readonly<Record<'float' | 'double', Float>> = {
  float: { range: floatRange('[0-9]|1[0-6]', '1[7-9]|2[0-9]|3[0-7]'), digits: 6 },
  double: { range: floatRange('[0-9]{1,2}|1[0-9]{2}|2[0-7][0-9]', '2[89][0-9]|30[0-7]'), digits: 15 },
}

/** Any zero; up to 21 digits or zeros next to the point with a small exponent; one digit before it with a large one. */
function floatRange(small: string, large: string): string {
  const zero = '(0+([.]0*)?|[.]0+)([eE][+-]?[0-9]+)?'
  const plain = `(0*[1-9][0-9]{0,20}([.][0-9]*)?|0*[.]0{0,20}[1-9][0-9]*)([eE][+-]?0*(${small}))?`
  return `[+-]?(${zero}|${plain}|0*[1-9]([.][0-9]*)?[eE][+-]?0*(${large}))`
}

const jsonBlank = '[ \\t\\n\\r]'
const jsonScalar = '(true|false|null|-?[0-9][0-9.eE+-]*|"([^"\\\\]|\\\\.)*")'

/** Some engines let pass a comma that nothing follows, and numbers that JSON has not. */
const jsonTokens = `([{}:]|\\[|\\]|${jsonBlank}|${jsonScalar}|,${jsonBlank}*([{]|\\[|${jsonScalar}))*`

const time = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?'
const leapYear = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)'
const day =
  '([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|' +
  `[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])|${leapYear}-02-29)`

/** One pattern a type, equal on every engine: brackets, counts and alternatives only. */
const patterns: Readonly<Partial<Record<ColumnType['kind'], string>>> = {
  boolean: 'true|false|TRUE|FALSE|True|False|1|0',
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  date: day,
  time,
  timestamp: `${day}[ T]${time}`,
  timestamptz: `${day}[ T]${time}(Z|[+-](0[0-9]|1[0-4])(:[0-5][0-9])?)`,
}
