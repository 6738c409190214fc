import type { Dialect, Statement } from '../contracts/warehouse.ts'
import type { Check } from '../model/script.ts'
import { Binder, tableSql } from './binder.ts'
import type { LoadPlan, RunTag } from './load-plan.ts'

/** Counts the staged rows that do not pass a check, as `rows`. */
export function countFailing(dialect: Dialect, plan: LoadPlan, check: Check, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, plan.typed)} ` +
      `WHERE _run_id = ${bind.text(tag.runId)} AND ${fails(bind, plan, check)}`,
  )
}

/** What a check demands, for messages. */
export function checkText(check: Check): string {
  if (check.kind === 'notNull') return `${check.column} is not NULL`
  if (check.kind === 'between') return `${check.column} is between ${check.lowest} and ${check.highest}`
  if (check.kind === 'oneOf') return `${check.column} is one of ${check.values.join(', ')}`
  return check.kind === 'matches' ? `${check.column} matches ${check.pattern}` : check.name
}

function fails(bind: Binder, plan: LoadPlan, check: Check): string {
  const { dialect } = bind
  if (check.kind === 'sql') return `NOT coalesce((${check.condition}), TRUE)`
  const column = dialect.quote(check.column)
  if (check.kind === 'notNull') return `${column} IS NULL`
  const type = plan.columns.find(({ name }) => name === check.column)?.type ?? { kind: 'int64' as const }
  const literal = (value: string) => `CAST(${bind.text(value)} AS ${dialect.columnType(type)})`
  if (check.kind === 'matches')
    return `NOT coalesce(${dialect.functions.matches(dialect.text(column, type), check.pattern)}, TRUE)`
  const passes =
    check.kind === 'between'
      ? `${column} BETWEEN ${literal(check.lowest)} AND ${literal(check.highest)}`
      : `${column} IN (${check.values.map(literal).join(', ')})`
  return `NOT coalesce(${passes}, TRUE)`
}
