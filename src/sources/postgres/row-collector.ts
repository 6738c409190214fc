import { BatchBuilder } from '../../columnar/batch-builder.ts'
import { cellTexts } from '../../columnar/cell-text.ts'
import type { ReadBatch, RejectCause, RejectedRow } from '../../model/column-batch.ts'
import type { TableColumn } from './catalogue.ts'
import type { CopyTuples } from './copy-tuples.ts'

const blockRows = 1024
const batchRows = 16_384
const batchRejects = 1000
const batchBytes = 8 * 1024 * 1024

/** Rows whose fields lie in the same bytes, row after row. */
interface Block {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly rows: number
}

/**
 * Gathers rows that fit and rows that do not. Of each row it first notes where its fields are; they are then added column by
 * column, for all rows of a block at once.
 */
export class RowCollector {
  readonly #columns: readonly TableColumn[]
  /** The columns of which a value may be refused. */
  readonly #checked: readonly number[]
  readonly #builder: BatchBuilder
  /** The column that must not be NULL. */
  readonly #cursor: number
  /** Where the fields of the rows begin that are not added yet, and how long they are. */
  readonly #starts: Int32Array
  readonly #lengths: Int32Array
  #bytes: Buffer | undefined
  #noted = 0
  #seen = 0
  #numbers: number[] | undefined
  #rejects: RejectedRow[] = []

  constructor(columns: readonly TableColumn[], cursor: string | undefined) {
    this.#columns = columns
    this.#cursor = columns.findIndex(({ column }) => column.name === cursor)
    this.#checked = columns.flatMap(({ reading }, index) => (reading.decoder.refuse || index === this.#cursor ? [index] : []))
    this.#builder = new BatchBuilder(columns.map(({ column }) => column))
    this.#starts = new Int32Array(blockRows * columns.length)
    this.#lengths = new Int32Array(blockRows * columns.length)
  }

  /** How many rows have come, refused ones too. */
  get seen(): number {
    return this.#seen
  }

  get isFull(): boolean {
    return this.#rows >= batchRows || this.#rejects.length >= batchRejects
  }

  /** More than a batch should have; to be asked now and then, for it adds up all columns. */
  get isLarge(): boolean {
    this.#flush()
    return this.#builder.bytes >= batchBytes
  }

  get isEmpty(): boolean {
    return this.#rows === 0 && this.#rejects.length === 0
  }

  /** Adds the row that `tuples` has found. */
  add(tuples: CopyTuples): void {
    this.#seen += 1
    const causes = this.#causes(tuples)
    if (causes !== undefined) {
      this.#refuse(tuples, causes)
      return
    }
    this.#numbers?.push(this.#seen)
    this.#note(tuples)
  }

  take(): ReadBatch {
    this.#flush()
    const rejects = this.#rejects
    const rowNumbers = this.#numbers && Uint32Array.from(this.#numbers)
    this.#rejects = []
    if (this.#numbers) this.#numbers = []
    return { batch: this.#builder.take(), rejects, ...(rowNumbers && { rowNumbers }) }
  }

  get #rows(): number {
    return this.#builder.rows + this.#noted
  }

  #note({ bytes, starts, lengths }: CopyTuples): void {
    if (bytes !== this.#bytes || this.#noted === blockRows) {
      this.#flush()
      this.#bytes = bytes
    }
    let cell = this.#noted * starts.length
    for (let column = 0; column < starts.length; column++, cell++) {
      this.#starts[cell] = starts[column] ?? 0
      this.#lengths[cell] = lengths[column] ?? -1
    }
    this.#noted += 1
  }

  #flush(): void {
    const [bytes, rows] = [this.#bytes, this.#noted]
    this.#bytes = undefined
    this.#noted = 0
    if (bytes === undefined || rows === 0) return
    this.#addTo(this.#builder, { bytes, starts: this.#starts, lengths: this.#lengths, rows })
  }

  #addTo(builder: BatchBuilder, block: Block): void {
    const stride = this.#columns.length
    for (const [column, to] of builder.columns.entries()) {
      this.#columns[column]?.reading.decoder.add(to, { ...block, column, stride })
    }
  }

  #causes({ bytes, starts, lengths }: CopyTuples): RejectCause[] | undefined {
    let causes: RejectCause[] | undefined
    for (const index of this.#checked) {
      const length = lengths[index] ?? -1
      const { column, reading } = this.#columns[index] ?? {}
      if (column === undefined) continue
      const refusal =
        length < 0
          ? index === this.#cursor && { code: 'NULL_CURSOR' as const }
          : reading?.decoder.refuse?.(bytes, starts[index] ?? 0, length)
      if (!refusal) continue
      causes ??= []
      causes.push({ ...refusal, column: column.name })
    }
    return causes
  }

  #refuse(tuples: CopyTuples, causes: readonly RejectCause[]): void {
    this.#numbers ??= Array.from({ length: this.#rows }, (_, index) => this.#seen - this.#rows + index)
    const cut = causes.map((cause) => ({ ...cause, ...(cause.value !== undefined && { value: cause.value.slice(0, 1000) }) }))
    this.#rejects.push({ row: this.#seen, causes: cut, raw: this.#raw(tuples, causes) })
  }

  /** The row for people. */
  #raw({ bytes, starts, lengths }: CopyTuples, causes: readonly RejectCause[]): string {
    const columns = this.#columns.map(({ column }) => column)
    const one = new BatchBuilder(columns)
    const kept = lengths.map((length, index) => (causes.some(({ column }) => column === columns[index]?.name) ? -1 : length))
    this.#addTo(one, { bytes, starts, lengths: kept, rows: 1 })
    const vectors = one.take().columns
    const members = columns.map(({ name }, index) => {
      const vector = vectors[index]
      const refused = causes.find(({ column }) => column === name)?.value
      return [name, refused ?? (vector && cellTexts(vector, 1)[0]) ?? null]
    })
    return JSON.stringify(Object.fromEntries(members)).slice(0, 10_000)
  }
}
