import type { LoadShape, LoadSpec, MadeKind, Shape } from './columns.ts'
import { CustomCode, type CustomExtract, type CustomExtractOptions, type ReadCode, type ReadFault } from './custom-extract.ts'
import { definition, isDefinition } from './definition.ts'
import { type DeclaredColumns, ResourceDefinition, type ShapeOf } from './resource.ts'
import type { NoColumn, NotOrdered, Said } from './sentences.ts'

/** `always`, on a weekday, on a day of the month (a shorter month: on its last), or by a cron expression of five fields. */
export type Frequency =
  | 'always'
  | 'daily'
  | `weekly:${'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'}`
  | `monthly:${number}`
  | `${string} ${string} ${string} ${string} ${string}`

/** What describes any script to the registry. */
export interface ScriptOptions {
  readonly frequency?: Frequency
  /** Who is asked when it fails. */
  readonly owner?: string
}

/** How an incremental extraction knows where it is. */
export interface CursorOptions<Column, Overlap> {
  readonly column: Column
  /**
   * How far to read back where no horizon can be proven: seconds for times, an amount for numbers. Rows read twice are
   * recognised by key, so an append cannot follow.
   */
  readonly overlap?: Overlap
  /** What becomes of rows whose cursor is NULL; by default they are refused. */
  readonly nulls?: 'reject' | 'include' | 'exclude'
}

/** What an extraction says about itself. */
export interface ExtractOptions<Column, Overlap> extends ScriptOptions {
  readonly description: string
  /** The column by which only new rows are read; without it, everything is read each time. */
  readonly cursor?: Column | CursorOptions<Column, Overlap>
}

/** What has no order. */
export type Unorderable = 'json' | 'binary' | 'boolean' | MadeKind
/** A column type without the mark of NULL. */
export type KindOf<S extends LoadSpec> = S extends `${infer Kind}?` ? Kind : S
/** The columns that can be ordered: a mapped type, because then tsc prints the names. */
export type Orderables<S extends LoadShape> = { [N in keyof S as KindOf<S[N]> extends Unorderable ? never : N]: S[N] }

type CursorFault<Name extends string, S extends Shape> = Name extends keyof S
  ? NotOrdered<Name, KindOf<S[Name]>>
  : NoColumn<Name, 'the resource'>

/** The name as it is, or the names that could stand there and what is wrong with this one. */
export type CursorColumn<Name, S extends Shape> = string extends Name
  ? Name
  : Name extends keyof Orderables<S>
    ? Name
    : (keyof Orderables<S> & string) | Said<CursorFault<Name & string, S>, Name>

/** What an extraction reads each time: everything, only what is new by its cursor, or that and an overlap again. */
export type Reads = 'all' | 'new' | 'overlap'

export type ReadsOf<Cursor, Overlap> = [Cursor] extends [never] ? 'all' : [Overlap] extends [never] ? 'new' : 'overlap'

/** A script that reads one resource into the lake. */
export class ExtractDefinition<out S extends Shape = Shape, out R extends Reads = Reads> {
  readonly [definition] = 'extract'
  declare readonly shape: S
  declare readonly reads: R
  readonly resource: ResourceDefinition<S>
  readonly options: ExtractOptions<string, number>

  constructor(resource: ResourceDefinition<S>, options: ExtractOptions<string, number>) {
    this.resource = resource
    this.options = options
  }
}

/** Reads a resource into the lake; the default export of a file under `extract/`. */
export function extract<
  S extends Shape,
  const Cursor extends (keyof Orderables<NoInfer<S>> & string) | (string & {}) = never,
  const Overlap extends number = never,
>(
  resource: ResourceDefinition<S>,
  options: ExtractOptions<CursorColumn<Cursor, NoInfer<S>>, Overlap>,
): ExtractDefinition<S, ReadsOf<Cursor, Overlap>>
/** Reads what code of yours yields into the lake, with the same guarantees: `extract({ columns, async *read(context) { … } })`. */
export function extract<
  const C extends DeclaredColumns,
  const Cursor extends (keyof Orderables<ShapeOf<NoInfer<C>>> & string) | (string & {}) = never,
  const Overlap extends number = never,
  Yielded = unknown,
  Returned = unknown,
>(
  options: CustomExtractOptions<
    C,
    CursorColumn<Cursor, ShapeOf<NoInfer<C>>>,
    Overlap,
    ReadCode<Yielded, Returned, ReadFault<Yielded, Returned, NoInfer<C>, Cursor>>
  >,
): ExtractDefinition<ShapeOf<C>, ReadsOf<Cursor, Overlap>>
export function extract(
  first: ResourceDefinition | CustomExtract,
  second?: ExtractOptions<string, number>,
): ExtractDefinition<Shape, Reads> {
  if (second !== undefined || isDefinition<ResourceDefinition>(first, 'resource')) {
    return new ExtractDefinition(first as ResourceDefinition, second as ExtractOptions<string, number>)
  }
  // What belongs to the resource is kept there, as with every other source.
  const { columns, read, silenceLimitMs, ...options } = first as CustomExtract
  const resource = { columns, read, ...(silenceLimitMs !== undefined && { silenceLimitMs }) }
  return new ExtractDefinition(new ResourceDefinition(new CustomCode(), 'read', resource), options)
}
