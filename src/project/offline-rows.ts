import type { Warehouse } from '../contracts/warehouse.ts'
import type { EngineContext } from '../engine/context.ts'
import { type TableName, tableText } from '../model/schema.ts'
import { targetColumns } from '../sql/load-plan.ts'

/** A row by its columns' names, each value as exact text. */
export type TextRow = Readonly<Record<string, string | null>>

/** The rows of each table that a load or mart wrote, by its name with and without the schema, in their order by value. */
export async function readPublished({
  scripts,
  settings,
  warehouse,
}: EngineContext): Promise<ReadonlyMap<string, readonly TextRow[]>> {
  const { target, mart } = settings.schemas
  const opened = await warehouse()
  const published = new Map<string, readonly TextRow[]>()
  for (const script of scripts) {
    if (script.kind === 'extract') continue
    const table = script.kind === 'load' ? { schema: target, table: script.into } : { schema: mart, table: script.name }
    const rows = await readTable(opened, table)
    if (rows) for (const name of [table.table, tableText(table)]) published.set(name, rows)
  }
  return published
}

async function readTable(warehouse: Warehouse, table: TableName): Promise<readonly TextRow[] | undefined> {
  const { dialect } = warehouse
  const schema = await warehouse.describe(table)
  if (!schema) return undefined
  const columns = schema.columns.filter(({ name }) => !targetColumns.some((own) => own.name === name))
  const texts = columns.map(({ name, type }) => `${dialect.text(dialect.quote(name), type)} AS ${dialect.quote(name)}`)
  const order = columns.map(({ name }) => `${dialect.quote(table.table)}.${dialect.quote(name)}`)
  const from = `${dialect.quote(table.schema)}.${dialect.quote(table.table)}`
  const sql = `SELECT ${texts.join(', ')} FROM ${from}${order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''}`
  const rows = await warehouse.query({ sql })
  return rows.map((row) => Object.fromEntries(columns.map(({ name }) => [name, row[name] === null ? null : String(row[name])])))
}
