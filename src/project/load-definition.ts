import type { CheckDefinition } from './checks.ts'
import type { ColumnDefinition, LoadShape, LoadSpec, MadeKind, Shape } from './columns.ts'
import { definition } from './definition.ts'
import type { ExtractDefinition, KindOf, Orderables, Reads, ScriptOptions, Unorderable } from './extract-definition.ts'
import type { Literal, LiteralOf } from './literals.ts'
import type { ComputedColumn, LoadColumnDefinition } from './load-column.ts'
import type { LookupDefinition } from './lookup.ts'
import type {
  AlreadyColumn,
  appendWithOverlap,
  insertKeyMissing,
  KeyTwice,
  keyEmpty,
  keyMissing,
  MayBeNull,
  NoColumn,
  NoDisposition,
  NotCompared,
  NotExtracted,
  NotKey,
  NotLookedUp,
  NotOrdered,
  replaceIncremental,
  Said,
} from './sentences.ts'

/** What every way of writing may say. */
interface Generated<SurrogateKey> {
  /** The column of generated keys, 64-bit: what lookups of other loads point at. A row keeps its key as long as it has a natural one. */
  readonly surrogateKey?: SurrogateKey
}

/** Adds the batch's rows; a batch that is loaded again replaces its own. */
export interface Append<Disposition = 'append', SurrogateKey = string> extends Generated<SurrogateKey> {
  readonly disposition: Disposition
}

/** Updates the rows whose key is there and adds the others. */
export interface Merge<Key = readonly string[], Newest = string, SurrogateKey = string> extends Generated<SurrogateKey> {
  readonly disposition: 'merge'
  /** The natural key: one row of the target each. */
  readonly key: Key
  /** Of two rows with one key, the one where this column is greater wins; without it, batches are loaded in their order. */
  readonly newest?: Newest
}

/** Adds the rows whose key is not there; rows that are there never change. */
export interface InsertOnly<Key = readonly string[], SurrogateKey = string> extends Generated<SurrogateKey> {
  readonly disposition: 'insert_only'
  /** The natural key: one row of the target each. */
  readonly key: Key
}

/** Empties the target and adds the batch's rows, in one transaction. */
export interface Replace<Disposition = 'replace', Key = readonly string[], SurrogateKey = string>
  extends Generated<SurrogateKey> {
  readonly disposition: Disposition
  /** The natural key: with it, rows keep their surrogate keys. */
  readonly key?: Key
  /** Whether a batch without a row may leave the target empty; by default it fails. */
  readonly allowEmpty?: boolean
}

/** How landed rows reach the target. */
export type Write = Append | Merge | InsertOnly | Replace

/** The columns of a load: as the extraction has them, finished, computed or looked up. */
export type LoadColumns = {
  readonly [column: string]: ColumnDefinition | LoadColumnDefinition | ComputedColumn | LookupDefinition
}

type LoadShapeOf<C extends { readonly [column: string]: { readonly type: LoadSpec } }> = { readonly [N in keyof C]: C[N]['type'] }

/** What a load says about its target. */
export interface LoadOptions<Columns, W, Checks> extends ScriptOptions {
  /** The target table's name. */
  readonly into: string
  /** By default it names the extraction and the target. */
  readonly description?: string
  /** Left out: all columns of the extraction, as it declares or types them. */
  readonly columns?: Columns
  /** How landed rows reach the target. */
  readonly write: W
  /** What must hold for every row, asked before anything is published. */
  readonly checks?: Checks
  /** How many refused rows a batch may have and still be published; by default none. */
  readonly rejectLimit?: number
}

/** What lookups of other loads have to know of a target. */
export interface Written {
  readonly disposition: string
  /** The names in its key, `never` without one. */
  readonly key: string
  readonly surrogateKey: string
}

/** A script that turns landed rows into a target table. */
export class LoadDefinition<out S extends LoadShape = LoadShape, out W extends Written = Written> {
  readonly [definition] = 'load'
  declare readonly shape: S
  declare readonly written: W
  readonly extract: ExtractDefinition
  readonly options: LoadOptions<LoadColumns, Write, readonly CheckDefinition[]>

  constructor(extract: ExtractDefinition, options: LoadOptions<LoadColumns, Write, readonly CheckDefinition[]>) {
    this.extract = extract
    this.options = options
  }
}

