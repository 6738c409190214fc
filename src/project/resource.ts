import type { ColumnDefinition, Shape, Spec } from './columns.ts'
import { definition } from './definition.ts'

/** The columns that a resource declares where its source has no catalogue. */
export type DeclaredColumns<Source extends string = string> = { readonly [column: string]: ColumnDefinition<Spec, Source> }

/** The shape of declared columns. */
export type ShapeOf<C extends { readonly [column: string]: { readonly type: Spec } }> = {
  readonly [N in keyof C]: C[N]['type']
}

/** One table or file set of a source, with the shape of its rows as far as it is known. */
export class ResourceDefinition<out S extends Shape = Shape> {
  readonly [definition] = 'resource'
  declare readonly shape: S
  /** The connection that it belongs to. */
  readonly source: object
  readonly locator: string
  readonly options: object

  constructor(source: object, locator: string, options: object) {
    this.source = source
    this.locator = locator
    this.options = options
  }
}
