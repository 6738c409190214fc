import { type Definition, definition } from './definition.ts'
import type { Literal, LiteralOf } from './literals.ts'
import { LoadColumn, type Masked } from './load-column.ts'

/** The column types of scripts and of generated table types. */
export type ColumnKind =
  | 'bigint'
  | 'binary'
  | 'boolean'
  | 'date'
  | 'decimal'
  | 'double'
  | 'integer'
  | 'json'
  | 'smallint'
  | 'text'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'uuid'

/** A column type; the `?` says that the value may be NULL. */
export type Spec = ColumnKind | `${ColumnKind}?`

/** Column names and their types, as in `{ sale_id: 'bigint'; note: 'text?' }`. */
export type Shape = { readonly [column: string]: Spec }

/** What a load's column holds besides the types of columns: the key of a dimension, or what a mask leaves of a value. */
export type MadeKind = 'looked up' | 'hashed' | 'redacted'

/** What a column of a load holds; the `?` says that it may be NULL. */
export type LoadSpec = Spec | MadeKind | `${MadeKind}?`

/** The columns of a load and what they hold. */
export type LoadShape = { readonly [column: string]: LoadSpec }

type OrNull<S extends Spec> = S extends ColumnKind ? `${S}?` : S
type NotNull<S extends Spec> = S extends `${infer Kind extends ColumnKind}?` ? Kind : S

/** The data of a column; {@link ColumnBuilder} adds the methods. */
export interface ColumnDefinition<out S extends Spec = Spec, out Source extends string = string> extends Definition<'column'> {
  readonly type: S
  /** The source's column, header or member that the value comes from; undefined: the one of the column's own name. */
  readonly source: Source | undefined
  /** Characters at most, of a text. */
  readonly length: number | undefined
  /** Digits in all and after the point, of a decimal. */
  readonly digits: readonly [precision: number, scale: number] | undefined
}

type Limits = Partial<Pick<ColumnDefinition, 'length' | 'digits'>>

/** A column that can be refined. Immutable: each method returns a new one. It refuses NULL unless it is `optional()`. */
export class ColumnBuilder<out S extends Spec, out Source extends string> implements ColumnDefinition<S, Source> {
  readonly [definition] = 'column'
  readonly type: S
  readonly source: Source | undefined
  readonly length: number | undefined
  readonly digits: readonly [precision: number, scale: number] | undefined

  constructor(type: S, limits: Limits, source: Source | undefined) {
    this.type = type
    this.length = limits.length
    this.digits = limits.digits
    this.source = source
  }

  /** Takes the value from a source column, header or member of another name. */
  from<const Name extends string>(name: Name): ColumnBuilder<S, Name> {
    return new ColumnBuilder(this.type, this, name)
  }

  /** Lets the value be NULL. */
  optional(): ColumnBuilder<OrNull<S>, Source> {
    const type = this.type.endsWith('?') ? this.type : `${this.type}?`
    return new ColumnBuilder(type as OrNull<S>, this, this.source)
  }

  /** In a load: the value that the target has where the source has NULL. */
  default<const Value extends Literal>(value: LiteralOf<Value, S>): LoadColumn<NotNull<S>, Source> {
    const type = this.type.replace('?', '')
    return new LoadColumn(type as NotNull<S>, this.source, this, { default: value as Literal })
  }

  /** In a load: the target has only the SHA-256 of the value's text, hexadecimal, or `***`; the column is a text there. */
  mask<const How extends 'sha256' | 'redact'>(how: How): LoadColumn<Masked<How, S>, Source> {
    return new LoadColumn(this.type, this.source, this, {}).mask(how) as LoadColumn<Masked<How, S>, Source>
  }
}

/** A column that takes its value from the source's column of its own name. */
export type PlainColumn<Kind extends ColumnKind> = ColumnBuilder<Kind, never>

function column<Kind extends ColumnKind>(type: Kind, limits: Limits = {}): PlainColumn<Kind> {
  return new ColumnBuilder<Kind, never>(type, limits, undefined)
}

/** Text, of at most so many characters when a length is given. */
export const text = (length?: number): PlainColumn<'text'> => column('text', length === undefined ? {} : { length })
/** A whole number of 16 bits. */
export const smallint = (): PlainColumn<'smallint'> => column('smallint')
/** A whole number of 32 bits. */
export const integer = (): PlainColumn<'integer'> => column('integer')
/** A whole number of 64 bits. */
export const bigint = (): PlainColumn<'bigint'> => column('bigint')
/** An exact number of at most 38 digits in all, `scale` of them after the point; a value with more is refused, never rounded. */
export const decimal = (precision: number, scale: number): PlainColumn<'decimal'> =>
  column('decimal', { digits: [precision, scale] })
/** A binary floating-point number of 64 bits. */
export const double = (): PlainColumn<'double'> => column('double')
/** True or false. */
export const boolean = (): PlainColumn<'boolean'> => column('boolean')
/** A day of the calendar. */
export const date = (): PlainColumn<'date'> => column('date')
/** A time of the day, to the microsecond. */
export const time = (): PlainColumn<'time'> => column('time')
/** A date and time without a zone, to the microsecond. */
export const timestamp = (): PlainColumn<'timestamp'> => column('timestamp')
/** An instant, to the microsecond. */
export const timestamptz = (): PlainColumn<'timestamptz'> => column('timestamptz')
/** A JSON value, kept as its text. */
export const json = (): PlainColumn<'json'> => column('json')
/** A UUID. */
export const uuid = (): PlainColumn<'uuid'> => column('uuid')
/** Bytes. */
export const binary = (): PlainColumn<'binary'> => column('binary')
