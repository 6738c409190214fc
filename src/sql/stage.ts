import type { Dialect, Statement } from '../contracts/warehouse.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { TableName } from '../model/schema.ts'
import { Binder, columnList, tableSql } from './binder.ts'
import { type CastSql, castSql } from './casts.ts'
import { type LandingOrigin, type LoadPlan, type RefusedBy, type RunTag, rejectTableColumns, stageColumns } from './load-plan.ts'

/** Removes what a script left of a batch in its own landing, stage or refused table. */
export function deleteBatch(dialect: Dialect, table: TableName, batch: string): Statement {
  const bind = new Binder(dialect)
  return bind.statement(`DELETE FROM ${tableSql(dialect, table)} WHERE _batch_id = ${bind.date(batch)}`)
}

/** Removes what a script left of a batch in the rejects of its target. */
export function deleteRejects(dialect: Dialect, plan: LoadPlan, batch: string): Statement {
  const bind = new Binder(dialect)
  const where = `target = ${bind.text(plan.targetText)} AND script = ${bind.text(plan.script)} AND batch = ${bind.date(batch)}`
  return bind.statement(`DELETE FROM ${tableSql(dialect, plan.audit.rejects)} WHERE ${where}`)
}

/** Counts a table's rows of a batch as `rows`. */
export function countBatch(dialect: Dialect, table: TableName, batch: string): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, table)} WHERE _batch_id = ${bind.date(batch)}`,
  )
}

/** Adds the landed rows that every cast takes to the typed stage, under the load's run. */
export function fillTyped(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const cells = landingCells(dialect, plan)
  const computed = plan.columns.flatMap(({ name, type, origin }) =>
    origin.kind === 'computed' ? [{ name, value: `CAST((${origin.expression}) AS ${dialect.columnType(type)})` }] : [],
  )
  const own = [...cells.map(({ name }) => name), ...stageColumns.map(({ name }) => name)]
  const list = [
    ...cells.map((cell) => `${finished(bind, cell)} AS ${dialect.quote(cell.name)}`),
    '_batch_id',
    `${bind.text(tag.runId)} AS _run_id`,
    '_part',
    '_row',
  ]
  const sound = cells.flatMap(({ cast: { fault } }) => (fault === undefined ? [] : [`(${fault}) IS NULL`]))
  const where = [`_batch_id = ${bind.date(tag.batch)}`, ...sound].join(' AND ')
  const rows = `SELECT ${list.join(', ')} FROM ${tableSql(dialect, plan.landing)} WHERE ${where}`
  const names = columnList(dialect, [...own, ...computed.map(({ name }) => name)])
  const values = [columnList(dialect, own), ...computed.map(({ value }) => value)].join(', ')
  const query = computed.length === 0 ? rows : `SELECT ${values} FROM (${rows}) AS typed`
  return bind.statement(`INSERT INTO ${tableSql(dialect, plan.typed)} (${names}) ${query}`)
}

/** One statement a column that can be refused, which adds its refused rows to the rejects. */
export function refuseCasts(dialect: Dialect, plan: LoadPlan, tag: RunTag): readonly Statement[] {
  return landingCells(dialect, plan).flatMap(({ shown, from, type, cast: { fault }, finish }) => {
    if (fault === undefined) return []
    const bind = new Binder(dialect)
    const column = dialect.quote(from)
    // What a masked column holds must not show in its rejects either.
    const value = finish.mask === undefined ? `substr(${dialect.text(column, type)}, 1, 1000)` : redacted(column)
    const rows =
      `SELECT (${fault}) AS code, ${bind.text(shown)} AS column_name, ${value} AS value, ` +
      `_part AS part, _row AS row_number FROM ${tableSql(dialect, plan.landing)} WHERE _batch_id = ${bind.date(tag.batch)} AND (${fault}) IS NOT NULL`
    return [bind.statement(insertRejects(bind, plan, tag, 'cast', rows))]
  })
}

/** Adds the rows that the extraction refused to the rejects. */
export function refuseExtracted(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const named: Readonly<Record<string, string>> = {
    code: 'code',
    column_name: 'column',
    value: 'value',
    raw: 'raw',
    partition_name: 'partition',
    row_number: 'row',
    line_number: 'line',
  }
  const list = Object.entries(named).map(([name, from]) => `${dialect.quote(from)} AS ${name}`)
  const rows = `SELECT ${list.join(', ')} FROM ${tableSql(dialect, plan.refused)} WHERE _batch_id = ${bind.date(tag.batch)}`
  return bind.statement(insertRejects(bind, plan, tag, 'extract', rows, Object.keys(named)))
}

const causeColumns = ['code', 'column_name', 'value', 'part', 'row_number']

/** An INSERT of the rows of a query with these columns; the rest of a record says whose they are. */
export function insertRejects(
  bind: Binder,
  plan: LoadPlan,
  tag: RunTag,
  by: RefusedBy,
  rows: string,
  columns: readonly string[] = causeColumns,
): string {
  const own = rejectTableColumns.slice(0, 5).map(({ name }) => name)
  const tags = [bind.text(plan.targetText), bind.text(plan.script), bind.date(tag.batch), bind.text(tag.runId), bind.text(by)]
  const table = tableSql(bind.dialect, plan.audit.rejects)
  return `INSERT INTO ${table} (${[...own, ...columns].join(', ')}) SELECT ${[...tags, ...columns].join(', ')} FROM (${rows}) AS refused`
}

/** Counts the rows of a batch that a step refused as `rows`: rows, not causes. */
export function countRejects(dialect: Dialect, plan: LoadPlan, tag: RunTag, by: RefusedBy): Statement {
  const bind = new Binder(dialect)
  const row = by === 'extract' ? 'partition_name, row_number' : 'part, row_number'
  const where =
    `target = ${bind.text(plan.targetText)} AND script = ${bind.text(plan.script)} AND batch = ${bind.date(tag.batch)} ` +
    `AND run_id = ${bind.text(tag.runId)} AND refused_by = ${bind.text(by)}`
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM ` +
      `(SELECT DISTINCT ${row} FROM ${tableSql(dialect, plan.audit.rejects)} WHERE ${where}) AS refused`,
  )
}

