import type { ReadContext } from '../sources/custom/read-context.ts'
import type { ColumnDefinition, ColumnKind, Shape, Spec } from './columns.ts'
import { definition, isDefinition } from './definition.ts'
import type { KindOf, ScriptOptions } from './extract-definition.ts'
import type { DeclaredColumns, ShapeOf } from './resource.ts'
import type { NoColumn } from './sentences.ts'

/** What custom code may yield for a column, by its type. A number stands only where none of its digits can be lost. */
interface Yields extends Record<ColumnKind, unknown> {
  readonly bigint: bigint | number | string
  readonly binary: Uint8Array
  readonly boolean: boolean
  readonly date: string
  readonly decimal: string | bigint
  readonly double: number
  readonly integer: number | bigint
  readonly json: string
  readonly smallint: number | bigint
  readonly text: string
  readonly time: string
  readonly timestamp: string
  readonly timestamptz: string
  readonly uuid: string
}

type ValueOf<S extends Spec> = Yields[KindOf<S>]

/** The member of a yielded row that a column is made from: with `never`, the one of its own name. */
type MemberOf<C extends ColumnDefinition, Name extends string> = [Exclude<C['source'], undefined>] extends [never]
  ? Name
  : Exclude<C['source'], undefined>

/** The types of the members that a yielded row has for these columns, by their names there. */
type Members<C extends DeclaredColumns> = {
  readonly [N in keyof C & string as MemberOf<C[N], N>]: C[N]['type']
}

type RowOf<Yielded> = Yielded extends readonly (infer Row)[] ? Row : Yielded
type IsAny<T> = 0 extends 1 & T ? true : false

/** `never`, or what is wrong with the rows; where their members or the columns are not known here, nothing. */
type RowFault<Row, M extends Shape> =
  IsAny<Row> extends true
    ? never
    : Row extends object
      ? string extends keyof Row | keyof M
        ? never
        : MissingFault<Row, M> | MemberFaults<Row, M>
      : unknown extends Row
        ? never
        : 'read() yields something that is no row'

type MissingFault<Row, M extends Shape> = {
  [N in keyof M & string]: N extends keyof Row ? never : M[N] extends `${string}?` ? never : NoMember<N>
}[keyof M & string]

type MemberFaults<Row, M extends Shape> = {
  [N in keyof Row & string]-?: N extends keyof M ? MemberFault<N, Row[N], M[N]> : NoColumn<N, 'the extraction'>
}[keyof Row & string]

type MemberFault<N extends string, Value, S extends Spec> = [Value] extends [
  ValueOf<S> | (S extends `${string}?` ? null | undefined : never),
]
  ? never
  : [Exclude<Value, null | undefined>] extends [ValueOf<S>]
    ? `'${N}' may be NULL in a row, but its column is not optional()`
    : `'${N}' of a row is not what ${KindOf<S>} takes`

type NoMember<N extends string> = `the rows have no member '${N}'`

/** `unknown`, or what is wrong with what the code yields and returns. */
export type ReadFault<Yielded, Returned, C extends DeclaredColumns, Cursor> = OrUnknown<
  RowFault<RowOf<Yielded>, Members<C>> | ReturnFault<Returned, ShapeOf<C>, Cursor>
>
type OrUnknown<Fault> = [Fault] extends [never] ? unknown : Fault

type ReturnFault<Returned, S extends Shape, Cursor> = unknown extends Returned
  ? never
  : EndFault<Extract<Returned, { readonly cursor: unknown }>, S, Cursor>

type EndFault<End extends { readonly cursor: unknown }, S extends Shape, Cursor> = [Cursor] extends [never]
  ? [End] extends [never]
    ? never
    : 'read() returns a cursor, but none is declared'
  : [End] extends [never]
    ? 'read() returns no { cursor }, where the next extraction would begin'
    : [End['cursor']] extends [CursorValue<S, Cursor>]
      ? never
      : `the cursor that read() returns is no value of '${Cursor & string}'`

/** Of a column that is not known, or cannot be a cursor, nothing is said here: that is said of its name. */
type CursorValue<S extends Shape, Cursor> = Cursor extends keyof S ? ValueOf<S[Cursor]> : unknown

/** How incremental custom code knows where it is. */
export interface CustomCursorOptions<Column, Overlap> {
  readonly column: Column
  /**
   * How far before the returned cursor the next extraction begins: seconds for times, an amount for whole numbers. Rows that
   * come again are recognised by key, so an append cannot follow. Without an overlap, a row outside its window is an error.
   */
  readonly overlap?: Overlap
  /** What becomes of rows whose cursor is NULL; by default they are refused. */
  readonly nulls?: 'reject' | 'include'
}

/** What an extraction by custom code says about itself, and its code. */
export interface CustomExtractOptions<Columns, Column, Overlap, Read> extends ScriptOptions {
  readonly description: string
  /** What `read` yields; a row that does not fit is kept aside with the reason. `from()` names the member where it differs. */
  readonly columns: Columns
  /** The column by which only new rows are read; `read` then returns `{ cursor }`, where the next extraction begins. */
  readonly cursor?: Column | CustomCursorOptions<Column, Overlap>
  /** How long `read` may go on without yielding, in milliseconds; by default 600,000. `yield []` says that it is at work. */
  readonly silenceLimitMs?: number
  /** Yields the rows, one by one or in arrays; what it throws fails the run and leaves everything as it was. */
  readonly read: Read
}

/** Custom code, usually `async *read(context) { … }`; the fault stands behind what it gives, where it does not keep it from being inferred. */
export type ReadCode<Yielded, Returned, Fault> = (
  context: ReadContext,
) => (AsyncIterable<Yielded, Returned> | Iterable<Yielded, Returned>) & Fault

/** An extraction by custom code of which nothing more is known. */
export type CustomExtract = CustomExtractOptions<DeclaredColumns, string, number, ReadCode<unknown, unknown, unknown>>

/** The connection of all custom code: it stands in no project file. */
export class CustomCode {
  readonly [definition] = 'source'
  readonly type = 'custom'
  readonly options = {}
}

/** Whether a connection is the one of custom code, whichever copy of the package made it. */
export function isCustomCode(connection: object): boolean {
  return isDefinition<CustomCode>(connection, 'source') && connection.type === 'custom'
}
