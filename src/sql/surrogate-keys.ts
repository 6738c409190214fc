import type { Dialect, Statement } from '../contracts/warehouse.ts'
import type { Column, TableName } from '../model/schema.ts'
import { Binder, columnList, tableSql } from './binder.ts'
import type { LoadPlan, RunTag } from './load-plan.ts'
import { sameKey } from './publish.ts'

/** How far the surrogate keys of each target have gone; moved in the transaction that writes them. */
export const markColumns: readonly Column[] = [
  { name: 'target', type: { kind: 'text' }, nullable: false },
  { name: 'mark', type: { kind: 'int64' }, nullable: false },
]

/** A table whose rows get keys. */
export interface KeyedTable {
  readonly table: TableName
  /** As the marks name it. */
  readonly tableText: string
  readonly surrogateKey: string
}

/** Begins a table's keys behind those that it holds, unless they have begun. */
export function prepareMark(dialect: Dialect, marks: TableName, { table, tableText, surrogateKey }: KeyedTable): Statement {
  const bind = new Binder(dialect)
  const into = tableSql(dialect, marks)
  const target = bind.text(tableText)
  const held = `(SELECT coalesce(max(${dialect.quote(surrogateKey)}), ${bind.int64(0)}) FROM ${tableSql(dialect, table)})`
  const values = `SELECT ${target}, ${held}`
  return bind.statement(
    `INSERT INTO ${into} (target, mark) ${values} WHERE NOT EXISTS (SELECT 1 FROM ${into} WHERE target = ${bind.text(tableText)})`,
  )
}

/** The target's highest key so far, as `mark`. */
export function readMark(dialect: Dialect, marks: TableName, target: string): Statement {
  const bind = new Binder(dialect)
  return bind.statement(`SELECT mark FROM ${tableSql(dialect, marks)} WHERE target = ${bind.text(target)}`)
}

/** Moves the mark behind the keys that were given. Changes exactly one row. */
export function moveMark(dialect: Dialect, marks: TableName, target: string, keys: number): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `UPDATE ${tableSql(dialect, marks)} SET mark = mark + ${bind.int64(keys)} WHERE target = ${bind.text(target)}`,
  )
}

/** Gives keys after the mark to the target rows that came before the target had a surrogate key. */
export function completeKeys(dialect: Dialect, plan: LoadPlan, surrogateKey: string, mark: bigint): Statement {
  const bind = new Binder(dialect)
  const [name, target] = [dialect.quote(surrogateKey), tableSql(dialect, plan.target)]
  const keys = columnList(dialect, plan.write.key)
  const areKnown = plan.write.key.map((key) => `${dialect.quote(key)} IS NOT NULL`).join(' AND ')
  const numbered =
    `SELECT ${keys}, ${bind.int64(mark)} + row_number() OVER (ORDER BY ${keys}) AS _sluice_given FROM ${target} ` +
    `WHERE ${name} IS NULL AND ${areKnown}`
  return bind.statement(
    `UPDATE ${target} AS t SET ${name} = s._sluice_given FROM (${numbered}) AS s WHERE t.${name} IS NULL AND ${sameKey(dialect, plan)}`,
  )
}

/** Gives the staged rows the surrogate keys that the target has for their natural keys. */
export function takeKnownKeys(dialect: Dialect, plan: LoadPlan, surrogateKey: string, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const name = dialect.quote(surrogateKey)
  return bind.statement(
    `UPDATE ${tableSql(dialect, plan.typed)} AS s SET ${name} = t.${name} FROM ${tableSql(dialect, plan.target)} AS t ` +
      `WHERE s._run_id = ${bind.text(tag.runId)} AND ${sameKey(dialect, plan)}`,
  )
}

/** Gives the staged rows that have none the keys after the mark, in the order of their parts and rows. */
export function giveNewKeys(dialect: Dialect, plan: LoadPlan, surrogateKey: string, mark: bigint, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const [name, typed] = [dialect.quote(surrogateKey), tableSql(dialect, plan.typed)]
  const numbered =
    `SELECT _part, _row, ${bind.int64(mark)} + row_number() OVER (ORDER BY _part, _row) AS given FROM ${typed} ` +
    `WHERE _run_id = ${bind.text(tag.runId)} AND ${name} IS NULL`
  return bind.statement(
    `UPDATE ${typed} AS s SET ${name} = n.given FROM (${numbered}) AS n ` +
      `WHERE s._run_id = ${bind.text(tag.runId)} AND s._part = n._part AND s._row = n._row`,
  )
}