/** A column of the typed stage that is made from one of landing. */
interface LandingCell {
  readonly name: string
  /** What rejects call it. */
  readonly shown: string
  readonly from: string
  /** Of the landing column. */
  readonly type: ColumnType
  /** Of the cast. */
  readonly to: ColumnType
  readonly cast: CastSql
  readonly finish: Pick<LandingOrigin, 'default' | 'mask'>
}

function landingCells(dialect: Dialect, plan: LoadPlan): readonly LandingCell[] {
  const cell = (name: string, shown: string, from: string, cast: LandingOrigin['cast']) => {
    const sql = castSql(dialect, { ...cast, expression: dialect.quote(from) })
    return { name, shown, from, type: cast.from, to: cast.to, cast: sql }
  }
  return [
    ...plan.columns.flatMap(({ name, origin }) =>
      origin.kind === 'landing' ? [{ ...cell(name, name, origin.from, origin.cast), finish: origin }] : [],
    ),
    ...plan.lookups.flatMap(({ name, keys }) =>
      keys.map(({ staged, from, cast }) => ({
        ...cell(staged, name, from, cast),
        finish: { default: undefined, mask: undefined },
      })),
    ),
  ]
}

/** The cast value with its default, masked. */
function finished(bind: Binder, { cast, to, finish }: LandingCell): string {
  const { dialect } = bind
  const standsIn = finish.default
  const value =
    standsIn === undefined ? cast.value : `coalesce(${cast.value}, CAST(${bind.text(standsIn)} AS ${dialect.columnType(to)}))`
  if (finish.mask === undefined) return value
  return finish.mask === 'sha256' ? dialect.functions.sha256(dialect.text(value, to)) : redacted(value)
}

function redacted(value: string): string {
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE '***' END`
}
