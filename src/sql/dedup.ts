import type { Dialect, Statement } from '../contracts/warehouse.ts'
import { Binder, columnList, tableSql } from './binder.ts'
import type { LoadPlan, RunTag } from './load-plan.ts'
import { insertRejects } from './stage.ts'

type Keyed = Pick<LoadPlan['write'], 'key' | 'newest'>

/** Parts in file order, with the file that each belongs to. */
export type PartFiles = readonly { readonly part: number; readonly partition: string }[]

/** Refuses the staged rows without a key. */
export function refuseNullKeys(dialect: Dialect, plan: LoadPlan, { key }: Keyed, tag: RunTag): readonly Statement[] {
  return key.map((column) => {
    const bind = new Binder(dialect)
    const rows =
      `SELECT 'NULL_KEY' AS code, ${bind.text(column)} AS column_name, CAST(NULL AS ${dialect.columnType({ kind: 'text' })}) AS value, ` +
      `_part AS part, _row AS row_number FROM ${tableSql(dialect, plan.typed)} ` +
      `WHERE _run_id = ${bind.text(tag.runId)} AND ${dialect.quote(column)} IS NULL`
    return bind.statement(insertRejects(bind, plan, tag, 'dedup', rows))
  })
}

/**
 * Refuses every row of a tie: rows of one key with the same `newest`, without it of one file, whose content differs.
 * Content is compared by DISTINCT, for which two NULLs are the same.
 */
export function refuseConflicts(dialect: Dialect, plan: LoadPlan, write: Keyed, tag: RunTag, files: PartFiles): Statement {
  const bind = new Binder(dialect)
  const quoted = (names: readonly string[]) => columnList(dialect, names)
  const keys = write.key.map((name) => dialect.quote(name))
  const tie = write.newest === undefined ? '_sluice_file' : dialect.quote(write.newest)
  const file = write.newest === undefined ? `${fileCase(bind, files)} AS _sluice_file, ` : ''
  const all = quoted(contentColumns(plan))
  const staged =
    `SELECT ${file}${all}, _part, _row FROM ${tableSql(dialect, plan.typed)} ` +
    `WHERE _run_id = ${bind.text(tag.runId)} AND ${keys.map((name) => `${name} IS NOT NULL`).join(' AND ')}`
  const group = [...keys, tie].join(', ')
  const contents = write.newest === undefined ? `_sluice_file, ${all}` : all
  const rows =
    `SELECT 'DUP_CONFLICT' AS code, ${bind.text(write.key.join(', '))} AS column_name, ` +
    `${keyText(dialect, plan, write)} AS value, staged._part AS part, staged._row AS row_number ` +
    `FROM staged JOIN ties ON ${[...keys, tie].map((name) => `staged.${name} = ties.${name}`).join(' AND ')}`
  const ties = `SELECT ${group} FROM (SELECT DISTINCT ${contents} FROM staged) AS contents GROUP BY ${group} HAVING count(*) > 1`
  return bind.statement(insertRejects(bind, plan, tag, 'dedup', `WITH staged AS (${staged}), ties AS (${ties}) ${rows}`))
}

/** Takes the refused rows of the deduplication out of the stage. */
export function deleteRefused(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const refused =
    `SELECT part, row_number FROM ${tableSql(dialect, plan.audit.rejects)} WHERE target = ${bind.text(plan.targetText)} ` +
    `AND script = ${bind.text(plan.script)} AND run_id = ${bind.text(tag.runId)} AND refused_by = 'dedup'`
  return bind.statement(
    `DELETE FROM ${tableSql(dialect, plan.typed)} WHERE _run_id = ${bind.text(tag.runId)} AND (_part, _row) IN (${refused})`,
  )
}

/** Counts the staged rows that another row of their key outdoes, as `rows`. */
export function countDuplicates(dialect: Dialect, plan: LoadPlan, write: Keyed, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM (${outdone(bind, plan, write, tag)}) AS outdone`)
}

/** Leaves one row a key in the stage: the newest, of equals the last in file order. */
export function deleteDuplicates(dialect: Dialect, plan: LoadPlan, write: Keyed, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const rows = outdone(bind, plan, write, tag)
  return bind.statement(
    `DELETE FROM ${tableSql(dialect, plan.typed)} WHERE _run_id = ${bind.text(tag.runId)} AND (_part, _row) IN (${rows})`,
  )
}

function outdone(bind: Binder, plan: LoadPlan, write: Keyed, tag: RunTag): string {
  const { dialect } = bind
  const newest = write.newest === undefined ? '' : `${dialect.quote(write.newest)} DESC, `
  const rank = `row_number() OVER (PARTITION BY ${columnList(dialect, write.key)} ORDER BY ${newest}_part DESC, _row DESC)`
  const staged = `SELECT _part, _row, ${rank} AS _sluice_rank FROM ${tableSql(dialect, plan.typed)} WHERE _run_id = ${bind.text(tag.runId)}`
  return `SELECT _part, _row FROM (${staged}) AS ranked WHERE _sluice_rank > 1`
}

/** What tells two rows of a key apart; lookups by what they look for, since they have not been made yet. */
function contentColumns({ columns, lookups }: LoadPlan): readonly string[] {
  return [...columns.map(({ name }) => name), ...lookups.flatMap(({ keys }) => keys.map(({ staged }) => staged))]
}

function fileCase(bind: Binder, files: PartFiles): string {
  const order = [...new Set(files.map(({ partition }) => partition))]
  const whens = files.map(({ part, partition }) => `WHEN ${bind.int64(part)} THEN ${bind.int64(order.indexOf(partition))}`)
  return whens.length === 0 ? bind.int64(0) : `CASE _part ${whens.join(' ')} END`
}

/** The key's values as they would be written, for the reject's reader. */
function keyText(dialect: Dialect, plan: LoadPlan, write: Keyed): string {
  const texts = write.key.map((name) => {
    const type = plan.columns.find((column) => column.name === name)?.type ?? { kind: 'text' as const }
    return dialect.text(`staged.${dialect.quote(name)}`, type)
  })
  return `substr(${texts.join(` || ', ' || `)}, 1, 1000)`
}
