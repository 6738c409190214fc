import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { CursorPolicy } from '../../model/script.ts'
import { whereText } from '../sql/conditions.ts'
import type { CatalogueTable } from './catalogue.ts'
import { quote } from './connection.ts'
import { secondText } from './times.ts'

/** Which rows a reading takes, and what it records about them. */
export interface Selection {
  /** A condition with `?` for each of `values`; empty: every row. */
  readonly where: string
  readonly values: readonly SQLInputValue[]
  readonly window: CursorWindow | undefined
}

type CursorKind = 'time' | 'date' | 'integer' | 'text'

interface CursorColumn {
  readonly policy: CursorPolicy
  readonly kind: CursorKind
  readonly zoned: boolean
  readonly quoted: string
  /** For people. */
  readonly table: string
  /** `FROM` the rows that are read in any window and have the condition. */
  readonly from: (condition: string) => string
}

/** `horizonMs`: when no writer was at work; undefined: that could not be shown. */
export function select(
  database: DatabaseSync,
  table: CatalogueTable,
  request: ReadRequest,
  horizonMs: number | undefined,
): Selection {
  if (!request.cursor) return { where: '', values: [], window: undefined }
  const cursor = cursorColumn(table, request.cursor)
  const separator = separatorOf(database, cursor, request.lower)
  const proven = isTime(cursor) ? horizonMs : undefined
  if (request.upper !== undefined) return given(cursor, request.lower, request.upper, proven, separator)
  if (proven !== undefined) return upToHorizon(database, cursor, request, proven, separator)
  return withoutHorizon(database, cursor, request, separator)
}

function isTime(cursor: CursorColumn): boolean {
  return cursor.kind === 'time' || cursor.kind === 'date'
}

function cursorColumn(table: CatalogueTable, policy: CursorPolicy): CursorColumn {
  const found = table.columns.find(({ column }) => column.name === policy.column)
  if (!found) {
    throw invalid(
      `What is read of ${table.name} has no column ${policy.column} to be its cursor.`,
      'Name a column that is read as the cursor.',
    )
  }
  const { column, declared } = found
  const kinds: Readonly<Record<string, CursorKind>> = {
    date: 'date',
    timestamp: 'time',
    timestamptz: 'time',
    int64: 'integer',
    text: 'text',
  }
  const kind = kinds[declared.kind]
  if (!kind) {
    throw invalid(
      `${table.name}.${column.name} is ${column.sourceType ?? declared.kind}, which cannot be a cursor.`,
      'Use a date, timestamp, integer or text column as the cursor.',
    )
  }
  return {
    policy,
    kind,
    zoned: declared.kind === 'timestamptz',
    quoted: quote(column.name),
    table: quote(table.name),
    from: (condition) => `FROM ${table.from}${whereText([table.condition, condition])}`,
  }
}

/** The separator of the column's timestamps; refuses forms whose text does not sort by time. */
function separatorOf(database: DatabaseSync, cursor: CursorColumn, lower: string | undefined): string {
  const { quoted, table, zoned, from } = cursor
  if (cursor.kind !== 'time') return ' '
  const zone = zoned ? `max(${quoted} NOT LIKE '%Z' AND ${quoted} NOT LIKE '%+00:00')` : '0'
  const row = database
    .prepare(
      `SELECT max(substr(${quoted}, 11, 1) = 'T') AS t, max(substr(${quoted}, 11, 1) = ' ') AS s, ${zone} AS z
       ${from(`${quoted} >= ? AND typeof(${quoted}) = 'text'`)}`,
    )
    .get((lower ?? '').slice(0, 10))
  const mixed = row?.['t'] === 1 && row['s'] === 1
  if (mixed || row?.['z'] === 1) {
    throw invalid(
      `${table}.${quoted} mixes ${mixed ? 'two forms of timestamps' : 'offsets'}, so its text does not sort by time.`,
      'Write the column in one form and in UTC, or use another cursor.',
    )
  }
  if (row?.['t'] === 1) return 'T'
  return row?.['s'] === 1 ? ' ' : lower?.[10] === 'T' ? 'T' : ' '
}

function given(
  cursor: CursorColumn,
  lower: string | undefined,
  upper: string,
  provenMs: number | undefined,
  separator: string,
): Selection {
  const proven = provenMs !== undefined && upper <= momentText(cursor, provenMs, separator)
  const window = { column: cursor.policy.column, lower, upper, proven, next: upper }
  return { ...predicate(cursor, lower, upper), window }
}

function upToHorizon(
  database: DatabaseSync,
  cursor: CursorColumn,
  request: ReadRequest,
  horizonMs: number,
  separator: string,
): Selection {
  const { lower } = request
  // Cut to the second: a writer whose clock drops fractions may still write this second.
  const horizon = momentText(cursor, horizonMs, separator)
  const upper = lower !== undefined && lower > horizon ? lower : horizon
  reportHeldBack(database, cursor, afterNow(cursor, horizonMs, separator), request.notice)
  return { ...predicate(cursor, lower, upper), window: { column: cursor.policy.column, lower, upper, proven: true, next: upper } }
}

