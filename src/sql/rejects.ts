import type { Dialect, Statement } from '../contracts/warehouse.ts'
import type { TableName } from '../model/schema.ts'
import { Binder, tableSql } from './binder.ts'

/** Refused rows of all loads or of one script, newest batch first. */
export function selectRejects(
  dialect: Dialect,
  table: TableName,
  filter: { readonly script: string | undefined; readonly batch: string | undefined; readonly limit: number | undefined },
): Statement {
  const bind = new Binder(dialect)
  const conditions = [
    ...(filter.script === undefined ? [] : [`script = ${bind.text(filter.script)}`]),
    ...(filter.batch === undefined ? [] : [`batch = ${bind.date(filter.batch)}`]),
  ]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const batch = dialect.text('batch', { kind: 'date' })
  return bind.statement(
    `SELECT script, ${batch} AS batch, run_id, refused_by, code, column_name, value, raw, partition_name, part, row_number, line_number FROM ${tableSql(dialect, table)}` +
      `${where} ORDER BY 2 DESC, script, part, row_number, column_name${filter.limit === undefined ? '' : ` LIMIT ${filter.limit}`}`,
  )
}
