import { ReadBatchBuilder } from '../../columnar/read-batch-builder.ts'
import type { ReadBatch, RejectCause } from '../../model/column-batch.ts'
import type { TableColumn } from './catalogue.ts'
import type { RowPacket, RowSink } from './connection.ts'
import { isNull, span } from './decoders.ts'

const blockRows = 1024
const batchBytes = 8 * 1024 * 1024

/**
 * Gathers rows that fit and rows that do not. Of each row it first notes where its cells begin; the cells are then added
 * column by column, for all rows of a piece of the stream at once.
 */
export class RowCollector implements RowSink {
  readonly #columns: readonly TableColumn[]
  readonly #checked: readonly number[]
  readonly #cursor: number
  readonly #builder: ReadBatchBuilder
  readonly #take: (batch: ReadBatch) => void
  readonly #starts: Int32Array
  #bytes: Buffer | undefined
  #rows = 0
  readonly #nulled = new Map<string, number>()

  /** `cursor`: the column that must not be NULL. `take` gets each batch. */
  constructor(columns: readonly TableColumn[], cursor: string | undefined, take: (batch: ReadBatch) => void) {
    this.#columns = columns
    this.#cursor = columns.findIndex(({ column }) => column.name === cursor)
    this.#checked = columns.flatMap(({ reading }, index) => (reading.check || index === this.#cursor ? [index] : []))
    this.#builder = new ReadBatchBuilder(columns.map(({ column }) => column))
    this.#take = take
    this.#starts = new Int32Array(blockRows * columns.length)
  }

  /** How many values of which columns became NULL because no calendar has them. */
  get nulled(): ReadonlyMap<string, number> {
    return this.#nulled
  }

  row({ buffer, offset, end }: RowPacket): void {
    if (buffer !== this.#bytes || this.#rows === blockRows) {
      this.#flush()
      this.#bytes = buffer
    }
    let at = offset
    let cell = this.#rows * this.#columns.length
    for (let left = this.#columns.length; left > 0; left--) {
      this.#starts[cell++] = at
      const length = buffer[at] ?? 0
      if (length < isNull) at += length + 1
      else if (length === isNull) at++
      else at = span(buffer, at).to
    }
    if (at !== end) throw new Error(`the cells of a row end at ${at}, its packet at ${end}`)
    this.#rows++
  }

  end(): void {
    this.#flush()
    if (!this.#builder.isEmpty) this.#take(this.#builder.take())
  }

  #flush(): void {
    const bytes = this.#bytes
    if (bytes === undefined || this.#rows === 0) return
    if (this.#checked.length > 0) this.#refuseRows(bytes)
    else for (let row = 0; row < this.#rows; row++) this.#builder.accept()
    const block = { bytes, starts: this.#starts, stride: this.#columns.length, rows: this.#rows }
    for (const [column, builder] of this.#builder.columns.entries()) {
      this.#columns[column]?.reading.decoder(builder, { ...block, column })
    }
    this.#rows = 0
    if (this.#builder.isFull || this.#builder.bytes >= batchBytes) this.#take(this.#builder.take())
  }

  /** Takes the refused rows out of the block. */
  #refuseRows(bytes: Buffer): void {
    const stride = this.#columns.length
    let kept = 0
    for (let row = 0; row < this.#rows; row++) {
      const causes = this.#causes(bytes, row * stride)
      if (causes !== undefined) {
        this.#builder.reject({ causes, raw: this.#raw(bytes, row * stride) })
        continue
      }
      this.#builder.accept()
      if (kept !== row) this.#starts.copyWithin(kept * stride, row * stride, (row + 1) * stride)
      kept++
    }
    this.#rows = kept
  }

  #causes(bytes: Buffer, cell: number): RejectCause[] | undefined {
    let causes: RejectCause[] | undefined
    for (const index of this.#checked) {
      const cause = this.#causeOf(bytes, this.#starts[cell + index] ?? 0, index)
      if (cause === undefined) continue
      causes ??= []
      causes.push(cause)
    }
    return causes
  }

  #causeOf(bytes: Buffer, at: number, index: number): RejectCause | undefined {
    const { column, reading } = this.#columns[index] ?? {}
    if (column === undefined) return undefined
    if (bytes[at] === isNull) return index === this.#cursor ? { code: 'NULL_CURSOR', column: column.name } : undefined
    if (!reading?.check || reading.check.fits(bytes, at)) return undefined
    const { otherwise } = reading.check
    if (otherwise !== 'null') return { code: otherwise, column: column.name, value: (shown(bytes, at) ?? '').slice(0, 1000) }
    this.#nulled.set(column.name, (this.#nulled.get(column.name) ?? 0) + 1)
    return undefined
  }

  /** The row for people. */
  #raw(bytes: Buffer, cell: number): string {
    const members = this.#columns.map(({ column }, index) => {
      const at = this.#starts[cell + index] ?? 0
      return [column.name, shown(bytes, at, column.type.kind === 'binary' ? 'hex' : 'utf8')]
    })
    return JSON.stringify(Object.fromEntries(members)).slice(0, 10_000)
  }
}

const shownBytes = 10_000

function shown(bytes: Buffer, at: number, encoding: 'utf8' | 'hex' = 'utf8'): string | null {
  if (bytes[at] === isNull) return null
  const { from, to } = span(bytes, at)
  return bytes.toString(encoding, from, Math.min(to, from + shownBytes))
}
