import type { Dialect, Statement } from '../contracts/warehouse.ts'
import type { Column, TableName } from '../model/schema.ts'
import { Binder, tableSql } from './binder.ts'

/** Whose turn it is to write a target: the run, its script and its control store. */
export interface FenceClaim {
  /** `<schema>.<table>` of the target. */
  readonly target: string
  readonly script: string
  readonly runId: string
  readonly token: number
  readonly storeId: string
}

/** One lock row a target (`script` is empty) and one token row for each script that writes it. */
export const fenceColumns: readonly Column[] = [
  { name: 'target', type: { kind: 'text' }, nullable: false },
  { name: 'script', type: { kind: 'text' }, nullable: false },
  { name: 'token', type: { kind: 'int64' }, nullable: false },
  { name: 'store_id', type: { kind: 'text' }, nullable: false },
  { name: 'run_id', type: { kind: 'text' }, nullable: false },
]

/** Adds the target's lock row and the script's token row where they are missing; they name no store before one writes. */
export function prepareFence(dialect: Dialect, table: TableName, claim: FenceClaim): readonly Statement[] {
  return ['', claim.script].map((script) => {
    const bind = new Binder(dialect)
    const fence = tableSql(dialect, table)
    const values = [bind.text(claim.target), bind.text(script), bind.int64(0), bind.text(''), bind.text('')]
    const known = `SELECT 1 FROM ${fence} WHERE target = ${bind.text(claim.target)} AND script = ${bind.text(script)}`
    return bind.statement(
      `INSERT INTO ${fence} (target, script, token, store_id, run_id) SELECT ${values.join(', ')} WHERE NOT EXISTS (${known})`,
    )
  })
}

/** Takes the target's lock row: who updates it is alone until the transaction ends. Changes exactly one row. */
export function takeLockRow(dialect: Dialect, table: TableName, claim: FenceClaim): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `UPDATE ${tableSql(dialect, table)} SET run_id = ${bind.text(claim.runId)} ` +
      `WHERE target = ${bind.text(claim.target)} AND script = ''`,
  )
}

/** Raises the script's token row to the run's token. Changes exactly one row. */
export function raiseToken(dialect: Dialect, table: TableName, claim: FenceClaim): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `UPDATE ${tableSql(dialect, table)} SET token = ${bind.int64(claim.token)}, run_id = ${bind.text(claim.runId)}, ` +
      `store_id = ${bind.text(claim.storeId)} ` +
      `WHERE target = ${bind.text(claim.target)} AND script = ${bind.text(claim.script)}`,
  )
}

/** The highest `token` that the script has written the target with, from fence and ledger. */
export function highestToken(dialect: Dialect, fence: TableName, ledger: TableName, claim: FenceClaim): Statement {
  const bind = new Binder(dialect)
  const of = (table: TableName) =>
    `SELECT token FROM ${tableSql(dialect, table)} WHERE target = ${bind.text(claim.target)} AND script = ${bind.text(claim.script)}`
  return bind.statement(`SELECT max(token) AS token FROM (${of(fence)} UNION ALL ${of(ledger)}) AS tokens`)
}

/** The `store_id` of another control store that has written the target, at most one row. */
export function otherStore(dialect: Dialect, fence: TableName, ledger: TableName, claim: FenceClaim): Statement {
  const bind = new Binder(dialect)
  const of = (table: TableName) =>
    `SELECT store_id FROM ${tableSql(dialect, table)} WHERE target = ${bind.text(claim.target)} ` +
    `AND store_id NOT IN ('', ${bind.text(claim.storeId)})`
  return bind.statement(`SELECT store_id FROM (${of(fence)} UNION ALL ${of(ledger)}) AS stores LIMIT 1`)
}
