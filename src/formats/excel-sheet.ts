import { dateText, numberText } from './excel-values.ts'
import { unescaped, type Workbook, type XmlListener } from './excel-workbook.ts'

/** A cell: its text, NULL, or what stands there instead of a value. */
export type ExcelCell = string | null | { readonly error: string }

export interface ExcelRow {
  /** Its number in the sheet, from 1. */
  readonly number: number
  /** By column, from A; shorter where nothing more stands there. */
  readonly cells: readonly ExcelCell[]
}

const booleans: Readonly<Record<string, string>> = { 0: 'false', 1: 'true' }

/** Hears a sheet and gathers its rows; those without a value are left out. */
export class SheetListener implements XmlListener {
  readonly #workbook: Workbook
  #rows: ExcelRow[] = []
  #rowNumber = 0
  #cells: ExcelCell[] = []
  #column = 0
  #type = 'n'
  #style = 0
  #value: string | undefined
  #inline: string | undefined
  #formula: string | undefined
  #element = ''
  #isPhonetic = false

  constructor(workbook: Workbook) {
    this.#workbook = workbook
  }

  /** The rows that were completed since the last call. */
  take(): readonly ExcelRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#element = name
    if (name === 'row') {
      this.#rowNumber = attributes['r'] === undefined ? this.#rowNumber + 1 : Number(attributes['r'])
      this.#cells = []
      this.#column = 0
    } else if (name === 'c') {
      if (attributes['r'] !== undefined) this.#column = columnOf(attributes['r'])
      this.#type = attributes['t'] ?? 'n'
      this.#style = Number(attributes['s'] ?? 0)
      this.#value = undefined
      this.#inline = undefined
      this.#formula = undefined
    } else if (name === 'f') this.#formula = ''
    else if (name === 'v') this.#value = ''
    else if (name === 'is') this.#inline = ''
    else if (name === 'rPh') this.#isPhonetic = true
  }

  text(text: string): void {
    if (this.#element === 'v' && this.#value !== undefined) this.#value += text
    else if (this.#element === 'f' && this.#formula !== undefined) this.#formula += text
    else if (this.#element === 't' && this.#inline !== undefined && !this.#isPhonetic) this.#inline += text
  }

  close(name: string): void {
    this.#element = ''
    if (name === 'rPh') this.#isPhonetic = false
    if (name === 'c') {
      const cell = this.#cell()
      if (cell !== null) {
        while (this.#cells.length < this.#column) this.#cells.push(null)
        this.#cells[this.#column] = cell
      }
      this.#column += 1
    } else if (name === 'row' && this.#cells.length > 0) this.#rows.push({ number: this.#rowNumber, cells: this.#cells })
  }

  #cell(): ExcelCell {
    const value = this.#value
    if (this.#type === 'inlineStr') return this.#inline === undefined ? null : unescaped(this.#inline)
    if (value === undefined) return this.#formula === undefined ? null : { error: `=${this.#formula}` }
    switch (this.#type) {
      case 's':
        return this.#workbook.strings[Number(value)] ?? { error: `shared string ${value}` }
      case 'str':
        return unescaped(value)
      case 'd':
        return value
      case 'b':
        return booleans[value] ?? { error: value }
      case 'n':
        return value === '' ? null : this.#number(value)
      default:
        return { error: value }
    }
  }

  #number(value: string): ExcelCell {
    const kind = this.#workbook.styles[this.#style] ?? 'number'
    const text = kind === 'number' ? numberText(value) : dateText(value, kind, this.#workbook.is1904)
    return text ?? { error: value }
  }
}

/** `A1` is 0, `AB7` 27. */
function columnOf(reference: string): number {
  let column = 0
  for (const letter of /^[A-Z]{1,3}/i.exec(reference)?.[0].toUpperCase() ?? '') column = column * 26 + letter.charCodeAt(0) - 64
  if (column < 1 || column > 16_384) throw new Error(`${reference} is no cell`)
  return column - 1
}
