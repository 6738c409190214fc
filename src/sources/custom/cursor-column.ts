import { type CellValue, cellAdder } from '../../columnar/cell-adder.ts'
import { cellTexts } from '../../columnar/cell-text.ts'
import { ColumnBuilder } from '../../columnar/column-builder.ts'
import type { ColumnType } from '../../model/column-type.ts'
import { type CellFitter, cellFitter, Misfit } from './cells.ts'

/** The values of a cursor's column: of one type, so that they compare, and with an exact text each. */
export class CursorColumn {
  readonly #type: ColumnType
  readonly #fitter: CellFitter

  constructor(type: ColumnType) {
    this.#type = type
    this.#fitter = cellFitter(type, undefined)
  }

  /** The value as it compares; undefined for NULL and for what does not fit the column. */
  fitting(value: unknown): CellValue | undefined {
    if (value === null || value === undefined) return undefined
    const fitting = this.#fitter(value)
    return fitting instanceof Misfit ? undefined : fitting
  }

  /** The value that {@link toText} wrote; undefined for a text that is none. */
  fromText(text: string): CellValue | undefined {
    if (this.#type.kind !== 'double') return this.fitting(text)
    return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
  }

  /** The exact text of a value; an instant says that it is in UTC. */
  toText(value: CellValue): string {
    const builder = new ColumnBuilder(this.#type)
    cellAdder(this.#type)(builder, value)
    const [text] = cellTexts(builder.take(), 1)
    return this.#type.kind === 'timestamptz' ? `${text}Z` : String(text)
  }
}
