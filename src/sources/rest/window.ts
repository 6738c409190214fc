import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { RejectCause } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { CursorPolicy, DeclaredColumn } from '../../model/script.ts'
import { type Moment, momentOf, momentText } from './moment.ts'
import type { RestResource, WindowParameters } from './resource.ts'

type CursorKind = 'time' | 'date' | 'integer' | 'text'

const kinds: Readonly<Record<string, CursorKind>> = {
  date: 'date',
  timestamp: 'time',
  timestamptz: 'time',
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  text: 'text',
}

const dayMicros = 86_400_000_000n

/** A cursor's value: the text, and what it is compared by. */
interface Position {
  readonly text: string
  readonly order: bigint | string
  readonly moment: Moment | undefined
}

/**
 * The window of an incremental extraction, and how far its rows reach. An API proves no horizon: the window is open
 * towards its end, the next one begins where the rows ended less the declared overlap.
 */
export class RestWindow {
  readonly #policy: CursorPolicy
  readonly #kind: CursorKind
  readonly #lower: string | undefined
  readonly #upper: string | undefined
  readonly #overlap: number
  readonly #now: bigint
  #top: Position | undefined
  #ahead = 0
  #excluded = 0

  constructor(resource: RestResource, policy: CursorPolicy, { lower, upper }: Pick<ReadRequest, 'lower' | 'upper'>) {
    const column = resource.columns.find(({ name }) => name === policy.column)
    this.#policy = policy
    this.#kind = kindOf(column, policy)
    this.#lower = lower
    this.#upper = upper
    this.#now = BigInt(Date.now()) * 1_000n
    this.#overlap = overlapOf(policy, this.#kind)
    refuseWithoutParameters(resource, policy, upper)
    for (const bound of [lower, upper]) if (bound !== undefined) this.#bound(bound)
  }

  /** Rows that were left out because their cursor is NULL. */
  get excluded(): number {
    return this.#excluded
  }

