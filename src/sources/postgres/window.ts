import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { CursorPolicy } from '../../model/script.ts'
import { whereText } from '../sql/conditions.ts'
import type { CatalogueTable, TableColumn } from './catalogue.ts'
import type { PostgresConnection } from './connection.ts'
import type { Horizon } from './horizon.ts'

/** Which rows a reading takes, and what it records about them. */
export interface Selection {
  /** A condition for SQL; empty: every row. */
  readonly where: string
  readonly window: CursorWindow | undefined
}

type CursorKind = 'moment' | 'local' | 'date' | 'integer' | 'text'

const kinds: Readonly<Record<string, CursorKind>> = {
  'timestamp with time zone': 'moment',
  'timestamp without time zone': 'local',
  date: 'date',
  bigint: 'integer',
  integer: 'integer',
  smallint: 'integer',
  text: 'text',
  'character varying': 'text',
}

interface Cursor {
  readonly policy: CursorPolicy
  readonly kind: CursorKind
  readonly column: TableColumn
  readonly table: CatalogueTable
  readonly connection: PostgresConnection
}

/** `horizon`: taken before the snapshot in which this is asked. */
export async function select(
  connection: PostgresConnection,
  table: CatalogueTable,
  request: ReadRequest,
  horizon: Horizon | undefined,
): Promise<Selection> {
  if (!request.cursor || !horizon) return { where: '', window: undefined }
  const cursor = cursorOf(connection, table, request.cursor)
  const known = isTime(cursor) ? horizon : { ...horizon, kind: 'unknown' as const, reason: 'it is no time of the database' }
  if (request.upper !== undefined) return given(cursor, request.lower, request.upper, known)
  if (known.kind === 'unknown') return withOverlap(cursor, request, known)
  const now = await localText(cursor, known.now, 'max')
  await reportHeldBack(cursor, now, request.notice)
  const upper =
    known.kind === 'held'
      ? heldUpper(cursor, request, known.by)
      : await later(cursor, await localText(cursor, known.at, 'min'), request.lower)
  return selection(cursor, { lower: request.lower, upper, proven: true, next: upper })
}

function isTime({ kind }: Cursor): boolean {
  return kind === 'moment' || kind === 'local' || kind === 'date'
}

function cursorOf(connection: PostgresConnection, table: CatalogueTable, policy: CursorPolicy): Cursor {
  const column = table.columns.find(({ column: { name } }) => name === policy.column)
  if (table.hidden.some(({ column: { name } }) => name === policy.column)) {
    throw invalid(`The cursor ${policy.column} of ${table.name} is not read.`, `Let select or exclude leave ${policy.column} in.`)
  }
  if (!column) {
    throw invalid(`${table.name} has no column ${policy.column} to be its cursor.`, 'Name a column of the table as the cursor.')
  }
  const kind = kinds[column.baseType]
  if (kind === undefined) {
    throw invalid(
      `${table.name}.${policy.column} is ${column.column.sourceType}, which cannot be a cursor.`,
      'Use a timestamp, date, integer or text column as the cursor.',
    )
  }
  return { policy, kind, column, table, connection }
}

/** A recorded or given window. */
async function given(cursor: Cursor, lower: string | undefined, upper: string, horizon: Horizon): Promise<Selection> {
  let proven = false
  if (horizon.kind === 'proven') {
    const safe = literal(cursor, await localText(cursor, horizon.at, 'min'))
    proven = (await cursor.connection.one(`SELECT ${literal(cursor, upper)} <= ${safe} AS proven`))['proven'] === 't'
  }
  return selection(cursor, { lower, upper, proven, next: upper })
}

function heldUpper(cursor: Cursor, { lower, notice }: ReadRequest, by: readonly string[]): string {
  const names = by.join(', ')
  if (lower === undefined) {
    throw new SluiceError(
      'SOURCE_FAILED',
      `The prepared transaction ${names} hides since when it writes; there is no earlier horizon.`,
      {
        hint: `Have it ended first: COMMIT PREPARED or ROLLBACK PREPARED '${by[0]}'`,
        details: { prepared: by },
      },
    )
  }
  notice(`The horizon stays at ${lower}: the prepared transaction ${names} is open in ${cursor.table.name}'s database.`)
  return lower
}

