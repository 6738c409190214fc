import type { Dialect, Statement } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import { type TableName, type TableSchema, tableText } from '../model/schema.ts'
import type { MartBalance } from '../model/script.ts'
import { Binder, tableSql } from './binder.ts'

/** Creates an empty table of a SELECT's shape, unless there is one of that name. */
export function createFromSelect(dialect: Dialect, table: TableName, select: string): Statement {
  return { sql: `CREATE TABLE IF NOT EXISTS ${tableSql(dialect, table)} AS SELECT * FROM (${subquery(select)}) AS mart LIMIT 0` }
}

/** Adds the columns that a SELECT has and its table has not. DDL_BREAKING when a column is gone or has another type. */
export function alignMart(dialect: Dialect, table: TableName, select: TableSchema, now: TableSchema): readonly Statement[] {
  for (const { name, sourceType } of now.columns) {
    const column = select.columns.find((candidate) => candidate.name === name)
    if (column?.sourceType === sourceType) continue
    const what = column ? `is ${column.sourceType} now` : 'is no longer in the SELECT'
    throw new SluiceError('DDL_BREAKING', `Column ${name} of ${tableText(table)} was ${sourceType} and ${what}.`, {
      hint: `Drop the table ${tableText(table)}, then run the mart again: it is rebuilt from its SELECT.`,
      details: { table: tableText(table), column: name },
    })
  }
  const added = select.columns.filter(({ name }) => !now.columns.some((column) => column.name === name))
  return added.map(({ name, sourceType }) => ({
    sql: `ALTER TABLE ${tableSql(dialect, table)} ADD COLUMN ${dialect.quote(name)} ${sourceType}`,
  }))
}

export function dropTable(dialect: Dialect, table: TableName): Statement {
  return { sql: `DROP TABLE IF EXISTS ${tableSql(dialect, table)}` }
}

export function createView(dialect: Dialect, table: TableName, select: string): Statement {
  return { sql: `CREATE OR REPLACE VIEW ${tableSql(dialect, table)} AS SELECT * FROM (${subquery(select)}) AS mart` }
}

export function deleteAll(dialect: Dialect, table: TableName): Statement {
  return { sql: `DELETE FROM ${tableSql(dialect, table)}` }
}

/** Adds the SELECT's rows, column by column of its own order. */
export function insertSelect(dialect: Dialect, table: TableName, columns: readonly string[], select: string): Statement {
  const list = columns.map((name) => dialect.quote(name)).join(', ')
  return { sql: `INSERT INTO ${tableSql(dialect, table)} (${list}) SELECT ${list} FROM (${subquery(select)}) AS mart` }
}

/** Counts all rows of a table as `rows`. */
export function countAll(dialect: Dialect, table: TableName): Statement {
  return { sql: `SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, table)}` }
}

/** The `table_type` of a table or view as the information schema names it, `VIEW` for a view; no row when there is none. */
export function selectTableType(dialect: Dialect, { schema, table }: TableName): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT table_type AS table_type FROM information_schema.tables ` +
      `WHERE lower(table_schema) = lower(${bind.text(schema)}) AND lower(table_name) = lower(${bind.text(table)})`,
  )
}

/** Of a mart, by its table or its SELECT, the `measure` and the `expected` sum as exact texts, and whether they are `equal` as numbers, of whatever scale. */
export function selectBalance(dialect: Dialect, mart: TableName | string, balance: MartBalance): Statement {
  const text = dialect.columnType({ kind: 'text' })
  const rows = (of: TableName | string) => (typeof of === 'string' ? `(${subquery(of)}) AS mart` : tableSql(dialect, of))
  const sum = (column: string, of: TableName | string) => `(SELECT sum(${dialect.quote(column)}) FROM ${rows(of)})`
  const sums = `SELECT ${sum(balance.measure, mart)} AS measure, ${sum(balance.column, balance)} AS expected`
  return {
    sql:
      `SELECT CAST(measure AS ${text}) AS measure, CAST(expected AS ${text}) AS expected, ` +
      `measure IS NOT DISTINCT FROM expected AS ${dialect.quote('equal')} FROM (${sums}) AS sums`,
  }
}

/** Comments, texts, names, and every other character by itself. */
const token = /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|\S/g

/** Without the semicolon that ends the SELECT, and what is behind it. The line break ends a comment on the last line. */
function subquery(select: string): string {
  let end: number | undefined
  for (const { 0: text, index } of select.matchAll(token)) {
    if (text.startsWith('--') || text.startsWith('/*')) continue
    end = text === ';' ? (end ?? index) : undefined
  }
  return `${select.slice(0, end).trim()}\n`
}
