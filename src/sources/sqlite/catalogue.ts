import type { DatabaseSync } from 'node:sqlite'
import { distance } from 'fastest-levenshtein'
import { SluiceError } from '../../errors.ts'
import type { ColumnType } from '../../model/column-type.ts'
import type { BatchDate } from '../../model/run.ts'
import type { Column, TableSchema } from '../../model/schema.ts'
import type { Resource } from '../../model/script.ts'
import { chosenColumns, queryOptions } from '../sql/table-options.ts'
import { quote } from './connection.ts'
import { columnsOf, type Declaration } from './declarations.ts'
import { declaredType } from './declared-type.ts'
import { conditionOf, describeQuery } from './query.ts'

/** What becomes of values that do not fit the declared type of their column. */
export type Misfits = 'reject' | 'null' | 'text'

/** A table, a view or a query, and what of it is read. */
export interface CatalogueTable {
  /** As the catalogue has it, or the query's name; for people. */
  readonly name: string
  /** For SQL, behind FROM. */
  readonly from: string
  /** What a row must be to be read, besides the window; empty: any. */
  readonly condition: string
  /** Whether it is a table, which can have indexes. */
  readonly isTable: boolean
  readonly columns: readonly TableColumn[]
}

export interface TableColumn {
  /** As it is staged. */
  readonly column: Column
  /** What its values should be; with `text` not always what they are staged as. */
  readonly declared: ColumnType
}

export function schemaOf(table: CatalogueTable): TableSchema {
  return { columns: table.columns.map(({ column }) => column) }
}

/**
 * What the resource names, with the columns and the condition that its options leave; a table or view by its name in whatever
 * case. RESOURCE_NOT_FOUND with the nearest names, CONFIG_INVALID for SQL that SQLite refuses.
 */
export function findTable(database: DatabaseSync, resource: Resource, batch: BatchDate, misfits: Misfits): CatalogueTable {
  const { sql, where } = queryOptions(resource)
  const { declarations, ...found } =
    sql === undefined ? namedTable(database, resource.locator) : describeQuery(database, resource.locator, sql, batch)
  const chosen = chosenColumns(declarations, ({ name }) => name, resource)
  const columns = chosen.map((declaration) => tableColumn(declaration, misfits))
  return { ...found, columns, condition: conditionOf(database, found, where, batch) }
}

function namedTable(database: DatabaseSync, locator: string) {
  const tables = database
    .prepare(
      `SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all()
    .map((row) => ({ name: String(row['name']), isTable: row['type'] === 'table' }))
  const wanted = locator.toLowerCase()
  const found = tables.find(({ name }) => name === locator) ?? tables.find(({ name }) => name.toLowerCase() === wanted)
  const names = tables.map(({ name }) => name)
  if (found === undefined) throw notFound(locator, names)
  return { ...found, from: quote(found.name), declarations: columnsOf(database, found.name) }
}

function tableColumn({ name, type, nullable, isSure }: Declaration, misfits: Misfits): TableColumn {
  const declared = declaredType(type)
  const isText = misfits === 'text' && !isSure && declared.kind !== 'binary'
  const column: Column = {
    name,
    type: isText ? { kind: 'text' } : declared,
    nullable: nullable || (misfits === 'null' && !isSure),
    sourceType: type,
  }
  return { column, declared }
}

function notFound(locator: string, names: readonly string[]): SluiceError {
  const near = names
    .map((name) => ({ name, far: distance(name.toLowerCase(), locator.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.floor(name.length / 3)))
    .sort((left, right) => left.far - right.far)
    .slice(0, 3)
    .map(({ name }) => name)
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'Correct the name of the table or view.'
  return new SluiceError('RESOURCE_NOT_FOUND', `The SQLite source has no table or view ${locator}.`, { hint, details: { near } })
}
