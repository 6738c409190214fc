import { type CellValue, cellAdder } from '../../columnar/cell-adder.ts'
import type { ColumnBuilder } from '../../columnar/column-builder.ts'
import { ReadBatchBuilder } from '../../columnar/read-batch-builder.ts'
import type { ReadBatch, RejectCause } from '../../model/column-batch.ts'
import type { Column } from '../../model/schema.ts'
import type { DeclaredColumn } from '../../model/script.ts'
import { type CellFitter, cellFitter, Misfit, shownCell } from './cells.ts'

const batchBytes = 4 * 1024 * 1024
const rawLength = 10_000
const valueLength = 1_000
/** Names beyond these are not counted: rows that use data as names must not fill the memory. */
const mostUnknown = 100

interface ColumnReader {
  readonly name: string
  /** The member of a row that holds the value. */
  readonly member: string
  readonly nullable: boolean
  readonly fitter: CellFitter
  readonly add: (builder: ColumnBuilder, value: CellValue | null) => void
}

/** The columns as custom code stages them: with the types that it declares. */
export function typedColumns(declared: readonly DeclaredColumn[]): readonly Column[] {
  return declared.map(({ name, type, nullable }) => ({ name, type, nullable }))
}

/** Checks rows that are objects against their columns: gathers those that fit and those that do not, and cuts batches. */
export class RowCollector {
  readonly #readers: readonly ColumnReader[]
  readonly #members: ReadonlySet<string>
  readonly #batch: ReadBatchBuilder
  readonly #values: (CellValue | null)[]
  readonly #cursor: string | undefined
  readonly #unknown = new Map<string, number>()

  /** `cursor` is the column that must not be NULL, whatever it declares. */
  constructor(declared: readonly DeclaredColumn[], cursor: string | undefined) {
    this.#cursor = cursor
    this.#readers = declared.map(({ name, type, length, nullable, from }) => {
      return { name, member: from, nullable, fitter: cellFitter(type, length), add: cellAdder(type) }
    })
    this.#members = new Set(declared.map(({ from }) => from))
    this.#batch = new ReadBatchBuilder(typedColumns(declared))
    this.#values = declared.map(() => null)
  }

  get isFull(): boolean {
    return this.#batch.isFull || this.#batch.bytes >= batchBytes
  }

  get isEmpty(): boolean {
    return this.#batch.isEmpty
  }

  /** The members that are no columns, each with the number of rows that had it. */
  get unknown(): ReadonlyMap<string, number> {
    return this.#unknown
  }

  /** The values that the row brought, in the order of the columns; undefined when it was refused. Good until the next row. */
  add(row: unknown): readonly (CellValue | null)[] | undefined {
    if (!isRecord(row)) {
      this.#batch.reject({ causes: [{ code: 'MALFORMED', value: cut(shownCell(row)) }] })
      return undefined
    }
    this.#countUnknown(row)
    const causes = this.#read(row)
    if (causes.length > 0) {
      this.#batch.reject({ causes, raw: rawText(row) })
      return undefined
    }
    this.#batch.accept()
    for (const [index, reader] of this.#readers.entries()) {
      const builder = this.#batch.columns[index]
      if (builder) reader.add(builder, this.#values[index] ?? null)
    }
    return this.#values
  }

  take(): ReadBatch {
    return this.#batch.take()
  }

  #read(row: Readonly<Record<string, unknown>>): readonly RejectCause[] {
    const causes: RejectCause[] = []
    for (const [index, { name, member, nullable, fitter }] of this.#readers.entries()) {
      const value = Object.hasOwn(row, member) ? row[member] : undefined
      const fitting = value === null || value === undefined ? null : fitter(value)
      if (fitting instanceof Misfit) causes.push({ code: fitting.code, column: name, value: cut(shownCell(value)) })
      else if (fitting === null && name === this.#cursor) causes.push({ code: 'NULL_CURSOR', column: name })
      else if (fitting === null && !nullable) causes.push({ code: 'NULL_VALUE', column: name })
      else this.#values[index] = fitting
    }
    return causes
  }

  #countUnknown(row: object): void {
    for (const member of Object.keys(row)) {
      if (this.#members.has(member)) continue
      const rows = this.#unknown.get(member)
      if (rows !== undefined || this.#unknown.size < mostUnknown) this.#unknown.set(member, (rows ?? 0) + 1)
    }
  }
}

function isRecord(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === 'object' && row !== null && !Array.isArray(row) && !ArrayBuffer.isView(row)
}

/** The row as JSON, as far as it can be written so. */
function rawText(row: object): string {
  const shown = (_: string, value: unknown) =>
    typeof value === 'bigint' || value instanceof Uint8Array ? shownCell(value) : value
  try {
    return JSON.stringify(row, shown).slice(0, rawLength)
  } catch {
    return shownCell(row)
  }
}

function cut(text: string): string {
  return text.slice(0, valueLength)
}
