import type { LoadShape, LoadSpec } from './columns.ts'
import { type Definition, definition } from './definition.ts'
import type { LoadDefinition, Written } from './load-definition.ts'
import type { KeyPartMissing, NotInKey, noDimensionKey, noSurrogateKey, Said, stubNeverCompleted } from './sentences.ts'

/** Columns of our extraction, and what the dimension's key holds that they are compared with. */
export type Needs = { readonly [ours: string]: LoadSpec }

/** The data of a lookup; {@link LookupColumn} adds the methods. */
export interface LookupDefinition<
  out S extends 'looked up' | 'looked up?' = 'looked up' | 'looked up?',
  out N extends Needs = Needs,
> extends Definition<'lookup'> {
  readonly type: S
  readonly needs: N
  readonly dimension: LoadDefinition
  /** Our column for each column of the dimension's key. */
  readonly by: { readonly [theirs: string]: string }
  readonly options: LookupOptions<string>
}

/** What becomes of a row whose key the dimension does not hold. */
export interface LookupOptions<Unknown> {
  /** `reject`, by default, refuses the row; `stub` adds a row with nothing but the key, which the dimension's own row completes later. */
  readonly unknown?: Unknown
}

/** A column that points at the row of a dimension by its surrogate key. */
export class LookupColumn<out S extends 'looked up' | 'looked up?', out N extends Needs> implements LookupDefinition<S, N> {
  readonly [definition] = 'lookup'
  declare readonly needs: N
  readonly type: S
  readonly dimension: LoadDefinition
  readonly by: { readonly [theirs: string]: string }
  readonly options: LookupOptions<string>

  constructor(type: S, dimension: LoadDefinition, by: LookupDefinition['by'], options: LookupOptions<string>) {
    this.type = type
    this.dimension = dimension
    this.by = by
    this.options = options
  }

  /** Lets our columns be NULL: the row then points nowhere. */
  optional(): LookupColumn<'looked up?', N> {
    return new LookupColumn('looked up?', this.dimension, this.by, this.options)
  }
}

/** `unknown`, which `&` leaves as it is, or what keeps a load from being looked up. */
type DimensionFault<W extends Written> = [W['surrogateKey']] extends [never]
  ? typeof noSurrogateKey
  : [W['key']] extends [never]
    ? typeof noDimensionKey
    : unknown

/** The pairs as they are, or what is wrong with them: each of the dimension's key columns stands there, and no other. */
type ByOf<By, Key extends string> = [Exclude<keyof By, Key>] extends [never]
  ? [Exclude<Key, keyof By>] extends [never]
    ? By
    : string extends Key
      ? By
      : By & { readonly [N in Exclude<Key, keyof By>]: KeyPartMissing<N> }
  : { readonly [N in keyof By]: N extends Key ? By[N] : Said<NotInKey<N & string>, N> }

type UnknownOf<Unknown, W extends Written> = W['disposition'] extends 'insert_only'
  ? Unknown extends 'stub'
    ? 'reject' | typeof stubNeverCompleted
    : Unknown
  : Unknown

/**
 * A column of a load that points at the row of a dimension, which is the default export of another file under `load/` and has
 * a `surrogateKey`. `by` names, for each column of the dimension's key, the column of our extraction that holds it:
 * `lookup(store, { store_id: 'store_id' })`.
 */
export function lookup<
  S extends LoadShape,
  W extends Written,
  const By extends { readonly [N in W['key']]?: string } & { readonly [N in keyof By]: string },
  const Unknown extends 'reject' | 'stub' = 'reject',
>(
  dimension: LoadDefinition<S, W> & DimensionFault<W>,
  by: ByOf<By, W['key']>,
  options: LookupOptions<UnknownOf<Unknown, W>> = {},
): LookupColumn<'looked up', { readonly [N in keyof By as By[N] & string]: N extends keyof S ? S[N] : LoadSpec }> {
  return new LookupColumn('looked up', dimension, by as LookupDefinition['by'], options)
}
