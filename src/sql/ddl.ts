import type { Dialect, Statement } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import { columnTypeText, sameColumnType } from '../model/column-type.ts'
import { type Column, type TableName, type TableSchema, tableText } from '../model/schema.ts'
import { tableSql } from './binder.ts'

export function createSchema(dialect: Dialect, schema: string): Statement {
  return { sql: `CREATE SCHEMA IF NOT EXISTS ${dialect.quote(schema)}` }
}

/** Without keys or NOT NULL: checks and the deduplication prove keys, and an index makes updates slow. */
export function createTable(dialect: Dialect, table: TableName, columns: readonly Column[]): Statement {
  const list = columns.map(({ name, type }) => `${dialect.quote(name)} ${dialect.columnType(type)}`)
  return { sql: `CREATE TABLE IF NOT EXISTS ${tableSql(dialect, table)} (${list.join(', ')})` }
}

/**
 * What brings a table to hold these columns, by adding only. `now` is the table as it is, undefined when there is none.
 * DDL_BREAKING when a column would have to change its type.
 */
export function alignTable(
  dialect: Dialect,
  table: TableName,
  columns: readonly Column[],
  now: TableSchema | undefined,
): readonly Statement[] {
  if (now === undefined) return [createTable(dialect, table, columns)]
  return columns.flatMap((column): Statement[] => {
    const known = now.columns.find(({ name }) => name.toLowerCase() === column.name.toLowerCase())
    if (known === undefined) {
      const added = `${dialect.quote(column.name)} ${dialect.columnType(column.type)}`
      return [{ sql: `ALTER TABLE ${tableSql(dialect, table)} ADD COLUMN IF NOT EXISTS ${added}` }]
    }
    const stored = dialect.parseType(dialect.columnType(column.type))
    if (stored === undefined || sameColumnType(known.type, stored)) return []
    throw breaking(table, column, known)
  })
}

function breaking(table: TableName, wanted: Column, known: Column): SluiceError {
  const text = `${tableText(table)} holds ${known.name} as ${known.sourceType ?? columnTypeText(known.type)}, the script says ${columnTypeText(wanted.type)}.`
  return new SluiceError('DDL_BREAKING', text, {
    hint: `Declare the type that the table has, or name another table with into, or alter ${tableText(table)} yourself.`,
    details: { table: tableText(table), column: known.name },
  })
}
