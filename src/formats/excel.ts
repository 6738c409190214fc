import { isSluiceError, SluiceError } from '../errors.ts'
import type { ReadBatch, RejectCause } from '../model/column-batch.ts'
import { type CsvLayout, headerLayout, headerMissing, positionalLayout } from './csv-layout.ts'
import { type ExcelCell, type ExcelRow, SheetListener } from './excel-sheet.ts'
import { readWorkbook, readXml, type Sheet, type Workbook } from './excel-workbook.ts'
import { type FormatRequest, stagedColumns } from './format-reading.ts'
import { ReadCollector } from './read-collector.ts'
import type { UnpackLimit } from './unpack-limit.ts'
import { openZip } from './zip.ts'

export interface ExcelFormat {
  /** Undefined: the first one that is not hidden. */
  readonly sheet?: string | undefined
  /** Whether the first row with a value names the columns. */
  readonly header: boolean
  /** What becomes of `#N/A` and the like: the row is refused, or the value NULL. */
  readonly errors: 'reject' | 'null'
}

/**
 * Reads one sheet of the `.xlsx` workbook that lies on this host, row by row; rows without a value are none. Numbers come as
 * they are stored, without an exponent, dates and times by their cell's format as ISO 8601, formulas as the value that was
 * stored with them. FILE_CORRUPT when it is no such workbook, SCHEMA_CHANGED when the sheet or a column is missing.
 */
export async function* readExcel(
  file: { readonly path: string; readonly bytes: number; readonly limit: UnpackLimit },
  request: FormatRequest,
  format: ExcelFormat,
): AsyncGenerator<ReadBatch> {
  const { name } = request
  const archive = await openZip(file.path, { name, ...file })
  try {
    const workbook = await readWorkbook(archive)
    const { part } = chosenSheet(workbook, format, name)
    const listener = new SheetListener(workbook)
    const table = new ExcelTable(request, format)
    for await (const _piece of readXml(archive.read(part), listener)) {
      for (const row of listener.take()) table.take(row)
      yield* table.collector.takeFull()
    }
    yield* table.finish()
  } catch (cause) {
    throw isSluiceError(cause) ? cause : corrupt(name, cause)
  } finally {
    archive.close()
  }
}

function chosenSheet({ sheets }: Workbook, { sheet: wanted }: ExcelFormat, name: string): Sheet {
  const chosen = sheets.find((sheet) => (wanted === undefined ? !sheet.isHidden : sheet.name === wanted))
  if (chosen !== undefined) return chosen
  const what = wanted === undefined ? 'no sheet that is not hidden' : `no sheet ${JSON.stringify(wanted)}`
  const found = sheets.length === 0 ? 'nothing' : sheets.map((sheet) => JSON.stringify(sheet.name)).join(', ')
  throw new SluiceError('SCHEMA_CHANGED', `${name}: ${what}; found: ${found}.`, {
    hint: "Set the format's `sheet` to one of the file, or have it delivered as agreed.",
    details: { file: name, sheets: sheets.map((sheet) => sheet.name) },
  })
}

/** Sorts the cells of each row into the declared columns. */
class ExcelTable {
  readonly collector: ReadCollector
  readonly #request: FormatRequest
  readonly #errors: ExcelFormat['errors']
  #layout: CsvLayout | undefined

  constructor(request: FormatRequest, { header, errors }: ExcelFormat) {
    this.collector = new ReadCollector(stagedColumns(request.columns))
    this.#request = request
    this.#errors = errors
    if (!header) this.#layout = positionalLayout(request)
  }

  take({ number, cells }: ExcelRow): void {
    if (this.#layout === undefined) {
      this.#layout = headerLayout(cells.map(headerText), this.#request)
      return
    }
    const { width, fields } = this.#layout
    const causes = cells.length > width ? [{ code: 'RAGGED' } as const] : this.#faults(cells, fields)
    if (causes.length > 0) {
      this.collector.reject(number, causes, Buffer.from(cells.map(shown).join('\t')))
      return
    }
    let bytes = 0
    for (const [at, field] of fields.entries()) {
      const cell = cells[field] ?? null
      const builder = this.collector.columns[at]
      if (typeof cell === 'string') builder?.addString(cell)
      else builder?.addNull()
      if (typeof cell === 'string') bytes += cell.length
    }
    this.collector.accept(bytes)
  }

  finish(): readonly ReadBatch[] {
    if (this.#layout === undefined) throw headerMissing(this.#request)
    return this.collector.takeAll()
  }

  #faults(cells: readonly ExcelCell[], fields: readonly number[]): readonly RejectCause[] {
    if (this.#errors === 'null') return []
    return this.#request.columns.flatMap(({ name: column }, at): readonly RejectCause[] => {
      const cell = cells[fields[at] ?? -1] ?? null
      return cell === null || typeof cell === 'string' ? [] : [{ code: 'MISFIT', column, value: cell.error.slice(0, 1000) }]
    })
  }
}

/** A column without a header is called by its letters. */
function headerText(cell: ExcelCell, column: number): string {
  const text = shown(cell)
  if (text !== '') return text
  let letters = ''
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  }
  return letters
}

function shown(cell: ExcelCell): string {
  return cell === null || typeof cell === 'string' ? (cell ?? '') : cell.error
}

function corrupt(name: string, cause: unknown): SluiceError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('FILE_CORRUPT', `${name} cannot be read as an Excel workbook: ${message}.`, {
    hint: 'Have it delivered as .xlsx, without a password.',
    details: { file: name },
    cause,
  })
}
