import type { DatabaseSync } from 'node:sqlite'
import type { ReadRequest } from '../../contracts/source.ts'
import type { CatalogueTable } from './catalogue.ts'
import { quote } from './connection.ts'

/** Up to so many rows an index saves nothing that anybody would notice. */
const smallRows = 10_000

/** Says so when every run has to read the whole table to find the rows of its window. */
export function reportMissingIndex(database: DatabaseSync, table: CatalogueTable, { cursor, notice }: ReadRequest): void {
  const { name, from, isTable } = table
  if (cursor === undefined || !isTable || isIndexed(database, name, cursor.column)) return
  if (database.prepare(`SELECT 1 FROM ${from} LIMIT 1 OFFSET ${smallRows}`).get() === undefined) return
  const index = quote(`${name}_${cursor.column}`)
  notice(
    `No index begins with the cursor ${cursor.column}, so each run reads all of ${name}. It helps to run: CREATE INDEX ${index} ON ${from} (${quote(cursor.column)})`,
  )
}

function isIndexed(database: DatabaseSync, table: string, column: string): boolean {
  const index = database
    .prepare(
      `SELECT 1 FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS part
       WHERE list.partial = 0 AND part.seqno = 0 AND part.name = ?
       UNION ALL
       SELECT 1 FROM pragma_table_xinfo(?) AS known
       WHERE known.name = ? AND known.pk = 1 AND upper(known.type) = 'INTEGER'`,
    )
    .get(table, column, table, column)
  return index !== undefined
}
