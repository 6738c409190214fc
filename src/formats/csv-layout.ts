import { SluiceError } from '../errors.ts'
import type { FormatRequest } from './format-reading.ts'

/** Which field of a record each declared column takes. */
export interface CsvLayout {
  /** The fields that every record has. */
  readonly width: number
  /** For each declared column the field's index. */
  readonly fields: readonly number[]
}

/** Without a header the columns stand in the order in which they are declared. */
export function positionalLayout(request: FormatRequest): CsvLayout {
  return { width: request.columns.length, fields: request.columns.map((_, index) => index) }
}

/** Finds the columns by the header's names. SCHEMA_CHANGED when one is missing or stands there twice. */
export function headerLayout(headers: readonly string[], request: FormatRequest): CsvLayout {
  const positions = new Map<string, number>()
  for (const [index, header] of headers.entries()) {
    if (positions.has(header)) throw changed(request, `the header ${quoted(header)} stands there twice`, headers)
    positions.set(header, index)
  }
  const missing = request.columns.filter(({ from }) => !positions.has(from)).map(({ from }) => from)
  if (missing.length > 0) throw changed(request, `no header ${missing.map(quoted).join(', ')}`, headers)
  const wanted = new Set(request.columns.map(({ from }) => from))
  const ignored = headers.filter((header) => !wanted.has(header))
  if (ignored.length > 0) {
    const columns = ignored.length === 1 ? '1 column is' : `${ignored.length} columns are`
    request.notice(`${request.name}: ${columns} not declared and left out: ${ignored.map(quoted).join(', ')}.`)
  }
  return { width: headers.length, fields: request.columns.map(({ from }) => positions.get(from) ?? -1) }
}

/** A file with bytes in it and no header. */
export function headerMissing(request: FormatRequest): SluiceError {
  return changed(request, `no header ${request.columns.map(({ from }) => quoted(from)).join(', ')}`, [])
}

function changed(request: FormatRequest, what: string, headers: readonly string[]): SluiceError {
  const found = headers.length === 0 ? 'nothing' : headers.map(quoted).join(', ')
  return new SluiceError('SCHEMA_CHANGED', `${request.name}: ${what}; found: ${found}.`, {
    hint: "Adapt the columns' `from` to the file's headers, or have the file delivered with the agreed headers.",
    details: { file: request.name, headers },
  })
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 200))
}
