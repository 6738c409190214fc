import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { CursorPolicy } from '../../model/script.ts'
import { whereText } from '../sql/conditions.ts'
import type { CatalogueTable, TableColumn } from './catalogue.ts'
import { identifier, type MysqlConnection } from './connection.ts'
import type { Clock, Horizon } from './horizon.ts'

/** Which rows a reading takes, and what it records about them. */
export interface Selection {
  /** A condition; empty: every row. */
  readonly where: string
  readonly window: CursorWindow | undefined
}

type CursorKind = 'time' | 'integer' | 'text'

interface Cursor {
  readonly policy: CursorPolicy
  readonly kind: CursorKind
  readonly data: string
  readonly quoted: string
  readonly table: CatalogueTable
  readonly literal: (text: string) => string
}

const kinds: Readonly<Record<string, CursorKind>> = {
  ...{ date: 'time', datetime: 'time', timestamp: 'time' },
  ...{ tinyint: 'integer', smallint: 'integer', mediumint: 'integer', int: 'integer', bigint: 'integer', year: 'integer' },
  ...{ char: 'text', varchar: 'text' },
}

/** Whether a cursor column is a time that the database may have set, so that a horizon can bound it. */
export function isTimeCursor(table: CatalogueTable, policy: CursorPolicy): boolean {
  return cursorKind(table, policy).kind === 'time'
}

/** `clock`: read before the snapshot, for a cursor that is a time. */
export async function select(
  connection: MysqlConnection,
  table: CatalogueTable,
  request: ReadRequest,
  clock: Clock | undefined,
): Promise<Selection> {
  if (!request.cursor) return { where: '', window: undefined }
  const { lower } = request
  const cursor: Cursor = {
    policy: request.cursor,
    ...cursorKind(table, request.cursor),
    table,
    literal: (text) => connection.literal(text),
  }
  const column = request.cursor.column
  const horizon = clock?.horizon && momentOf(cursor, clock.horizon)
  if (request.upper !== undefined) {
    const { upper } = request
    return {
      where: predicate(cursor, lower, upper),
      window: { column, lower, upper, proven: horizon !== undefined && upper <= horizon, next: upper },
    }
  }
  const beyondNow = clock && momentOf(cursor, clock.beyondNow, true)
  if (beyondNow !== undefined) await reportHeldBack(connection, cursor, beyondNow, request.notice)
  if (clock?.heldBy !== undefined) return held(cursor, request, clock.heldBy)
  if (horizon === undefined) return withoutHorizon(connection, cursor, request, clock?.reason, beyondNow)
  const upper = lower !== undefined && lower > horizon ? lower : horizon
  return { where: predicate(cursor, lower, upper), window: { column, lower, upper, proven: true, next: upper } }
}

/** Up to where it was before. */
function held(cursor: Cursor, { lower, notice }: ReadRequest, by: string): Selection {
  const { policy, table } = cursor
  if (lower === undefined) {
    throw new SluiceError('SOURCE_FAILED', `Of ${by} nothing tells since when it writes, and there is no earlier horizon.`, {
      hint: 'Have it ended first: XA RECOVER lists it, XA COMMIT or XA ROLLBACK ends it.',
    })
  }
  notice(`The horizon of ${table.name}.${policy.column} stays at ${lower}: nothing tells since when ${by} writes.`)
  const window = { column: policy.column, lower, upper: lower, proven: true, next: lower }
  return { where: predicate(cursor, lower, lower), window }
}

function cursorKind(table: CatalogueTable, policy: CursorPolicy): Pick<Cursor, 'kind' | 'data' | 'quoted'> {
  const isCursor = ({ column }: TableColumn) => column.name === policy.column
  const found = table.columns.find(isCursor)
  if (!found && table.hidden.some(isCursor)) {
    throw invalid(
      `${table.name}.${policy.column} is the cursor, and not among the columns that are read.`,
      `Add ${policy.column} to select, or take it out of exclude.`,
    )
  }
  if (!found) {
    throw invalid(`${table.name} has no column ${policy.column} to be its cursor.`, 'Name a column of the table as the cursor.')
  }
  const kind = kinds[found.data]
  if (!kind) {
    throw invalid(
      `${table.name}.${policy.column} is ${found.column.sourceType ?? found.data}, which cannot be a cursor.`,
      'Use a date, datetime, timestamp, integer, char or varchar column as the cursor.',
    )
  }
  return { kind, data: found.data, quoted: found.quoted }
}

/** The bound in the column's own form; `isEnd`: the first value that lies beyond it. */
function momentOf({ data }: Cursor, moments: Horizon, isEnd = false): string {
  if (data === 'timestamp') return moments.utc
  if (data === 'datetime') return moments.local
  const day = moments.local.slice(0, 10)
  return isEnd ? new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10) : day
}