async function withOverlap(cursor: Cursor, request: ReadRequest, horizon: Horizon & { kind: 'unknown' }): Promise<Selection> {
  const { policy, column, table } = cursor
  const { overlap } = policy
  const { lower } = request
  if (overlap === undefined) {
    throw invalid(
      `No horizon can be proven for ${table.name}.${policy.column}: ${horizon.reason}.`,
      isTime(cursor)
        ? `Have a superuser run: GRANT pg_read_all_stats TO ${cursor.connection.login.user}; or declare an overlap for the cursor.`
        : 'Declare an overlap for the cursor (0 when its values are committed in their order).',
    )
  }
  if (cursor.kind === 'text' && overlap !== 0) {
    throw invalid(`An overlap cannot be taken from the text cursor ${policy.column}.`, 'Declare an overlap of 0.')
  }
  request.notice(
    `No horizon could be proven for ${policy.column}: ${horizon.reason}; the declared overlap of ${overlap} is what covers late commits.`,
  )
  const now = isTime(cursor) ? await localText(cursor, horizon.now, 'max') : undefined
  if (now !== undefined) await reportHeldBack(cursor, now, request.notice)
  const chosen = selection(cursor, { lower, upper: undefined, proven: false, next: lower }, now)
  const { top } = await cursor.connection.one(
    `SELECT (${less(cursor, `max(${column.quoted})`, overlap)})::text AS top FROM ${table.from}${whereText([table.condition, chosen.where])}`,
  )
  const next = typeof top === 'string' ? await later(cursor, top, lower) : lower
  return { ...chosen, window: chosen.window && { ...chosen.window, next } }
}

function less({ kind, column }: Cursor, top: string, overlap: number): string {
  if (kind === 'text') return top
  if (kind === 'integer') return `${top} - ${Math.ceil(overlap)}`
  return `(${top} - make_interval(secs => ${overlap}))::${column.baseType}`
}

/** `[lower, upper)`, compared by the database; without `upper`, what is not beyond `now`. */
function selection(cursor: Cursor, window: Omit<CursorWindow, 'column'>, now?: string): Selection {
  const { policy, column } = cursor
  const bounds: string[] = []
  if (window.lower !== undefined) bounds.push(`${column.quoted} >= ${literal(cursor, window.lower)}`)
  if (window.upper !== undefined) bounds.push(`${column.quoted} < ${literal(cursor, window.upper)}`)
  else if (now !== undefined) bounds.push(`${column.quoted} <= ${literal(cursor, now)}`)
  if (bounds.length === 0) bounds.push(`${column.quoted} IS NOT NULL`)
  const within = bounds.join(' AND ')
  const where = policy.nulls === 'exclude' ? within : `(${within} OR ${column.quoted} IS NULL)`
  return { where, window: { column: policy.column, ...window } }
}

function literal({ connection, column }: Cursor, text: string): string {
  return `${connection.literal(text)}::${column.baseType}`
}

async function reportHeldBack(cursor: Cursor, now: string, notice: (message: string) => void): Promise<void> {
  const { connection, column, table, policy } = cursor
  const sql = `SELECT count(*) AS rows FROM ${table.from}${whereText([table.condition, `${column.quoted} > ${literal(cursor, now)}`])}`
  const { rows } = await connection.one(sql)
  if (rows !== '0') notice(`${rows} rows are held back: their ${policy.column} lies beyond the database's now, ${now}.`)
}

/**
 * A moment as the cursor's column has it. Without a zone it is taken to be in the database's own, at the least or the greatest
 * offset of that zone's year: where summer time ends, an hour is written twice, and nothing may come below a window's end.
 */
async function localText(cursor: Cursor, moment: string, offset: 'min' | 'max'): Promise<string> {
  const { connection, kind, column } = cursor
  if (kind === 'moment') return moment
  const { text } = await connection.one(
    `SELECT (($1::timestamptz AT TIME ZONE 'UTC') + ${offset}((t AT TIME ZONE z.zone) - (t AT TIME ZONE 'UTC')))::${column.baseType}::text AS text
     FROM (SELECT reset_val AS zone FROM pg_settings WHERE name = 'TimeZone') z,
       generate_series($1::timestamptz - interval '1 year', $1::timestamptz + interval '1 year', interval '10 days') t`,
    [moment],
  )
  return text ?? moment
}

/** The later of both, as the database orders them. */
async function later(cursor: Cursor, text: string, lower: string | undefined): Promise<string> {
  if (lower === undefined) return text
  const { later: isLater } = await cursor.connection.one(`SELECT ${literal(cursor, text)} > ${literal(cursor, lower)} AS later`)
  return isLater === 't' ? text : lower
}

function invalid(message: string, hint: string): SluiceError {
  return new SluiceError('CURSOR_INVALID', message, { hint })
}
