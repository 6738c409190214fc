import { isUtf8 } from 'node:buffer'
import { type CellValue, cellAdder } from '../../columnar/cell-adder.ts'
import type { ColumnBuilder } from '../../columnar/column-builder.ts'
import { fitsPrecision, unscaledDecimal } from '../../columnar/lexical-decimal.ts'
import { dayNumber, parseInstant, parseTime, parseTimestamp } from '../../columnar/lexical-times.ts'
import type { RejectCause, RejectCode } from '../../model/column-batch.ts'
import type { ColumnType } from '../../model/column-type.ts'
import type { Column } from '../../model/schema.ts'
import type { TableColumn } from './catalogue.ts'
import { quote } from './connection.ts'

/** A cell as the driver hands it over, with big integers. */
export type Cell = null | bigint | number | string | Uint8Array

class Fault {
  readonly code: RejectCode
  constructor(code: RejectCode) {
    this.code = code
  }
}

const misfit = new Fault('MISFIT')
const outOfRange = new Fault('OUT_OF_RANGE')
const badEncoding = new Fault('ENCODING')

/** One column's rule: what fits its type and how it is added. */
export interface CellReader {
  readonly column: Column
  /** How it is selected, see {@link selectExpression}. */
  readonly expression: string
  /** How many values have become NULL so far because they did not fit. */
  readonly misfits: number
  /** The value as its builder takes it, or undefined with the cause of refusing it pushed to `causes`. */
  read(cell: Cell, causes: RejectCause[]): CellValue | null | undefined
  add(builder: ColumnBuilder, value: CellValue | null): void
}

/**
 * Types whose text is asked for as bytes, because the driver replaces invalid UTF-8 silently.
 * For them a string means a BLOB (its hexadecimal), see {@link selectExpression}.
 */
function readsBytes(type: ColumnType): boolean {
  return type.kind !== 'int64' && type.kind !== 'boolean' && type.kind !== 'double' && type.kind !== 'binary'
}

/** How a column is selected so that its cell shows what is stored, byte for byte. */
function selectExpression(quoted: string, type: ColumnType): string {
  if (!readsBytes(type)) return quoted
  return `CASE typeof(${quoted}) WHEN 'text' THEN CAST(${quoted} AS BLOB) WHEN 'blob' THEN hex(${quoted}) ELSE ${quoted} END`
}

/** What becomes of a column's values. */
interface CellRules {
  readonly encoding: string
  /** What does not fit becomes NULL, or refuses its row. */
  readonly otherwise: 'null' | 'reject'
  /** Whether values must fit the declared type where another is staged. */
  readonly isChecked: boolean
}

export function cellReader({ column, declared }: TableColumn, { encoding, otherwise, isChecked }: CellRules): CellReader {
  const accept = exactFitter(column.type, encoding)
  const check = isChecked && declared !== column.type ? exactFitter(declared, encoding) : undefined
  let misfits = 0
  return {
    column,
    expression: selectExpression(quote(column.name), column.type),
    get misfits() {
      return misfits
    },
    read(cell, causes) {
      if (cell === null) {
        if (column.nullable) return null
        causes.push({ code: 'NULL_VALUE', column: column.name })
        return undefined
      }
      const checked = check?.(cell)
      const value = checked instanceof Fault ? checked : accept(cell)
      if (!(value instanceof Fault)) return value
      if (otherwise === 'null' && value !== badEncoding) {
        misfits += 1
        return null
      }
      causes.push({ code: value.code, column: column.name, value: cellText(cell).slice(0, 1000) })
      return undefined
    },
    add: cellAdder(column.type),
  }
}

/** Takes cells of {@link selectExpression}, in which a string stands for a BLOB. */
function exactFitter(type: ColumnType, encoding: string): Fitter {
  const accept = fitter(type, encoding === 'utf-8' ? decodeUtf8 : decoder(encoding))
  return readsBytes(type) ? (cell) => (typeof cell === 'string' ? misfit : accept(cell)) : accept
}

/** A cell for people: bytes as text where they are text, else hexadecimal. */
export function cellText(cell: Cell): string {
  if (cell === null) return 'NULL'
  if (!(cell instanceof Uint8Array)) return String(cell)
  const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength)
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('hex')
}

type Decode = (bytes: Uint8Array) => string | undefined

function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function decoder(encoding: string): Decode {
  const strict = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      return strict.decode(bytes)
    } catch {
      return undefined
    }
  }
}

type Fitter = (cell: NonNullable<Cell>) => CellValue | Fault

function fitter(type: ColumnType, decode: Decode): Fitter {
  const parsed = (parse: (text: string) => CellValue | undefined) => (cell: NonNullable<Cell>) => {
    if (!(cell instanceof Uint8Array)) return misfit
    const text = decode(cell)
    return text === undefined ? badEncoding : (parse(text) ?? misfit)
  }
  switch (type.kind) {
    case 'int64':
      return (cell) => (typeof cell === 'bigint' ? cell : misfit)
    case 'boolean':
      return (cell) => (cell === 0n || cell === 1n ? cell === 1n : misfit)
    case 'double':
      return fitDouble
    case 'binary':
      return (cell) => (cell instanceof Uint8Array ? cell : misfit)
    case 'decimal':
      return (cell) => fitDecimal(cell, type.precision, type.scale, decode)
    case 'date':
      return parsed(dayNumber)
    case 'time':
      return parsed(parseTime)
    case 'timestamp':
      return parsed(parseTimestamp)
    case 'timestamptz':
      return parsed(parseInstant)
    case 'uuid':
      return parsed((text) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text : undefined))
    case 'json':
      return (cell) =>
        cell instanceof Uint8Array ? parsed(jsonText)(cell) : Number.isFinite(Number(cell)) ? String(cell) : misfit
    default:
      return (cell) => (cell instanceof Uint8Array ? (decode(cell) ?? badEncoding) : String(cell))
  }
}

function fitDouble(cell: NonNullable<Cell>): number | Fault {
  if (typeof cell === 'number') return cell
  return typeof cell === 'bigint' && BigInt(Number(cell)) === cell ? Number(cell) : misfit
}

function jsonText(text: string): string | undefined {
  try {
    JSON.parse(text)
    return text
  } catch {
    return undefined
  }
}

function fitDecimal(cell: NonNullable<Cell>, precision: number, scale: number, decode: Decode): bigint | Fault {
  const text = cell instanceof Uint8Array ? decode(cell) : String(cell)
  if (text === undefined) return badEncoding
  const unscaled = unscaledDecimal(text, scale)
  if (unscaled === undefined) return misfit
  return fitsPrecision(unscaled, precision) ? unscaled : outOfRange
}
