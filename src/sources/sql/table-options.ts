import { SluiceError } from '../../errors.ts'
import type { BatchDate } from '../../model/run.ts'
import type { Resource } from '../../model/script.ts'

/** How a table, a view or a query of a SQL database is read. */
export interface TableOptions {
  /** Only these columns; by default all. */
  readonly select?: readonly string[]
  /** All columns but these. */
  readonly exclude?: readonly string[]
  /** A condition in the database's own SQL; `:batch` stands for the batch's date. */
  readonly where?: string
  /** How many partitions are read at the same time, each over a connection of its own; by default 1. */
  readonly parallel?: number
  /** The columns whose ranges are the partitions; by default the primary key. */
  readonly partitionBy?: readonly string[]
  /** About how many rows a partition has; by default 1,000,000. */
  readonly partitionRows?: number
  /**
   * `snapshot`: all partitions show one moment, and a failure starts the extraction over. `partition`: each shows a moment
   * of its own, and what was read whole is not read again. By default `snapshot`.
   */
  readonly consistency?: 'snapshot' | 'partition'
}

/** A query instead of a table; its name stands in the resource's locator. */
export interface QueryOptions extends TableOptions {
  /** One SELECT in the database's own SQL; `:batch` stands for the batch's date. */
  readonly sql?: string
}

/** The resource's options, whose types the project has checked. */
export function queryOptions({ options }: Resource): QueryOptions {
  return options
}

/** The columns that the options leave, in the order of the catalogue. RESOURCE_NOT_FOUND when they name one that is not there. */
export function chosenColumns<Column>(
  columns: readonly Column[],
  nameOf: (column: Column) => string,
  { locator, options }: Resource,
): readonly Column[] {
  const { select, exclude }: TableOptions = options
  const names = columns.map(nameOf)
  const unknown = [...(select ?? []), ...(exclude ?? [])].find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new SluiceError('RESOURCE_NOT_FOUND', `${locator} has no column ${unknown}.`, {
      hint: `Name columns of ${locator}: ${names.join(', ')}.`,
      details: { column: unknown },
    })
  }
  const chosen = columns.filter((column) => {
    const name = nameOf(column)
    return (select?.includes(name) ?? true) && !exclude?.includes(name)
  })
  if (chosen.length > 0) return chosen
  throw new SluiceError('CONFIG_INVALID', `No column of ${locator} is left to read.`, {
    hint: `Leave a column of ${locator} that is not excluded.`,
  })
}

/**
 * The SQL with the batch's date, as `literal` writes it, in place of each `:batch`; not inside quotes and comments, and not
 * as a part of `::batch` or a longer name. `backslashes`: whether `\` escapes inside quotes, as it does in MySQL.
 */
export function withBatch(sql: string, batch: BatchDate, literal: (batch: BatchDate) => string, backslashes = false): string {
  const quoted = backslashes ? String.raw`'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"` : `'(?:[^']|'')*'|"(?:[^"]|"")*"`
  const dollars = backslashes ? '' : String.raw`|\$(\w*)\$[\s\S]*?\$\1\$`
  const skipped = String.raw`${quoted}|${'`[^`]*`'}|--[^\n]*|/\*[\s\S]*?\*/${dollars}|::`
  return sql.replace(new RegExp(`${skipped}|(?<!\\w):batch\\b`, 'g'), (found) => (found === ':batch' ? literal(batch) : found))
}
