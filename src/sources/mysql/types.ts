import type { RejectCode } from '../../model/column-batch.ts'
import type { ColumnType } from '../../model/column-type.ts'
import { dayOf } from './days.ts'
import { booleans, type Decoder, dates, decimals, integers, moments, numbers, times, verbatim } from './decoders.ts'

/** What is asked for where a type of the server has no single counterpart. */
export interface ReadingRules {
  /** Dates that no calendar has, such as 0000-00-00: a refused row, NULL and counted, or all dates of the table as text. */
  readonly zeroDates: 'reject' | 'null' | 'text'
  /** What TINYINT(1) is. As a boolean, values other than 0 and 1 are refused. */
  readonly tinyint1: 'integer' | 'boolean'
  /** What TIME is, which reaches from -838:59:59 to 838:59:59. As a time of day, values beyond one day are refused. */
  readonly times: 'text' | 'time'
}

/** A type as the catalogue has it: `data` without and `declared` with its parameters, both in lower case. */
export interface DeclaredType {
  readonly data: string
  readonly declared: string
  readonly precision: number
  readonly scale: number
  /** Whether the server checks that the text is JSON. */
  readonly isJson: boolean
}

/** How a column is asked for and read. */
export interface TypeReading {
  readonly type: ColumnType
  readonly decoder: Decoder
  /** The expression that is selected, of the column's quoted name. */
  readonly select: (quoted: string) => string
  readonly check: CellCheck | undefined
}

/** What not every cell of a column passes; NULL is not asked. */
interface CellCheck {
  readonly fits: (bytes: Buffer, at: number) => boolean
  /** What becomes of a cell that does not. */
  readonly otherwise: RejectCode | 'null'
}

const wholes: Readonly<Record<string, readonly [signed: ColumnType, unsigned: ColumnType]>> = {
  tinyint: [{ kind: 'int8' }, { kind: 'int16' }],
  smallint: [{ kind: 'int16' }, { kind: 'int32' }],
  mediumint: [{ kind: 'int32' }, { kind: 'int32' }],
  int: [{ kind: 'int32' }, { kind: 'int64' }],
  bigint: [{ kind: 'int64' }, { kind: 'decimal', precision: 20, scale: 0 }],
}
const texts = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set', 'inet4', 'inet6']
const shapes = [
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geometrycollection', 'geomcollection'],
]
const maxPrecision = 38

export function typeReading(of: DeclaredType, rules: ReadingRules): TypeReading {
  const { data, declared } = of
  if (rules.tinyint1 === 'boolean' && declared.startsWith('tinyint(1)')) {
    return { ...plain({ kind: 'boolean' }, booleans), check: { fits: isBit, otherwise: 'MISFIT' } }
  }
  const whole = wholes[data]?.[declared.includes('unsigned') ? 1 : 0]
  if (whole !== undefined) return plain(whole, isNarrow(whole) ? integers : decimals)
  if (of.isJson || data === 'json') return plain({ kind: 'json' }, verbatim)
  if (texts.includes(data)) return plain({ kind: 'text' }, verbatim)
  if (shapes.includes(data)) return { ...plain({ kind: 'text' }, verbatim), select: (quoted) => `ST_AsText(${quoted})` }
  return dated(of, rules) ?? numeric(of) ?? other(of)
}

function dated({ data }: DeclaredType, { zeroDates, times: asked }: ReadingRules): TypeReading | undefined {
  if (data === 'time') {
    if (asked === 'text') return plain({ kind: 'text' }, verbatim)
    return { ...plain({ kind: 'time' }, times), check: { fits: isOfDay, otherwise: 'OUT_OF_RANGE' } }
  }
  const kind = { date: 'date', datetime: 'timestamp', timestamp: 'timestamptz' } as const
  if (data !== 'date' && data !== 'datetime' && data !== 'timestamp') return undefined
  if (zeroDates === 'text') return plain({ kind: 'text' }, verbatim)
  const check = { fits: isOfCalendar, otherwise: zeroDates === 'null' ? 'null' : 'OUT_OF_RANGE' } as const
  return { ...plain({ kind: kind[data] }, data === 'date' ? dates : moments), check }
}

function numeric({ data, precision, scale }: DeclaredType): TypeReading | undefined {
  switch (data) {
    case 'decimal':
      if (precision > maxPrecision) return plain({ kind: 'text' }, verbatim)
      return plain({ kind: 'decimal', precision, scale }, decimals)
    case 'float':
      // As it is, the server writes six digits of it; a product is a double with all of them.
      return { ...plain({ kind: 'float' }, numbers), select: (quoted) => `${quoted} * 1e0` }
    case 'double':
      return plain({ kind: 'double' }, numbers)
    case 'year':
      return plain({ kind: 'int16' }, integers)
    case 'bit': {
      const type: ColumnType = precision > 63 ? { kind: 'decimal', precision: 20, scale: 0 } : { kind: 'int64' }
      return { ...plain(type, decimals), select: (quoted) => `${quoted} + 0` }
    }
    default:
      return undefined
  }
}

/** What is known to be text is it; all others, such as BLOB and VECTOR, are bytes. */
function other({ data }: DeclaredType): TypeReading {
  if (data === 'uuid') return plain({ kind: 'uuid' }, verbatim)
  return plain({ kind: 'binary' }, verbatim)
}

function plain(type: ColumnType, decoder: Decoder): TypeReading {
  return { type, decoder, select: (quoted) => quoted, check: undefined }
}

function isNarrow({ kind }: ColumnType): boolean {
  return kind === 'int8' || kind === 'int16' || kind === 'int32'
}

function isBit(bytes: Buffer, at: number): boolean {
  return bytes[at] === 1 && (bytes[at + 1] === 0x30 || bytes[at + 1] === 0x31)
}

function isOfCalendar(bytes: Buffer, at: number): boolean {
  return dayOf(bytes, at + 1) !== undefined
}

/** `HH:MM:SS` of less than 24 hours: no sign, and no third digit of hours. */
function isOfDay(bytes: Buffer, at: number): boolean {
  const hours = ((bytes[at + 1] ?? 0) - 0x30) * 10 + (bytes[at + 2] ?? 0) - 0x30
  return bytes[at + 3] === 0x3a && hours >= 0 && hours < 24
}