type Unkeyable = 'json' | 'binary' | 'boolean' | 'double' | Exclude<MadeKind, 'hashed'>
/** The columns that can be part of a natural key: comparable and never NULL. A mapped type, because then tsc prints the names. */
type Keyables<S extends LoadShape> = { [N in keyof S as S[N] extends Unkeyable | `${string}?` ? never : N]: S[N] }
/** The columns that tell which of two rows is newer. */
type Newests<S extends LoadShape> = { [N in keyof Orderables<S> as S[N] extends `${string}?` ? never : N]: S[N] }

type KeyFault<Name extends string, S extends LoadShape> = Name extends keyof S
  ? KindOf<S[Name]> extends Unkeyable
    ? NotKey<Name, KindOf<S[Name]>>
    : MayBeNull<Name, 'a key'>
  : NoColumn<Name, 'the load'>

/** The name as it is, or the names that could stand there and what is wrong with this one. */
type KeyColumn<Name, S extends LoadShape, Before> = string extends Name
  ? Name
  : Name extends Before
    ? Exclude<keyof Keyables<S> & string, Before> | KeyTwice<Name & string>
    : Name extends keyof Keyables<S>
      ? Name
      : Exclude<keyof Keyables<S> & string, Before> | Said<KeyFault<Name & string, S>, Name>

type KeyColumns<Key, S extends LoadShape, Before = never> = Key extends readonly [infer Head, ...infer Rest]
  ? readonly [KeyColumn<Head, S, Before>, ...KeyColumns<Rest, S, Before | Head>]
  : readonly []

type KeyOf<Key, S extends LoadShape> = Key extends readonly []
  ? readonly [typeof keyEmpty]
  : Key extends readonly unknown[]
    ? number extends Key['length']
      ? readonly KeyColumn<Key[number], S, never>[]
      : Key extends KeyColumns<Key, S>
        ? Key
        : KeyColumns<Key, S>
    : readonly (keyof Keyables<S> & string)[]

type NewestFault<Name extends string, S extends LoadShape> = Name extends keyof S
  ? Name extends keyof Orderables<S>
    ? MayBeNull<Name, 'newest'>
    : NotOrdered<Name, KindOf<S[Name]>>
  : NoColumn<Name, 'the load'>

type NewestOf<Name, S extends LoadShape> = string extends Name
  ? Name
  : Name extends keyof Newests<S>
    ? Name
    : (keyof Newests<S> & string) | Said<NewestFault<Name & string, S>, Name>

/** The name as it is, or what is wrong with it. */
type SurrogateKeyOf<Name, S extends LoadShape> = string extends keyof S
  ? Name
  : Name extends keyof S
    ? AlreadyColumn<Name & string>
    : Name

type Dispositions = Write['disposition']

/** What `append` is called: a sentence instead when it cannot be, or when what stands there is no disposition at all. */
type AppendOf<D, R extends Reads> =
  D extends Exclude<Dispositions, 'append'>
    ? 'append'
    : [R] extends ['overlap']
      ? typeof appendWithOverlap
      : D extends 'append'
        ? D
        : 'append' | Said<NoDisposition<D & string>, D>

/** What `replace` is called: a sentence instead when it cannot be, nothing when another disposition stands there then. */
type ReplaceOf<D, R extends Reads> = [R] extends ['new' | 'overlap']
  ? D extends 'replace'
    ? typeof replaceIncremental
    : never
  : 'replace'

/** A sentence when there is no key at all. */
type WithoutKey<D, Key> = [Key] extends [never]
  ? D extends 'merge'
    ? typeof keyMissing
    : D extends 'insert_only'
      ? typeof insertKeyMissing
      : never
  : never

/** The extraction's column that a column is made from: with `never`, the one of its own name. */
type SourceOf<Source, Name extends string> = [Exclude<Source, undefined>] extends [never] ? Name : Exclude<Source, undefined>

type Numeric = 'smallint' | 'integer' | 'bigint' | 'decimal' | 'double'

/** `never`, or what keeps values of one kind from ever being those of another. */
type NeverEquals<Name extends string, Ours extends string, Theirs extends string> = Ours extends Theirs
  ? never
  : Theirs extends 'hashed'
    ? NotLookedUp<Name, Ours, Theirs>
    : Ours extends 'text' | 'json'
      ? never
      : Theirs extends 'text'
        ? never
        : Ours extends Numeric
          ? Theirs extends Numeric
            ? never
            : NotLookedUp<Name, Ours, Theirs>
          : NotLookedUp<Name, Ours, Theirs>

/** What is wrong with the columns that a lookup takes from the extraction; `never` when nothing is. */
type NeedFault<N extends { readonly [ours: string]: LoadSpec }, From extends Shape> = {
  readonly [Ours in keyof N & string]: string extends keyof From
    ? never
    : Ours extends keyof From
      ? NeverEquals<Ours, KindOf<From[Ours]>, KindOf<N[Ours]>>
      : NotExtracted<Ours>
}[keyof N & string]

