import { fitsPrecision, unscaledDecimal } from '../columnar/lexical-decimal.ts'
import { dayNumber, parseInstant, parseTime, parseTimestamp } from '../columnar/lexical-times.ts'
import type { ColumnDefinition, ColumnKind, LoadSpec } from './columns.ts'
import type { KindOf } from './extract-definition.ts'
import type { NotAValue } from './sentences.ts'

/** A value as a script writes it: decimals and long whole numbers as text or bigint, dates and times as ISO 8601. */
export type Literal = string | number | bigint | boolean

type Day = `${number}-${number}-${number}`
type Time = `${number}:${number}:${number}`
type Timestamp = `${Day}${'T' | ' '}${Time}`

/** What may be written for a column of each kind; nothing for the others. */
interface Literals {
  readonly bigint: number | bigint
  readonly boolean: boolean
  readonly date: Day
  readonly decimal: number | bigint | `${number}`
  readonly double: number
  readonly hashed: string
  readonly integer: number | bigint
  readonly json: string
  readonly redacted: string
  readonly smallint: number | bigint
  readonly text: string
  readonly time: Time
  readonly timestamp: Timestamp
  readonly timestamptz: `${Timestamp}${'Z' | '+' | '-'}${string}`
  readonly uuid: string
}

/** The value as it is, or what is wrong with it for a column that holds this. */
export type LiteralOf<Value extends Literal, S extends LoadSpec> = string extends Value
  ? Value
  : KindOf<S> extends keyof Literals
    ? Value extends Literals[KindOf<S>]
      ? Value
      : NotAValue<`${Value}`, KindOf<S>>
    : NotAValue<`${Value}`, KindOf<S>>

type Limits = Pick<ColumnDefinition, 'digits' | 'length'>
type IsValue = (value: Literal, limits: Limits) => boolean

const ofTexts =
  (parse: (text: string) => unknown): IsValue =>
  (value) =>
    typeof value === 'string' && parse(value) !== undefined

const whole =
  (bits: bigint): IsValue =>
  (value) => {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return false
    const number = BigInt(value)
    return number >= -(2n ** (bits - 1n)) && number < 2n ** (bits - 1n)
  }

const isValue: Readonly<Record<ColumnKind, IsValue>> = {
  bigint: whole(64n),
  binary: () => false,
  boolean: (value) => typeof value === 'boolean',
  date: ofTexts(dayNumber),
  decimal: isDecimal,
  double: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: whole(32n),
  json: (value) => typeof value === 'string' && isJson(value),
  smallint: whole(16n),
  text: (value, { length }) => typeof value === 'string' && (length === undefined || [...value].length <= length),
  time: ofTexts(parseTime),
  timestamp: ofTexts(parseTimestamp),
  timestamptz: ofTexts(parseInstant),
  uuid: ofTexts((text) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.exec(text) ?? undefined),
}

/** Whether a column of this kind holds exactly this value. */
export function isValueOf(value: Literal, kind: ColumnKind, limits: Limits): boolean {
  return isValue[kind](value, limits)
}

function isDecimal(value: Literal, { digits }: Limits): boolean {
  const [precision, scale] = digits ?? [38, 0]
  // A number of more digits than it can hold is not the one that was written.
  if (typeof value === 'boolean' || (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)) return false
  const text = String(value)
  const unscaled = /^-?\d+(?:\.\d+)?$/.test(text) ? unscaledDecimal(text, scale) : undefined
  return unscaled !== undefined && fitsPrecision(unscaled, precision)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