async function withoutHorizon(
  connection: MysqlConnection,
  cursor: Cursor,
  request: ReadRequest,
  reason: string | undefined,
  beyondNow: string | undefined,
): Promise<Selection> {
  const { overlap, column } = cursor.policy
  const { lower } = request
  const why = reason ?? 'it is not a time of the database'
  if (overlap === undefined) {
    throw invalid(
      `No horizon can be proven for ${cursor.table.name}.${column}: ${why}.`,
      'Declare an overlap for the cursor (0 when its values are committed in their order), or grant what is missing.',
    )
  }
  if (cursor.kind === 'text' && overlap !== 0) {
    throw invalid(`An overlap cannot be taken from the text cursor ${column}.`, 'Declare an overlap of 0, or use another cursor.')
  }
  request.notice(
    `No horizon could be proven for ${column}: ${why}. The declared overlap of ${overlap} is what covers late commits.`,
  )
  const next = await nextLower(connection, cursor, lower, beyondNow, Math.ceil(overlap))
  return { where: predicate(cursor, lower, beyondNow), window: { column, lower, upper: undefined, proven: false, next } }
}

/** The greatest cursor that the snapshot shows, less the overlap; never before `lower`. */
async function nextLower(
  connection: MysqlConnection,
  { quoted, kind, table, literal }: Cursor,
  lower: string | undefined,
  beyondNow: string | undefined,
  overlap: number,
): Promise<string | undefined> {
  const bounds = [
    ...(lower === undefined ? [] : [`${quoted} >= ${literal(lower)}`]),
    ...(beyondNow === undefined ? [] : [`${quoted} < ${literal(beyondNow)}`]),
  ]
  const less = {
    time: `MAX(${quoted}) - INTERVAL ${overlap} SECOND`,
    integer: `CAST(MAX(${quoted}) AS DECIMAL(20)) - ${overlap}`,
    text: `MAX(${quoted})`,
  }
  const [top] = await connection.one(`SELECT ${less[kind]} FROM ${table.from}${whereText([table.condition, ...bounds])}`)
  if (typeof top !== 'string' || lower === undefined) return top ?? lower
  // Of texts the database has compared them, and nothing was subtracted.
  const isLater = kind === 'text' || (kind === 'integer' ? BigInt(top) > BigInt(lower) : top > lower)
  return isLater ? top : lower
}

/** `[lower, upper)`, compared by the database; dates that no calendar has are read, to be treated as the source is told. */
function predicate({ policy, kind, quoted, literal }: Cursor, lower: string | undefined, upper: string | undefined): string {
  const bounds: string[] = []
  if (lower !== undefined) bounds.push(`${quoted} >= ${literal(lower)}`)
  if (upper !== undefined) bounds.push(`${quoted} < ${literal(upper)}`)
  if (bounds.length === 0) bounds.push(`${quoted} IS NOT NULL`)
  const parts = [`(${bounds.join(' AND ')})`]
  if (policy.nulls !== 'exclude') {
    parts.push(`${quoted} IS NULL`)
    if (kind === 'time' && lower !== undefined) parts.push(`${quoted} = 0`)
  }
  return parts.join(' OR ')
}

async function reportHeldBack(
  connection: MysqlConnection,
  { quoted, table, policy, literal }: Cursor,
  from: string,
  notice: (message: string) => void,
): Promise<void> {
  const where = whereText([table.condition, `${quoted} >= ${literal(from)}`])
  const [rows] = await connection.one(`SELECT COUNT(*) FROM ${table.from}${where}`)
  if (Number(rows) === 0) return
  notice(`${rows} rows are held back: their ${policy.column} lies beyond the database's now, ${from} or later.`)
}

const smallRows = 10_000

/** Only a transactional engine shows one moment. */
export function reportUnsteadyEngine({ name, unsteadyEngine }: CatalogueTable, { notice }: ReadRequest): void {
  if (unsteadyEngine === undefined) return
  notice(
    `${name} is stored by ${unsteadyEngine}, which shows no snapshot: rows that change while they are read come as they are by then.`,
  )
}

/** Without an index that begins with the cursor each run reads the whole table; of small ones nobody need know. */
export function reportMissingIndex(table: CatalogueTable, { cursor, notice }: ReadRequest): void {
  const { estimatedRows, indexed, lockable } = table
  if (cursor === undefined || lockable === undefined || (estimatedRows ?? 0) < smallRows) return
  if (indexed.includes(cursor.column)) return
  const column = identifier(cursor.column)
  notice(
    `No index begins with the cursor ${cursor.column}, so each run reads all of ${table.name}. It helps to run: CREATE INDEX ${identifier(`${cursor.column}_cursor`)} ON ${lockable} (${column})`,
  )
}

function invalid(message: string, hint: string): SluiceError {
  return new SluiceError('CURSOR_INVALID', message, { hint })
}