type OrUnknown<Fault> = [Fault] extends [never] ? unknown : Fault

/** For each column `unknown`, which `&` leaves as it is, or what is wrong with it. */
type ColumnFaults<C extends LoadColumns, From extends Shape> = {
  readonly [N in keyof C & string]: C[N] extends LookupDefinition<'looked up' | 'looked up?', infer Needed>
    ? OrUnknown<NeedFault<Needed, From>>
    : C[N] extends { readonly source: infer Source }
      ? SourceOf<Source, N> extends keyof From
        ? unknown
        : NotExtracted<SourceOf<Source, N> & string>
      : unknown
}

/** The extraction's columns as they are. */
type Same<S extends Shape> = { readonly [N in keyof S]: ColumnDefinition<S[N], never> }

type Incomparable = 'json' | 'binary' | 'looked up'

/** `unknown`, or what is wrong with a check. */
type CheckFault<Check, S extends LoadShape> = string extends keyof S
  ? unknown
  : Check extends CheckDefinition<infer Rule, infer Name, infer Value>
    ? [Name] extends [never]
      ? unknown
      : Name extends keyof S
        ? RuleFault<Rule, Name, KindOf<S[Name]>, Value>
        : Said<NoColumn<Name, 'the load'>, Name>
    : unknown

type RuleFault<Rule, Name extends string, Kind extends LoadSpec, Value> = Rule extends 'notNull' | 'matches'
  ? unknown
  : Rule extends 'between'
    ? Kind extends Unorderable
      ? NotOrdered<Name, Kind>
      : OrUnknown<ValueFault<Value, Kind>>
    : Kind extends Incomparable
      ? NotCompared<Name, Kind>
      : OrUnknown<ValueFault<Value, Kind>>

/** `never`, or the sentence about a value that the column cannot hold. */
type ValueFault<Value, S extends LoadSpec> = Value extends Literal ? Exclude<LiteralOf<Value, S>, Value> : never

type KeyNames<Key> = Key extends readonly (infer Name extends string)[] ? Name : never

/**
 * Loads an extraction into a target table; the default export of a file under `load/`.
 * `(string & {})` in a constraint lets a wrong name be inferred, so that it can be named in the message, while an editor
 * still offers the right ones; the constraint over `Key` itself makes it a tuple of literals.
 */
export function load<
  From extends Shape,
  R extends Reads,
  C extends LoadColumns = Same<From>,
  const D extends Dispositions | (string & {}) = never,
  const Key extends { readonly [I in keyof Key]: (keyof Keyables<LoadShapeOf<NoInfer<C>>> & string) | (string & {}) } = never,
  const Newest extends (keyof Newests<LoadShapeOf<NoInfer<C>>> & string) | (string & {}) = never,
  const SurrogateKey extends string = never,
  const Checks extends readonly CheckDefinition[] = [],
>(
  extract: ExtractDefinition<From, R>,
  options: LoadOptions<
    C & ColumnFaults<C, From>,
    | Append<AppendOf<D, R>, SurrogateKeyOf<SurrogateKey, LoadShapeOf<NoInfer<C>>>>
    | Merge<
        KeyOf<Key, LoadShapeOf<NoInfer<C>>>,
        NewestOf<Newest, LoadShapeOf<NoInfer<C>>>,
        SurrogateKeyOf<SurrogateKey, LoadShapeOf<NoInfer<C>>>
      >
    | InsertOnly<KeyOf<Key, LoadShapeOf<NoInfer<C>>>, SurrogateKeyOf<SurrogateKey, LoadShapeOf<NoInfer<C>>>>
    | Replace<ReplaceOf<D, R>, KeyOf<Key, LoadShapeOf<NoInfer<C>>>, SurrogateKeyOf<SurrogateKey, LoadShapeOf<NoInfer<C>>>>
    | WithoutKey<D, Key>,
    {
      readonly [I in keyof Checks]: Checks[I] &
        CheckFault<Checks[I], LoadShapeOf<NoInfer<C>>> &
        CheckDefinition<string, keyof LoadShapeOf<NoInfer<C>> & string>
    }
  >,
): LoadDefinition<
  { readonly [N in keyof C]: C[N]['type'] },
  { readonly disposition: D; readonly key: KeyNames<Key>; readonly surrogateKey: SurrogateKey }
> {
  return new LoadDefinition(extract, options as LoadDefinition['options'])
}
