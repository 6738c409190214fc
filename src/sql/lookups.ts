import type { Dialect, Statement } from '../contracts/warehouse.ts'
import { Binder, columnList, tableSql } from './binder.ts'
import { type LoadPlan, type PlannedLookup, type RunTag, stubColumn } from './load-plan.ts'
import { type Publication, systemValues } from './publish.ts'
import { insertRejects } from './stage.ts'

/** Counts the different keys that the dimension does not hold, as `rows`. */
export function countUnknownKeys(dialect: Dialect, plan: LoadPlan, lookup: PlannedLookup, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM (${unknownKeys(bind, plan, lookup, tag)}) AS unknown_keys`,
  )
}

/** Adds a stub to the dimension for each key that it does not hold, with the surrogate keys after the mark. */
export function insertStubs(
  dialect: Dialect,
  plan: LoadPlan,
  lookup: PlannedLookup,
  mark: bigint,
  publication: Publication,
): Statement {
  const bind = new Binder(dialect)
  const keys = lookup.keys.map(({ column }) => dialect.quote(column))
  const system = systemValues(bind, plan, publication)
  const names = [dialect.quote(lookup.surrogateKey), ...keys, stubColumn.name, ...system.map(([name]) => name)]
  const order = lookup.keys.map(({ staged }) => dialect.quote(staged)).join(', ')
  const values = [
    `${bind.int64(mark)} + row_number() OVER (ORDER BY ${order})`,
    order,
    'TRUE',
    ...system.map(([, value]) => value),
  ]
  return bind.statement(
    `INSERT INTO ${tableSql(dialect, lookup.table)} (${names.join(', ')}) ` +
      `SELECT ${values.join(', ')} FROM (${unknownKeys(bind, plan, lookup, publication)}) AS unknown_keys`,
  )
}

/** Adds a reject for each staged row whose key the dimension does not hold. */
export function refuseUnknown(dialect: Dialect, plan: LoadPlan, lookup: PlannedLookup, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const texts = lookup.keys.map(({ staged, cast }) => dialect.text(`s.${dialect.quote(staged)}`, cast.to))
  const rows =
    `SELECT 'UNKNOWN_KEY' AS code, ${bind.text(lookup.name)} AS column_name, substr(${texts.join(` || ', ' || `)}, 1, 1000) AS value, ` +
    `s._part AS part, s._row AS row_number FROM ${tableSql(dialect, plan.typed)} AS s ` +
    `WHERE s._run_id = ${bind.text(tag.runId)} AND ${isAsked(dialect, lookup)} AND NOT EXISTS (${known(dialect, lookup)})`
  return bind.statement(insertRejects(bind, plan, tag, 'publish', rows))
}

/** Takes the rows that the publishing refused out of the stage. */
export function deleteUnknown(dialect: Dialect, plan: LoadPlan, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  const refused =
    `SELECT part, row_number FROM ${tableSql(dialect, plan.audit.rejects)} WHERE target = ${bind.text(plan.targetText)} ` +
    `AND script = ${bind.text(plan.script)} AND run_id = ${bind.text(tag.runId)} AND refused_by = 'publish'`
  return bind.statement(
    `DELETE FROM ${tableSql(dialect, plan.typed)} WHERE _run_id = ${bind.text(tag.runId)} AND (_part, _row) IN (${refused})`,
  )
}

/** Writes the dimension's surrogate keys into the stage; whatever comes later reads only these. */
export function fillLookup(dialect: Dialect, plan: LoadPlan, lookup: PlannedLookup, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `UPDATE ${tableSql(dialect, plan.typed)} AS s SET ${dialect.quote(lookup.name)} = d.${dialect.quote(lookup.surrogateKey)} ` +
      `FROM ${tableSql(dialect, lookup.table)} AS d WHERE s._run_id = ${bind.text(tag.runId)} AND ${matches(dialect, lookup)}`,
  )
}

/**
 * Counts the pairs of a staged row and its dimension row as `rows`: more than {@link countAsked} when a key is there twice,
 * fewer when a dimension row has no surrogate key yet.
 */
export function countFound(dialect: Dialect, plan: LoadPlan, lookup: PlannedLookup, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, plan.typed)} AS s ` +
      `JOIN ${tableSql(dialect, lookup.table)} AS d ON ${matches(dialect, lookup)} ` +
      `WHERE s._run_id = ${bind.text(tag.runId)} AND d.${dialect.quote(lookup.surrogateKey)} IS NOT NULL`,
  )
}

/** Counts the staged rows that ask the dimension for a key, as `rows`. */
export function countAsked(dialect: Dialect, plan: LoadPlan, lookup: PlannedLookup, tag: RunTag): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT count(*) AS ${dialect.quote('rows')} FROM ${tableSql(dialect, plan.typed)} AS s ` +
      `WHERE s._run_id = ${bind.text(tag.runId)} AND ${isAsked(dialect, lookup)}`,
  )
}

function unknownKeys(bind: Binder, plan: LoadPlan, lookup: PlannedLookup, tag: RunTag): string {
  const { dialect } = bind
  const keys = columnList(
    dialect,
    lookup.keys.map(({ staged }) => staged),
    's',
  )
  return (
    `SELECT DISTINCT ${keys} FROM ${tableSql(dialect, plan.typed)} AS s WHERE s._run_id = ${bind.text(tag.runId)} ` +
    `AND ${isAsked(dialect, lookup)} AND NOT EXISTS (${known(dialect, lookup)})`
  )
}

function known(dialect: Dialect, lookup: PlannedLookup): string {
  return `SELECT 1 FROM ${tableSql(dialect, lookup.table)} AS d WHERE ${matches(dialect, lookup)}`
}

function matches(dialect: Dialect, { keys }: PlannedLookup): string {
  return keys.map(({ column, staged }) => `d.${dialect.quote(column)} = s.${dialect.quote(staged)}`).join(' AND ')
}

/** A key with a NULL in it points nowhere. */
function isAsked(dialect: Dialect, { keys }: PlannedLookup): string {
  return keys.map(({ staged }) => `s.${dialect.quote(staged)} IS NOT NULL`).join(' AND ')
}
