import type { ColumnDefinition, Shape } from './columns.ts'
import { definition } from './definition.ts'
import type { ExtractDefinition, KindOf, Orderables, ScriptOptions } from './extract-definition.ts'
import type { DeclaredColumns, ShapeOf } from './resource.ts'
import type {
  appendWithOverlap,
  KeyTwice,
  keyEmpty,
  keyMissing,
  MayBeNull,
  NoColumn,
  NoDisposition,
  NotExtracted,
  NotKey,
  NotOrdered,
  Said,
} from './sentences.ts'

/** Adds the batch's rows; a batch that is loaded again replaces its own. */
export interface Append<Disposition = 'append'> {
  readonly disposition: Disposition
}

/** Updates the rows whose key is there and adds the others. */
export interface Merge<Key = readonly string[], Newest = string> {
  readonly disposition: 'merge'
  /** The natural key: one row of the target each. */
  readonly key: Key
  /** Of two rows with one key, the one where this column is greater wins; without it, batches are loaded in their order. */
  readonly newest?: Newest
}

/** What a load says about its target. */
export interface LoadOptions<Columns, Write> extends ScriptOptions {
  /** The target table's name. */
  readonly into: string
  /** By default it names the extraction and the target. */
  readonly description?: string
  /** Left out: all columns of the extraction, as it declares or types them. */
  readonly columns?: Columns
  /** How landed rows reach the target. */
  readonly write: Write
  /** How many refused rows a batch may have and still be published; by default none. */
  readonly rejectLimit?: number
}

/** A script that turns landed rows into a target table. */
export class LoadDefinition<out S extends Shape = Shape> {
  readonly [definition] = 'load'
  declare readonly shape: S
  readonly extract: ExtractDefinition
  readonly options: LoadOptions<DeclaredColumns, Append | Merge>

  constructor(extract: ExtractDefinition, options: LoadOptions<DeclaredColumns, Append | Merge>) {
    this.extract = extract
    this.options = options
  }
}

type Unkeyable = 'json' | 'binary' | 'boolean' | 'double'
/** The columns that can be part of a natural key: comparable and never NULL. A mapped type, because then tsc prints the names. */
type Keyables<S extends Shape> = { [N in keyof S as S[N] extends Unkeyable | `${string}?` ? never : N]: S[N] }
/** The columns that tell which of two rows is newer. */
type Newests<S extends Shape> = { [N in keyof Orderables<S> as S[N] extends `${string}?` ? never : N]: S[N] }

type KeyFault<Name extends string, S extends Shape> = Name extends keyof S
  ? KindOf<S[Name]> extends Unkeyable
    ? NotKey<Name, KindOf<S[Name]>>
    : MayBeNull<Name, 'a key'>
  : NoColumn<Name, 'the load'>

/** The name as it is, or the names that could stand there and what is wrong with this one. */
type KeyColumn<Name, S extends Shape, Before> = string extends Name
  ? Name
  : Name extends Before
    ? Exclude<keyof Keyables<S> & string, Before> | KeyTwice<Name & string>
    : Name extends keyof Keyables<S>
      ? Name
      : Exclude<keyof Keyables<S> & string, Before> | Said<KeyFault<Name & string, S>, Name>

type KeyColumns<Key, S extends Shape, Before = never> = Key extends readonly [infer Head, ...infer Rest]
  ? readonly [KeyColumn<Head, S, Before>, ...KeyColumns<Rest, S, Before | Head>]
  : readonly []

type KeyOf<Key, S extends Shape> = Key extends readonly []
  ? readonly [typeof keyEmpty]
  : Key extends readonly unknown[]
    ? number extends Key['length']
      ? readonly KeyColumn<Key[number], S, never>[]
      : Key extends KeyColumns<Key, S>
        ? Key
        : KeyColumns<Key, S>
    : readonly (keyof Keyables<S> & string)[]

type NewestFault<Name extends string, S extends Shape> = Name extends keyof S
  ? Name extends keyof Orderables<S>
    ? MayBeNull<Name, 'newest'>
    : NotOrdered<Name, KindOf<S[Name]>>
  : NoColumn<Name, 'the load'>

type NewestOf<Name, S extends Shape> = string extends Name
  ? Name
  : Name extends keyof Newests<S>
    ? Name
    : (keyof Newests<S> & string) | Said<NewestFault<Name & string, S>, Name>

type DispositionOf<D, Overlap> = D extends 'merge'
  ? 'append'
  : [Overlap] extends [never]
    ? D extends 'append'
      ? D
      : 'append' | Said<NoDisposition<D & string>, D>
    : typeof appendWithOverlap

/** A sentence when a merge has no key at all. */
type WithoutKey<D, Key> = [Key] extends [never] ? (D extends 'merge' ? typeof keyMissing : never) : never

/** The extraction's column that a column is made from: with `never`, the one of its own name. */
type SourceOf<C extends ColumnDefinition, Name extends string> = [Exclude<C['source'], undefined>] extends [never]
  ? Name
  : Exclude<C['source'], undefined>

/** For each column `unknown`, which `&` leaves as it is, or what is wrong with it. */
type ColumnFaults<C extends DeclaredColumns, From extends Shape> = {
  readonly [N in keyof C & string]: SourceOf<C[N], N> extends keyof From ? unknown : NotExtracted<SourceOf<C[N], N>>
}

/** The extraction's columns as they are. */
type Same<S extends Shape> = { readonly [N in keyof S]: ColumnDefinition<S[N], never> }

/**
 * Loads an extraction into a target table; the default export of a file under `load/`.
 * `(string & {})` in a constraint lets a wrong name be inferred, so that it can be named in the message, while an editor
 * still offers the right ones; the constraint over `Key` itself makes it a tuple of literals.
 */
export function load<
  From extends Shape,
  Overlap extends number,
  C extends DeclaredColumns = Same<From>,
  const D extends 'append' | 'merge' | (string & {}) = never,
  const Key extends { readonly [I in keyof Key]: (keyof Keyables<ShapeOf<NoInfer<C>>> & string) | (string & {}) } = never,
  const Newest extends (keyof Newests<ShapeOf<NoInfer<C>>> & string) | (string & {}) = never,
>(
  extract: ExtractDefinition<From, Overlap>,
  options: LoadOptions<
    C & ColumnFaults<C, From>,
    | Append<DispositionOf<D, Overlap>>
    | Merge<KeyOf<Key, ShapeOf<NoInfer<C>>>, NewestOf<Newest, ShapeOf<NoInfer<C>>>>
    | WithoutKey<D, Key>
  >,
): LoadDefinition<ShapeOf<C>> {
  return new LoadDefinition(extract, options as LoadOptions<DeclaredColumns, Append | Merge>)
}
