import type { LoadSpec } from './columns.ts'
import type { KindOf } from './extract-definition.ts'
import type { NotAValue } from './sentences.ts'

/** A value as a script writes it: decimals and whole numbers exactly, dates and times as ISO 8601. */
export type Literal = string | number | bigint | boolean

type Day = `${number}-${number}-${number}`
type Time = `${number}:${number}:${number}`
type Timestamp = `${Day}${'T' | ' '}${Time}`

/** What may be written for a column of each kind; nothing for the others. */
interface Literals {
  bigint: number | bigint
  boolean: boolean
  date: Day
  decimal: number | bigint | `${number}`
  double: number
  hashed: string
  integer: number | bigint
  json: string
  redacted: string
  smallint: number | bigint
  text: string
  time: Time
  timestamp: Timestamp
  timestamptz: `${Timestamp}${'Z' | '+' | '-'}${string}`
  uuid: string
}

/** The value as it is, or what is wrong with it for a column that holds this. */
export type LiteralOf<Value extends Literal, S extends LoadSpec> = string extends Value
  ? Value
  : KindOf<S> extends keyof Literals
    ? Value extends Literals[KindOf<S>]
      ? Value
      : NotAValue<`${Value}`, KindOf<S>>
    : NotAValue<`${Value}`, KindOf<S>>