  get window(): CursorWindow {
    const [lower, upper] = [this.#lower, this.#upper]
    return { column: this.#policy.column, lower, upper, proven: false, next: upper ?? this.#next() }
  }

  /** What people should know after the last row. */
  get notices(): readonly string[] {
    const { column } = this.#policy
    return [
      `No horizon can be proven for ${column} of an API; the declared overlap of ${this.#overlap} is what covers rows that appear late.`,
      ...(this.#ahead > 0 ? [`The ${column} of ${this.#ahead} rows lies beyond now; the cursor does not follow them.`] : []),
      ...(this.#excluded > 0 ? [`${this.#excluded} rows were left out because their ${column} is NULL.`] : []),
    ]
  }

  /** The bounds as a resource's parameters ask for them. */
  parameters(asked: WindowParameters): readonly (readonly [string, string])[] {
    const lower = this.#lower ?? asked.initial
    const bounds = [
      [asked.from, lower, false],
      [asked.until, this.#upper, true],
    ] as const
    return bounds.flatMap(([name, text, isEnd]) =>
      name === undefined || text === undefined ? [] : [[name, formatted(this.#bound(text), asked.format, isEnd)] as const],
    )
  }

  /** Notes a row's cursor: why the row is refused, `exclude` to leave it out, undefined to take it. */
  see(text: string | null | undefined): RejectCause | 'exclude' | undefined {
    const { column, nulls } = this.#policy
    if (text === null || text === undefined) {
      if (nulls === 'exclude') this.#excluded += 1
      if (nulls === 'include') return undefined
      return nulls === 'exclude' ? 'exclude' : { code: 'NULL_CURSOR', column }
    }
    // Most rows of a page have the same cursor as the one before or an older one.
    if (text === this.#top?.text) return undefined
    const position = positionOf(text, this.#kind)
    if (position === undefined) return { code: 'CAST', column, value: text.slice(0, 1000) }
    if (position.moment !== undefined && position.moment.micros > this.#now) this.#ahead += 1
    else if (this.#top === undefined || position.order > this.#top.order) this.#top = position
    return undefined
  }

  #next(): string | undefined {
    const [top, lower] = [this.#top, this.#lower]
    if (top === undefined) return lower
    const next = less(top, this.#kind, this.#overlap)
    if (lower === undefined) return next
    // The overlap must not let the cursor move back.
    return this.#bound(next).order > this.#bound(lower).order ? next : lower
  }

  #bound(text: string): Position {
    const position = positionOf(text, this.#kind)
    if (position !== undefined) return position
    throw invalidCursor(`${text} is no bound for the cursor ${this.#policy.column}.`, `Set one that is: sluice cursor set`)
  }
}

/** The parameters of a resource that is read whole: an API may want to know where to begin even then. */
export function wholeWindow({ from, format, initial }: WindowParameters): readonly (readonly [string, string])[] {
  if (initial === undefined) return []
  const moment = momentOf(initial)
  return [[from, formatted({ text: initial, order: '', moment }, format, false)]]
}

function kindOf(column: DeclaredColumn | undefined, policy: CursorPolicy): CursorKind {
  if (column === undefined) {
    throw invalidCursor(`There is no column ${policy.column} to be the cursor.`, 'Name a declared column as the cursor.')
  }
  const kind = kinds[column.type.kind]
  if (kind !== undefined) return kind
  throw invalidCursor(
    `${column.name} is ${column.type.kind}, which cannot be the cursor of an API.`,
    'Use a column of dates, times, whole numbers or texts as the cursor.',
  )
}

function overlapOf({ column, overlap }: CursorPolicy, kind: CursorKind): number {
  if (overlap === undefined) {
    throw invalidCursor(
      `An API proves no horizon, and the cursor ${column} has no overlap.`,
      'Declare an overlap for the cursor: as many seconds as a row may take to appear, 0 when rows appear in their order.',
    )
  }
  if (kind !== 'text' || overlap === 0) return overlap
  throw invalidCursor(`An overlap cannot be taken from the text cursor ${column}.`, 'Declare an overlap of 0, or another cursor.')
}

function refuseWithoutParameters(resource: RestResource, { column }: CursorPolicy, upper: string | undefined): void {
  const windows: WindowParameters[] = []
  for (let at: RestResource | undefined = resource; at !== undefined; at = at.parent) if (at.window) windows.push(at.window)
  if (windows.length === 0) {
    throw invalidCursor(
      `${resource.path} is read by ${column}, but none of its parameters asks for newer rows.`,
      "Name the parameter in the resource: window: { from: 'updated_since' }, or remove the cursor.",
    )
  }
  if (upper === undefined || windows.every(({ until }) => until !== undefined)) return
  throw invalidCursor(
    `The window of ${resource.path} ends at ${upper}, but none of its parameters asks for an end.`,
    "Name the parameter in the resource: window: { from: …, until: 'updated_before' }, or leave this batch as it is.",
  )
}

function positionOf(text: string, kind: CursorKind): Position | undefined {
  if (kind === 'text') return { text, order: text, moment: undefined }
  if (kind === 'integer') return /^-?\d+$/.test(text) ? { text, order: BigInt(text), moment: undefined } : undefined
  const moment = momentOf(text)
  return moment && { text, order: moment.micros, moment }
}

/** The value, less the overlap. */
function less({ text, order, moment }: Position, kind: CursorKind, overlap: number): string {
  if (overlap === 0 || typeof order === 'string') return text
  if (moment === undefined) return String(order - BigInt(Math.ceil(overlap)))
  const micros = moment.micros - BigInt(Math.ceil(overlap * 1_000_000))
  return kind === 'date' ? momentText(micros, moment).slice(0, 10) : momentText(micros, moment)
}

/** A bound as an API wants it. What it cannot write exactly is widened, so that no row falls between. */
function formatted({ text, moment }: Position, format: WindowParameters['format'], isEnd: boolean): string {
  if (format === 'text') return text
  if (moment === undefined) {
    throw invalidCursor(`${text} is no time, and so cannot be asked for as ${format}.`, "Set the window's format to 'text'.")
  }
  const unit = format === 'date' ? dayMicros : format === 'seconds' ? 1_000_000n : 1_000n
  const count = floorDivide(isEnd ? moment.micros + unit - 1n : moment.micros, unit)
  return format === 'date' ? momentText(count * dayMicros, moment).slice(0, 10) : String(count)
}

function floorDivide(value: bigint, unit: bigint): bigint {
  const quotient = value / unit
  return value < 0n && quotient * unit !== value ? quotient - 1n : quotient
}

function invalidCursor(message: string, hint: string): SluiceError {
  return new SluiceError('CURSOR_INVALID', message, { hint })
}
