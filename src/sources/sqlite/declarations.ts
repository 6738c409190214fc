import type { DatabaseSync } from 'node:sqlite'

/** A column as SQLite describes it. */
export interface Declaration {
  readonly name: string
  /** Empty without. */
  readonly type: string
  readonly nullable: boolean
  /** Whether SQLite itself keeps other storage classes out. */
  readonly isSure: boolean
}

/** The columns of a table or view, in their order. */
export function columnsOf(database: DatabaseSync, table: string): readonly Declaration[] {
  // 1 marks hidden columns of virtual tables; generated columns (2, 3) are read like any other.
  const rows = database
    .prepare('SELECT name, type, "notnull" AS required, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1')
    .all(table)
  const kind = database
    .prepare("SELECT type, strict, wr FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower(?)")
    .get(table)
  const hasRowId = kind?.['type'] === 'table' && kind['wr'] === 0 && !hasKeyIndex(database, table)
  const isSingleKey = rows.filter(({ pk }) => pk !== 0).length === 1
  return rows.map(({ name, type, required, pk }) => {
    const isRowId = hasRowId && isSingleKey && pk !== 0 && String(type).toUpperCase() === 'INTEGER'
    const isStrict = kind?.['strict'] === 1 && String(type).toUpperCase() !== 'ANY'
    return { name: String(name), type: String(type), nullable: required === 0, isSure: isRowId || isStrict }
  })
}

/** An INTEGER PRIMARY KEY with an index of its own, as DESC makes one, is not the number of the row. */
function hasKeyIndex(database: DatabaseSync, table: string): boolean {
  return database.prepare("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'").get(table) !== undefined
}
