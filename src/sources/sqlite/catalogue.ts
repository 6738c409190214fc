import type { DatabaseSync } from 'node:sqlite'
import { distance } from 'fastest-levenshtein'
import { SluiceError } from '../../errors.ts'
import type { Column, TableSchema } from '../../model/schema.ts'
import { declaredType } from './declared-type.ts'

/** A table or view as the catalogue names it. */
export interface CatalogueTable {
  readonly name: string
  readonly schema: TableSchema
}

/** The table or view of this name, in whatever case. RESOURCE_NOT_FOUND with the nearest names. */
export function findTable(database: DatabaseSync, locator: string): CatalogueTable {
  const names = database
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all()
    .map((row) => String(row['name']))
  const wanted = locator.toLowerCase()
  const name = names.find((known) => known === locator) ?? names.find((known) => known.toLowerCase() === wanted)
  if (name === undefined) throw notFound(locator, names)
  return { name, schema: { columns: columnsOf(database, name) } }
}

function columnsOf(database: DatabaseSync, table: string): readonly Column[] {
  // 1 marks hidden columns of virtual tables; generated columns (2, 3) are read like any other.
  const rows = database
    .prepare('SELECT name, type, "notnull" AS required FROM pragma_table_xinfo(?) WHERE hidden <> 1')
    .all(table)
  return rows.map((row) => ({
    name: String(row['name']),
    type: declaredType(String(row['type'])),
    nullable: row['required'] === 0,
    sourceType: String(row['type']),
  }))
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
