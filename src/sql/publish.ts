import type { Dialect, Statement } from '../contracts/warehouse.ts'
import { Binder, columnList, tableSql } from './binder.ts'
import { type LoadPlan, type RunTag, stubColumn, targetColumns, valueColumns } from './load-plan.ts'

export interface Publication extends RunTag {
  /** UTC, ISO 8601. */
  readonly loadedAt: string
}

/** Counts the staged rows of a run as `rows`. */
export function countStaged(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM (${stagedRows(bind, plan, tag)}) AS s`)
}

/** Counts the staged rows whose key the target holds in a newer version, as `rows`. */
export function countOlder(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  return countJoined(dialect, plan, tag, isOlder(dialect, plan))
}

/** Counts the staged rows that the target holds already as they are, as `rows`. */
export function countUnchanged(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  return countJoined(dialect, plan, tag, `NOT (${isOlder(dialect, plan)}) AND NOT (${differs(dialect, plan)})`)
}

/** Counts the staged rows whose key the target holds, as `rows`. */
export function countKnown(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  return countJoined(dialect, plan, tag, '1 = 1')
}

/** Counts the staged rows that are in the target, equal or newer, as `rows`. A doubled target row counts twice. */
export function countArrived(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  return countJoined(dialect, plan, tag, `(${isOlder(dialect, plan)} OR NOT (${differs(dialect, plan)}))`)
}

/** Counts the different keys of the staged rows as `rows`. */
export function countKeys(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const keys = `SELECT DISTINCT ${columnList(dialect, plan.write.key)} FROM (${stagedRows(bind, plan, tag)}) AS s`
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM (${keys}) AS keys_of_batch`)
}

/** Changes the target rows that differ and are not newer, and completes stubs. Keys are never set. */
export function updateChanged(dialect: Dialect, plan: LoadPlan, publication: Publication): Statement {
  const bind = new Binder(dialect)
  const { key, surrogateKey } = plan.write
  const set = [
    ...valueColumns(plan)
      .filter((name) => !key.includes(name))
      .map((name) => `${dialect.quote(name)} = s.${dialect.quote(name)}`),
    ...(surrogateKey === undefined ? [] : [`${stubColumn.name} = FALSE`]),
    ...systemValues(bind, plan, publication).map(([name, value]) => `${name} = ${value}`),
  ]
  return bind.statement(
    `UPDATE ${tableSql(dialect, plan.target)} AS t SET ${set.join(', ')} FROM (${stagedRows(bind, plan, publication)}) AS s ` +
      `WHERE ${sameKey(dialect, plan)} AND NOT (${isOlder(dialect, plan)}) AND (${differs(dialect, plan)})`,
  )
}

/** Adds the staged rows whose key the target does not hold. */
export function insertMissing(dialect: Dialect, plan: LoadPlan, publication: Publication): Statement {
  const known = `SELECT 1 FROM ${tableSql(dialect, plan.target)} AS t WHERE ${sameKey(dialect, plan)}`
  return insertStaged(dialect, plan, publication, ` WHERE NOT EXISTS (${known})`)
}

/** Adds all staged rows. */
export function insertAll(dialect: Dialect, plan: LoadPlan, publication: Publication): Statement {
  return insertStaged(dialect, plan, publication, '')
}

/**
 * Removes what the script published of a batch before; with insert_only just the keys that arrive again, because a later
 * batch may have brought the others too and left them, as they were there.
 */
export function deletePublished(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const where = `_batch_id = ${bind.date(tag.batch)} AND _script = ${bind.text(plan.script)}`
  const arrives = plan.write.disposition === 'insert_only' ? ` AND ${keyArrives(bind, plan, tag)}` : ''
  return bind.statement(`DELETE FROM ${tableSql(dialect, plan.target)} WHERE ${where}${arrives}`)
}

/** Empties the target for a replacement; a stub whose own row does not arrive stays, because facts point at it. */
export function deleteReplaced(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const all = `DELETE FROM ${tableSql(dialect, plan.target)}`
  const { key, surrogateKey } = plan.write
  if (surrogateKey === undefined || key.length === 0) return bind.statement(all)
  return bind.statement(`${all} WHERE NOT coalesce(${stubColumn.name}, FALSE) OR ${keyArrives(bind, plan, tag)}`)
}

