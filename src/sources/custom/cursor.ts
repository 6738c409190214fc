import type { CellValue } from '../../columnar/cell-adder.ts'
import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { type ColumnType, columnTypeText } from '../../model/column-type.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { CursorPolicy, DeclaredColumn } from '../../model/script.ts'
import { shownCell } from './cells.ts'
import { CursorColumn } from './cursor-column.ts'

/** How many units of a type's value a second of overlap is, or 1 where the overlap is an amount. */
const overlapUnits: Readonly<Partial<Record<ColumnType['kind'], (overlap: number) => number>>> = {
  int16: Math.ceil,
  int32: Math.ceil,
  int64: Math.ceil,
  date: (seconds) => Math.ceil(seconds / 86_400),
  timestamp: (seconds) => Math.ceil(seconds * 1_000_000),
  timestamptz: (seconds) => Math.ceil(seconds * 1_000_000),
}

/**
 * Where a reading by custom code is. The window is `[lower, upper)`: without a declared overlap each row's cursor lies in it,
 * so that the next window neither misses nor repeats one.
 */
export class CursorTrack {
  readonly #file: string
  readonly #column: DeclaredColumn
  readonly #values: CursorColumn
  readonly #index: number
  readonly #policy: CursorPolicy
  readonly #lower: CellValue | undefined
  readonly #upper: CellValue | undefined
  #greatest: CellValue | undefined
  #ended: Pick<CursorWindow, 'upper' | 'next'> | undefined

  constructor(column: DeclaredColumn, index: number, policy: CursorPolicy, request: ReadRequest) {
    this.#file = request.resource.locator
    this.#column = column
    this.#values = new CursorColumn(column.type)
    this.#index = index
    this.#policy = policy
    this.#lower = this.#bound(request.lower, 'begin')
    this.#upper = this.#bound(request.upper, 'end')
  }

  get window(): CursorWindow {
    const lower = this.#text(this.#lower)
    return { column: this.#column.name, lower, proven: false, upper: this.#text(this.#upper), next: undefined, ...this.#ended }
  }

  /** Takes note of the cursor among a row's values. CURSOR_INVALID when the row lies outside the window. */
  note(values: readonly (CellValue | null)[]): void {
    const value = values[this.#index]
    if (value === null || value === undefined) return
    const isBelow = this.#policy.overlap === undefined && this.#lower !== undefined && value < this.#lower
    if (isBelow || (this.#upper !== undefined && value >= this.#upper)) throw this.#outside(value)
    if (this.#greatest === undefined || value > this.#greatest) this.#greatest = value
  }

  /** Ends the window at what the code returned. CURSOR_INVALID when that is none, or rows would be read twice without an overlap. */
  end(returned: unknown): void {
    if (this.#upper !== undefined) this.#ended = { upper: this.#text(this.#upper), next: this.#text(this.#upper) }
    else if (returned === undefined || returned === null) this.#endWithout()
    else this.#endAt(this.#fitting(returned))
  }

  #endWithout(): void {
    if (this.#policy.overlap === undefined && this.#greatest !== undefined) {
      throw this.#invalid(
        `yields rows up to ${this.#text(this.#greatest)}, but returns no cursor, so that they would be read again`,
        `Let read() end with return { cursor: … }: where the next extraction begins, beyond the last row.`,
      )
    }
    this.#ended = { upper: undefined, next: this.#text(this.#lower) }
  }

  #endAt(value: CellValue): void {
    const { overlap } = this.#policy
    if (this.#lower !== undefined && value < this.#lower) {
      throw this.#invalid(
        `returns the cursor ${this.#text(value)}, which lies before ${this.#text(this.#lower)}, where it began`,
        'Return context.window.lower when there is nothing new.',
      )
    }
    if (overlap !== undefined) {
      const back = this.#stepBack(value, overlap)
      const next = this.#lower !== undefined && back < this.#lower ? this.#lower : back
      this.#ended = { upper: undefined, next: this.#text(next) }
      return
    }
    if (this.#greatest !== undefined && value <= this.#greatest) {
      throw this.#invalid(
        `returns the cursor ${this.#text(value)}, but yields a row at ${this.#text(this.#greatest)}, which would be read again`,
        `Return a cursor beyond the last row, or declare cursor: { column: '${this.#column.name}', overlap: 0 } and load it by key.`,
      )
    }
    this.#ended = { upper: this.#text(value), next: this.#text(value) }
  }

  #stepBack(value: CellValue, overlap: number): CellValue {
    if (overlap === 0) return value
    const units = overlapUnits[this.#column.type.kind]?.(overlap)
    if (units !== undefined && typeof value === 'bigint') return value - BigInt(units)
    if (units !== undefined && typeof value === 'number') return value - units
    throw this.#invalid(
      `has an overlap of ${overlap}, which cannot be taken from a ${columnTypeText(this.#column.type)}`,
      'Declare an overlap of 0, or use a date, a timestamp or a whole number as the cursor.',
    )
  }

  #bound(text: string | undefined, which: 'begin' | 'end'): CellValue | undefined {
    if (text === undefined) return undefined
    const value = this.#values.fromText(text)
    if (value !== undefined) return value
    throw this.#invalid(
      `should ${which} at ${JSON.stringify(text)}, which is no ${columnTypeText(this.#column.type)}`,
      'Set the cursor to a value of its column: sluice cursor set',
    )
  }

  #fitting(returned: unknown): CellValue {
    const value = this.#values.fitting(returned)
    if (value !== undefined) return value
    throw this.#invalid(
      `returns the cursor ${shownCell(returned)}, which is no ${columnTypeText(this.#column.type)}`,
      `Return a value that the column ${this.#column.name} could hold.`,
    )
  }

  #text(value: CellValue | undefined): string | undefined {
    return value === undefined ? undefined : this.#values.toText(value)
  }

  #outside(value: CellValue): SluiceError {
    const [lower, upper] = [this.#text(this.#lower), this.#text(this.#upper)]
    const span = [lower === undefined ? [] : `from ${lower}`, upper === undefined ? [] : `before ${upper}`].flat().join(' and ')
    return this.#invalid(
      `yields a row at ${this.#text(value)}, outside its window, which is ${span}`,
      'Read only from context.window.lower on, and where context.window.upper is set, up to before it.',
    )
  }

  #invalid(what: string, hint: string): SluiceError {
    const { name } = this.#column
    return new SluiceError('CURSOR_INVALID', `${this.#file}, read by ${name}, ${what}.`, {
      hint,
      details: { file: this.#file, column: name },
    })
  }
}
