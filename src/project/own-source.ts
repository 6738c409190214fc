import type { Adapter } from '../contracts/adapter.ts'
import type { Source } from '../contracts/source.ts'
import type { Shape } from './columns.ts'
import { definition } from './definition.ts'
import { type DeclaredColumns, ResourceDefinition, type ShapeOf } from './resource.ts'
import type { Setting } from './setting.ts'

/** A kind of source that does not come with Sluice: what it is called, and how its options become a working source. */
export interface SourceKind<Options> extends Adapter<Options, Source> {
  /** Whether its resources can be read by a cursor; by default not. */
  readonly hasCursors?: boolean
}

/** Options as a project file gives them: a text may stand in a variable. */
export type Settings<Options> = {
  readonly [N in keyof Options]: string extends Options[N] ? Options[N] | Setting : Options[N]
}

/** What a resource of such a source says: its columns, where it has no catalogue, and what its kind understands. */
export type OwnResourceOptions<Columns> = { readonly columns?: Columns } & { readonly [option: string]: unknown }

/** A connection to a source of one's own kind. */
export class OwnSource {
  readonly [definition] = 'source'
  readonly type: string
  readonly options: object
  readonly kind: SourceKind<object>

  constructor(kind: SourceKind<object>, options: object) {
    this.type = kind.type
    this.options = options
    this.kind = kind
  }

  /** What `extract` reads: a table, an endpoint, a queue, by the name that the source knows. */
  resource<const Columns extends DeclaredColumns = never>(
    locator: string,
    options: OwnResourceOptions<Columns> = {},
  ): ResourceDefinition<[Columns] extends [never] ? Shape : ShapeOf<Columns>> {
    return new ResourceDefinition(this, locator, options)
  }
}

/** A connection to a source that is written against the `Source` contract; exported from the project file like any other. */
export function connection<Options extends object>(kind: SourceKind<Options>, options: Settings<Options>): OwnSource {
  return new OwnSource(kind as SourceKind<object>, options)
}
