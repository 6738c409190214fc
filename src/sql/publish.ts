import type { Dialect, Statement } from '../contracts/warehouse.ts'
import { Binder, columnList, tableSql } from './binder.ts'
import { type LoadPlan, type RunTag, targetColumns } from './load-plan.ts'

type Merge = Extract<LoadPlan['write'], { readonly disposition: 'merge' }>

export interface Publication extends RunTag {
  /** UTC, ISO 8601. */
  readonly loadedAt: string
}

/** Counts the staged rows of a run as `rows`. */
export function countStaged(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM (${staged(bind, plan, tag)}) AS s`)
}

/** Counts the staged rows whose key the target holds in a newer version, as `rows`. */
export function countOlder(dialect: Dialect, plan: LoadPlan, write: Merge, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return countJoined(bind, plan, write, tag, isOlder(dialect, write))
}

/** Counts the staged rows that the target holds already as they are, as `rows`. */
export function countUnchanged(dialect: Dialect, plan: LoadPlan, write: Merge, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return countJoined(bind, plan, write, tag, `NOT (${isOlder(dialect, write)}) AND NOT (${differs(dialect, plan)})`)
}

/** Counts the staged rows that are in the target after a merge, equal or newer, as `rows`. A doubled target row counts twice. */
export function countArrived(dialect: Dialect, plan: LoadPlan, write: Merge, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return countJoined(bind, plan, write, tag, `(${isOlder(dialect, write)} OR NOT (${differs(dialect, plan)}))`)
}

/** Counts the different keys of the staged rows as `rows`. */
export function countKeys(dialect: Dialect, plan: LoadPlan, write: Merge, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const keys = `SELECT DISTINCT ${columnList(dialect, write.key)} FROM (${staged(bind, plan, tag)}) AS s`
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM (${keys}) AS keys_of_batch`)
}

/** Changes the target rows that differ and are not newer. Key columns are never set. */
export function updateChanged(dialect: Dialect, plan: LoadPlan, write: Merge, publication: Publication): Statement {
  const bind = new Binder(dialect)
  const set = [
    ...plan.columns
      .filter(({ name }) => !write.key.includes(name))
      .map(({ name }) => `${dialect.quote(name)} = s.${dialect.quote(name)}`),
    ...systemValues(bind, plan, publication).map(([name, value]) => `${name} = ${value}`),
  ]
  return bind.statement(
    `UPDATE ${tableSql(dialect, plan.target)} AS t SET ${set.join(', ')} FROM (${staged(bind, plan, publication)}) AS s ` +
      `WHERE ${sameKey(dialect, write)} AND NOT (${isOlder(dialect, write)}) AND (${differs(dialect, plan)})`,
  )
}

/** Adds the staged rows whose key the target does not hold. */
export function insertMissing(dialect: Dialect, plan: LoadPlan, write: Merge, publication: Publication): Statement {
  const bind = new Binder(dialect)
  const known = `SELECT 1 FROM ${tableSql(dialect, plan.target)} AS t WHERE ${sameKey(dialect, write)}`
  return insertStaged(bind, plan, publication, ` WHERE NOT EXISTS (${known})`)
}

/** Adds all staged rows. */
export function insertAll(dialect: Dialect, plan: LoadPlan, publication: Publication): Statement {
  return insertStaged(new Binder(dialect), plan, publication, '')
}

/** Removes what the script published of a batch before. */
export function deletePublished(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const where = `_batch_id = ${bind.date(tag.batch)} AND _script = ${bind.text(plan.script)}`
  return bind.statement(`DELETE FROM ${tableSql(dialect, plan.target)} WHERE ${where}`)
}

/** Counts the target rows that a run wrote, as `rows`. */
export function countWritten(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const where = `_run_id = ${bind.text(tag.runId)} AND _script = ${bind.text(plan.script)}`
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, plan.target)} WHERE ${where}`)
}

function insertStaged(bind: Binder, plan: LoadPlan, publication: Publication, condition: string): Statement {
  const { dialect } = bind
  const names = plan.columns.map(({ name }) => name)
  const system = systemValues(bind, plan, publication)
  return bind.statement(
    `INSERT INTO ${tableSql(dialect, plan.target)} (${columnList(dialect, [...names, ...system.map(([name]) => name)])}) ` +
      `SELECT ${[columnList(dialect, names, 's'), ...system.map(([, value]) => value)].join(', ')} ` +
      `FROM (${staged(bind, plan, publication)}) AS s${condition}`,
  )
}

function systemValues(
  bind: Binder,
  plan: LoadPlan,
  { batch, runId, loadedAt }: Publication,
): readonly (readonly [string, string])[] {
  const values = [bind.date(batch), bind.text(plan.script), bind.text(runId), bind.instant(loadedAt)]
  return targetColumns.map(({ name }, index) => [name, values[index] ?? 'NULL'] as const)
}

function staged(bind: Binder, plan: LoadPlan, { runId }: RunTag): string {
  const names = columnList(
    bind.dialect,
    plan.columns.map(({ name }) => name),
  )
  return `SELECT ${names} FROM ${tableSql(bind.dialect, plan.typed)} WHERE _run_id = ${bind.text(runId)}`
}

function countJoined(bind: Binder, plan: LoadPlan, write: Merge, tag: RunTag, condition: string): Statement {
  const { dialect } = bind
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM (${staged(bind, plan, tag)}) AS s ` +
      `JOIN ${tableSql(dialect, plan.target)} AS t ON ${sameKey(dialect, write)} WHERE ${condition}`,
  )
}

function sameKey(dialect: Dialect, { key }: Merge): string {
  return key.map((name) => `t.${dialect.quote(name)} = s.${dialect.quote(name)}`).join(' AND ')
}

/** Never unknown: a target row without a `newest` is older than any. */
function isOlder(dialect: Dialect, { newest }: Merge): string {
  if (newest === undefined) return '1 = 0'
  const name = dialect.quote(newest)
  return `(t.${name} IS NOT NULL AND s.${name} < t.${name})`
}

function differs(dialect: Dialect, plan: LoadPlan): string {
  return plan.columns.map(({ name }) => `t.${dialect.quote(name)} IS DISTINCT FROM s.${dialect.quote(name)}`).join(' OR ')
}