function withoutHorizon(database: DatabaseSync, cursor: CursorColumn, request: ReadRequest, separator: string): Selection {
  const { overlap } = cursor.policy
  const { lower } = request
  if (overlap === undefined) {
    const reason = isTime(cursor)
      ? 'cannot be locked for a moment (read-only, or a writer held it), so no horizon can be proven'
      : 'is not a time of the database, so no horizon can be proven for it'
    throw invalid(
      `${cursor.table}.${cursor.quoted} ${reason}.`,
      'Declare an overlap for the cursor (0 when its values are committed in their order), or run it again when no writer holds the file.',
    )
  }
  if (cursor.kind === 'text' && overlap !== 0) {
    throw invalid(
      `An overlap cannot be taken from the text cursor ${cursor.quoted}.`,
      'Declare an overlap of 0, or use another cursor.',
    )
  }
  request.notice(
    `No horizon could be proven for ${cursor.policy.column}; the declared overlap of ${overlap} is what covers late commits.`,
  )
  const bound = isTime(cursor) ? afterNow(cursor, Date.now(), separator) : undefined
  if (bound !== undefined) reportHeldBack(database, cursor, bound, request.notice)
  const chosen = predicate(cursor, lower, bound)
  const next = nextLower(database, cursor, bound, overlap, separator) ?? lower
  const window = { column: cursor.policy.column, lower, upper: undefined, proven: false, next: later(cursor, next, lower) }
  return { ...chosen, window }
}

/** `[lower, upper)`, compared by the database; values of another kind than the cursor's are read, to be refused by name. */
function predicate(cursor: CursorColumn, lower: string | undefined, upper: string | undefined): Omit<Selection, 'window'> {
  const { quoted, policy } = cursor
  const bounds: string[] = []
  const values: SQLInputValue[] = []
  if (lower !== undefined) {
    bounds.push(`${quoted} >= ?`)
    values.push(bound(cursor, lower))
  }
  if (upper !== undefined) {
    bounds.push(`${quoted} < ?`)
    values.push(bound(cursor, upper))
  }
  if (bounds.length === 0) bounds.push(`${quoted} IS NOT NULL`)
  const parts = [`(${bounds.join(' AND ')})`]
  // Numbers sort before every text and BLOBs behind, so a bound would pass over them silently; so would it over ''.
  if (isTime(cursor)) parts.push(`${quoted} <= ''`)
  parts.push(cursor.kind === 'integer' ? `${quoted} >= ''` : `${quoted} >= x''`)
  if (policy.nulls !== 'exclude') parts.push(`${quoted} IS NULL`)
  return { where: parts.join(' OR '), values }
}

function bound(cursor: CursorColumn, text: string): SQLInputValue {
  if (cursor.kind !== 'integer') return text
  if (!/^-?\d+$/.test(text)) throw invalid(`${text} is no bound for the integer cursor ${cursor.quoted}.`, 'Give an integer.')
  return BigInt(text)
}

function momentText(cursor: CursorColumn, epochMs: number, separator: string): string {
  const text = secondText(epochMs, separator)
  return cursor.kind === 'date' ? text.slice(0, 10) : text
}

/** The first text that lies beyond the moment. */
function afterNow(cursor: CursorColumn, epochMs: number, separator: string): string {
  return momentText(cursor, epochMs + (cursor.kind === 'date' ? 86_400_000 : 1000), separator)
}

function reportHeldBack(database: DatabaseSync, cursor: CursorColumn, from: string, notice: (message: string) => void): void {
  const { quoted } = cursor
  const row = database.prepare(`SELECT count(*) AS rows ${cursor.from(`${quoted} >= ? AND ${quoted} < x''`)}`).get(from)
  const rows = Number(row?.['rows'] ?? 0)
  if (rows > 0)
    notice(`${rows} rows are held back: their ${cursor.policy.column} lies beyond the database's now, ${from} or later.`)
}

/** The greatest cursor that the snapshot shows, less the overlap. */
function nextLower(
  database: DatabaseSync,
  cursor: CursorColumn,
  bound: string | undefined,
  overlap: number,
  separator: string,
): string | undefined {
  const conditions = [`typeof(${cursor.quoted}) = '${cursor.kind === 'integer' ? 'integer' : 'text'}'`]
  if (bound !== undefined)
    conditions.push(`${cursor.quoted} < ?`, `${cursor.quoted} GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*'`)
  const statement = database.prepare(`SELECT max(${cursor.quoted}) AS top ${cursor.from(conditions.join(' AND '))}`)
  statement.setReadBigInts(true)
  const top = statement.get(...(bound === undefined ? [] : [bound]))?.['top']
  if (typeof top === 'bigint') return String(top - BigInt(Math.ceil(overlap)))
  if (typeof top !== 'string' || !isTime(cursor)) return typeof top === 'string' ? top : undefined
  const topMs = Date.parse(`${top.slice(0, 10)}T${top.slice(11, 19) || '00:00:00'}Z`)
  return Number.isNaN(topMs) ? undefined : momentText(cursor, topMs - Math.ceil(overlap) * 1000, separator)
}

function later(cursor: CursorColumn, next: string | undefined, lower: string | undefined): string | undefined {
  if (next === undefined || lower === undefined) return next ?? lower
  const isLater = cursor.kind === 'integer' ? BigInt(next) > BigInt(lower) : next > lower
  return isLater ? next : lower
}

function invalid(message: string, hint: string): SluiceError {
  return new SluiceError('CURSOR_INVALID', message, { hint })
}
