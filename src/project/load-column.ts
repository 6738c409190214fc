import type { ColumnDefinition, LoadSpec, Spec } from './columns.ts'
import { type Definition, definition } from './definition.ts'
import type { Literal } from './literals.ts'

/** What a column holds behind a mask. */
export type Masked<
  How extends Mask,
  S extends LoadSpec,
> = `${How extends 'sha256' ? 'hashed' : 'redacted'}${S extends `${string}?` ? '?' : ''}`

type Mask = 'sha256' | 'redact'

/** What becomes of a value before it reaches the target. */
export interface Finish {
  /** Stands where the source has NULL. */
  readonly default?: Literal
  readonly mask?: Mask
}

/** The data of a column with a default or a mask; {@link LoadColumn} adds the methods. */
export interface LoadColumnDefinition<out S extends LoadSpec = LoadSpec, out Source extends string = string>
  extends Definition<'load column'> {
  /** In the target. */
  readonly type: S
  readonly source: Source | undefined
  /** How the value is read, before it is finished. */
  readonly column: ColumnDefinition
  readonly finish: Finish
}

/** A column with a default or a mask, which only a load can have. Immutable; `optional()` comes before `mask()`. */
export class LoadColumn<out S extends LoadSpec, out Source extends string> implements LoadColumnDefinition<S, Source> {
  readonly [definition] = 'load column'
  readonly type: S
  readonly source: Source | undefined
  readonly column: ColumnDefinition
  readonly finish: Finish

  constructor(type: S, source: Source | undefined, column: ColumnDefinition, finish: Finish) {
    this.type = type
    this.source = source
    this.column = column
    this.finish = finish
  }

  /** Takes the value from a column of the extraction of another name. */
  from<const Name extends string>(name: Name): LoadColumn<S, Name> {
    return new LoadColumn(this.type, name, this.column, this.finish)
  }

  /** The target has only the SHA-256 of the value's text, hexadecimal, or `***`; the column is a text there. */
  mask<const How extends 'sha256' | 'redact'>(how: How): LoadColumn<Masked<How, S>, Source> {
    const made = how === 'sha256' ? 'hashed' : 'redacted'
    const type = this.type.endsWith('?') ? `${made}?` : made
    return new LoadColumn(type as Masked<How, S>, this.source, this.column, { ...this.finish, mask: how })
  }
}

/** A column that SQL makes from the load's other columns. */
export interface ComputedColumn<out S extends Spec = Spec> extends Definition<'computed column'> {
  readonly type: S
  readonly column: ColumnDefinition
  readonly expression: string
}

/**
 * A column that an SQL expression makes from the load's other columns, by their names in the target: not from lookups and not
 * from other computed ones. NULL in one that is not `optional()` fails the load.
 */
export function computed<S extends Spec>(type: ColumnDefinition<S, never>, expression: string): ComputedColumn<S> {
  return { [definition]: 'computed column', type: type.type, column: type, expression }
}