function keyArrives(bind: Binder, { typed, write }: LoadPlan, { runId }: RunTag): string {
  const keys = columnList(bind.dialect, write.key)
  return `(${keys}) IN (SELECT ${keys} FROM ${tableSql(bind.dialect, typed)} WHERE _run_id = ${bind.text(runId)})`
}

/** Counts the target rows that a run wrote, as `rows`. */
export function countWritten(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const where = `_run_id = ${bind.text(tag.runId)} AND _script = ${bind.text(plan.script)}`
  return bind.statement(`SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, plan.target)} WHERE ${where}`)
}

function insertStaged(dialect: Dialect, plan: LoadPlan, publication: Publication, condition: string): Statement {
  const bind = new Binder(dialect)
  const names = writtenColumns(plan)
  const system = systemValues(bind, plan, publication)
  const isStub = plan.write.surrogateKey === undefined ? [] : [[stubColumn.name, 'FALSE'] as const]
  const generated = [...isStub, ...system]
  return bind.statement(
    `INSERT INTO ${tableSql(dialect, plan.target)} (${columnList(dialect, [...names, ...generated.map(([name]) => name)])}) ` +
      `SELECT ${[columnList(dialect, names, 's'), ...generated.map(([, value]) => value)].join(', ')} ` +
      `FROM (${stagedRows(bind, plan, publication)}) AS s${condition}`,
  )
}

/** The system's columns of a target with their values. */
export function systemValues(
  bind: Binder,
  plan: LoadPlan,
  { batch, runId, loadedAt }: Publication,
): readonly (readonly [string, string])[] {
  const values = [bind.date(batch), bind.text(plan.script), bind.text(runId), bind.instant(loadedAt)]
  return targetColumns.map(({ name }, index) => [name, values[index] ?? 'NULL'] as const)
}

function writtenColumns(plan: LoadPlan): readonly string[] {
  const { surrogateKey } = plan.write
  return surrogateKey === undefined ? valueColumns(plan) : [surrogateKey, ...valueColumns(plan)]
}

function stagedRows(bind: Binder, plan: LoadPlan, { runId }: RunTag): string {
  const names = columnList(bind.dialect, writtenColumns(plan))
  return `SELECT ${names} FROM ${tableSql(bind.dialect, plan.typed)} WHERE _run_id = ${bind.text(runId)}`
}

function countJoined(dialect: Dialect, plan: LoadPlan, tag: RunTag, condition: string): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM (${stagedRows(bind, plan, tag)}) AS s ` +
      `JOIN ${tableSql(dialect, plan.target)} AS t ON ${sameKey(dialect, plan)} WHERE ${condition}`,
  )
}

/** Matches a row `t` of the target and a row `s` of the stage by their key. */
export function sameKey(dialect: Dialect, { write: { key } }: LoadPlan): string {
  return key.map((name) => `t.${dialect.quote(name)} = s.${dialect.quote(name)}`).join(' AND ')
}

/** Never unknown: a target row without a `newest`, such as a stub, is older than any. */
function isOlder(dialect: Dialect, { write: { newest, surrogateKey } }: LoadPlan): string {
  if (newest === undefined) return '1 = 0'
  const name = dialect.quote(newest)
  const isReal = surrogateKey === undefined ? '' : `NOT coalesce(t.${stubColumn.name}, FALSE) AND `
  return `(${isReal}t.${name} IS NOT NULL AND s.${name} < t.${name})`
}

function differs(dialect: Dialect, plan: LoadPlan): string {
  const values = valueColumns(plan).map((name) => `t.${dialect.quote(name)} IS DISTINCT FROM s.${dialect.quote(name)}`)
  const isStub = plan.write.surrogateKey === undefined ? [] : [`coalesce(t.${stubColumn.name}, FALSE)`]
  return [...isStub, ...values].join(' OR ')
}
