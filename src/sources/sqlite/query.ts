import type { DatabaseSync } from 'node:sqlite'
import { SluiceError } from '../../errors.ts'
import type { BatchDate } from '../../model/run.ts'
import { withBatch } from '../sql/table-options.ts'
import { isOfStatement } from './connection.ts'
import { columnsOf, type Declaration } from './declarations.ts'

/** A query as a table. CONFIG_INVALID with SQLite's own words when SQLite does not take it as one SELECT. */
export function describeQuery(database: DatabaseSync, name: string, sql: string, batch: BatchDate) {
  const statement = dated(sql, batch).replace(/;\s*$/, '')
  // A comment at its end must not swallow the bracket.
  const from = `(${statement}\n) AS q`
  const what = `The SQL of ${name}`
  // What follows a first statement is ignored, but not between brackets. This comes first: a PRAGMA acts when it is prepared.
  prepared(database, `SELECT * FROM ${from}`, what)
  // By itself too: what only makes sense between brackets is none.
  const columns = prepared(database, statement, what)
  const names = columns.map((column) => column.name.toLowerCase())
  const twice = columns.find((column, index) => names.indexOf(column.name.toLowerCase()) < index)
  if (twice !== undefined) throw invalid(`${what} has two columns ${twice.name}.`, 'Name its columns apart with AS.')
  const declarations = columns.map((column): Declaration => {
    const origin = columnsOf(database, column.table ?? '').find((known) => known.name === column.column)
    return { name: column.name, type: column.type ?? '', nullable: true, isSure: origin?.isSure ?? false }
  })
  return { name, from, isTable: false, declarations }
}

/** The condition of a `where`, with the batch's date; empty without one. CONFIG_INVALID when SQLite does not take it as one. */
export function conditionOf(
  database: DatabaseSync,
  { name, from }: { readonly name: string; readonly from: string },
  where: string | undefined,
  batch: BatchDate,
): string {
  if (where === undefined) return ''
  const condition = dated(where, batch)
  for (const tried of [condition, `(${condition}\n)`]) {
    prepared(database, `SELECT 1 FROM ${from} WHERE ${tried}`, `The where of ${name}`)
  }
  return `${condition}\n`
}

function dated(sql: string, batch: BatchDate): string {
  return withBatch(sql, batch, (day) => `'${day}'`)
}

function prepared(database: DatabaseSync, sql: string, what: string) {
  try {
    const columns = database.prepare(sql).columns()
    // The driver sets placeholders without a value to NULL silently.
    const steps = database.prepare(`EXPLAIN ${sql}`).all()
    if (!steps.some(({ opcode }) => opcode === 'Variable')) return columns
  } catch (cause) {
    throw isOfStatement(cause) ? refused(what, cause) : cause
  }
  throw invalid(`${what} has placeholders.`, 'Write the values; :batch stands for the date of the batch.')
}

function refused(what: string, cause: unknown): SluiceError {
  const words = cause instanceof Error ? cause.message : String(cause)
  return invalid(
    `${what} is refused by SQLite: ${words.replace(/[.?]$/, '')}.`,
    'Correct it; try it with the sqlite3 client.',
    cause,
  )
}

function invalid(message: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', message, { hint, cause })
}
