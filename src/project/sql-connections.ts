import * as v from 'valibot'
import type { TableOptions } from '../sources/sql/table-options.ts'
import { optionsSchema, someText } from './check-options.ts'
import type { Shape } from './columns.ts'
import { definition } from './definition.ts'
import { ResourceDefinition } from './resource.ts'

/** Tables with their columns, as a project may declare them for its SQL sources. */
export type Tables = { readonly [table: string]: Shape }

/** Which rows and columns of a table are read; give `select` or `exclude`, not both. */
export interface TableChoice<Select extends string = string, Exclude extends string = Select>
  extends Pick<TableOptions, 'where'> {
  /** Only these columns; by default all. */
  readonly select?: readonly Select[]
  /** All columns but these. */
  readonly exclude?: readonly Exclude[]
}

/** How the rows of a table or query are shared out over connections. */
export interface PartitionOptions extends Pick<TableOptions, 'parallel' | 'partitionRows' | 'consistency'> {
  /** The column, or columns, whose ranges are the partitions: not NULL, best with an index; by default the primary key. */
  readonly partitionBy?: string | readonly string[]
}

/** What a database in a file understands of {@link PartitionOptions}: nothing. */
export type NoPartitions = Readonly<Record<never, never>>

/**
 * A connection to a SQL database; `Shapes` are its tables, where they are known, `Partitions` what it understands of
 * {@link PartitionOptions}.
 */
export class SqlSource<
  Shapes extends { readonly [N in keyof Shapes]: Shape } = Tables,
  Partitions extends PartitionOptions = PartitionOptions,
> {
  readonly [definition] = 'source'
  readonly type: string
  readonly options: object

  constructor(type: string, options: object) {
    this.type = type
    this.options = options
  }

  /** A table or view. */
  table<
    Name extends keyof Shapes & string,
    const Select extends keyof Shapes[Name] & string = never,
    const Exclude extends keyof Shapes[Name] & string = never,
  >(
    name: Name,
    options: TableChoice<Select, Exclude> & Partitions = {} as Partitions,
  ): ResourceDefinition<[Select] extends [never] ? Omit<Shapes[Name], Exclude> : Pick<Shapes[Name], Select>> {
    return new ResourceDefinition(this, name, options)
  }

  /**
   * The rows of one SELECT in the database's own SQL, in which `:batch` stands for the batch's date. `name` is what people
   * and logs call it.
   */
  query<Rows extends Shape = Shape>(name: string, sql: string, options: Partitions = {} as Partitions): ResourceDefinition<Rows> {
    return new ResourceDefinition(this, name, { ...options, sql })
  }
}

const names = v.array(someText, 'is no list of columns')
const amount = v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is under 1'))

/** What a resource of any SQL source may say. */
export const choiceEntries = {
  select: v.exactOptional(names),
  exclude: v.exactOptional(names),
  where: v.exactOptional(someText),
  sql: v.exactOptional(someText),
}

/** What a resource of a database server may say besides. */
export const partitionEntries = {
  parallel: v.exactOptional(v.pipe(amount, v.maxValue(32, 'is over 32'))),
  partitionBy: v.exactOptional(
    v.pipe(
      v.union([someText, names], 'is no column and no list of columns'),
      v.transform((by) => (typeof by === 'string' ? [by] : by)),
    ),
  ),
  partitionRows: v.exactOptional(amount),
  consistency: v.exactOptional(v.picklist(['snapshot', 'partition'], "is neither 'snapshot' nor 'partition'")),
}

/** The options of a resource, with what they may not say together. */
export function tableSchema(entries: typeof choiceEntries & v.ObjectEntries): v.GenericSchema<unknown, object> {
  return v.pipe(
    optionsSchema('the options of a table', entries),
    v.check(
      ({ select, exclude }) => select === undefined || exclude === undefined,
      "the options of a table have 'select' and 'exclude': give one of both",
    ),
  )
}
