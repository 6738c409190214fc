import assert from 'node:assert/strict'
import type { Row, Session, Statement, Value, Warehouse } from '../contracts/warehouse.ts'
import { type ErrorCode, isSluiceError } from '../errors.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { TableName } from '../model/schema.ts'

/** What a case of the warehouse suite works with: a warehouse, and a schema in it that is there and empty. */
export interface Bench {
  readonly warehouse: Warehouse
  readonly schema: string
}

/** One case: rejects when the promise is not kept. */
export type Work = (bench: Bench) => Promise<void>

export const int64: ColumnType = { kind: 'int64' }
export const text: ColumnType = { kind: 'text' }

/** A table of the bench's schema. */
export function tableOf({ schema }: Bench, table: string): TableName {
  return { schema, table }
}

/** The table's name for a statement. */
export function sqlName({ warehouse }: Bench, { schema, table }: TableName): string {
  return `${warehouse.dialect.quote(schema)}.${warehouse.dialect.quote(table)}`
}

/** Creates a table and gives its name. */
export async function create(bench: Bench, table: string, columns: Readonly<Record<string, ColumnType>>): Promise<TableName> {
  const { dialect } = bench.warehouse
  const name = tableOf(bench, table)
  const list = Object.entries(columns).map(([column, type]) => `${dialect.quote(column)} ${dialect.columnType(type)}`)
  await bench.warehouse.define([{ sql: `CREATE TABLE ${sqlName(bench, name)} (${list.join(', ')})` }])
  return name
}

/** An INSERT of one row, with its values bound. */
export function insertion(bench: Bench, table: TableName, types: readonly ColumnType[], values: readonly Value[]): Statement {
  const { dialect } = bench.warehouse
  const cells = types.map((type, index) => `CAST(${dialect.placeholder(index + 1)} AS ${dialect.columnType(type)})`)
  return { sql: `INSERT INTO ${sqlName(bench, table)} SELECT ${cells.join(', ')}`, values }
}

/** Every row, by the first column. */
export async function rowsOf(bench: Bench, table: TableName): Promise<readonly (readonly Value[])[]> {
  const rows = await bench.warehouse.query({ sql: `SELECT * FROM ${sqlName(bench, table)} ORDER BY 1` })
  return rows.map((row) => Object.values(row))
}

/** The only value of the only row. */
export function only(rows: readonly Row[]): Value {
  const [row] = rows
  assert.ok(row !== undefined && rows.length === 1, `${rows.length} rows`)
  const [value, ...others] = Object.values(row)
  assert.ok(value !== undefined && others.length === 0, `${others.length + 1} columns`)
  return value
}

/** A statement that no engine takes: its table is not there. */
export function failing(bench: Bench): Statement {
  return { sql: `INSERT INTO ${sqlName(bench, tableOf(bench, 'never_created'))} SELECT 1` }
}

/** A transaction that writes one table. */
export function writing<T>({ warehouse }: Bench, table: TableName, work: (session: Session) => Promise<T>): Promise<T> {
  return warehouse.transaction([table], work)
}

/** Whether an error is ours, with this code. */
export function coded(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isSluiceError(error, code)
}
