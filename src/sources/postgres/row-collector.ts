import { BatchBuilder } from '../../columnar/batch-builder.ts'
import { cellTexts } from '../../columnar/cell-text.ts'
import type { ReadBatch, RejectCause, RejectedRow } from '../../model/column-batch.ts'
import type { TableColumn } from './catalogue.ts'
import type { CopyTuples } from './copy-tuples.ts'

const batchRows = 16_384
const batchRejects = 1000
const batchBytes = 8 * 1024 * 1024

/** Gathers rows that fit and rows that do not. */
export class RowCollector {
  readonly #columns: readonly TableColumn[]
  /** The columns of which a value may be refused. */
  readonly #checked: readonly number[]
  readonly #builder: BatchBuilder
  /** The column that must not be NULL. */
  readonly #cursor: number
  #seen = 0
  #numbers: number[] | undefined
  #rejects: RejectedRow[] = []

  constructor(columns: readonly TableColumn[], cursor: string | undefined) {
    this.#columns = columns
    this.#cursor = columns.findIndex(({ column }) => column.name === cursor)
    this.#checked = columns.flatMap(({ reading }, index) => (reading.decoder.refuse || index === this.#cursor ? [index] : []))
    this.#builder = new BatchBuilder(columns.map(({ column }) => column))
  }

  /** How many rows have come, refused ones too. */
  get seen(): number {
    return this.#seen
  }

  get isFull(): boolean {
    return this.#builder.rows >= batchRows || this.#rejects.length >= batchRejects
  }

  /** More than a batch should have; to be asked now and then, for it adds up all columns. */
  get isLarge(): boolean {
    return this.#builder.bytes >= batchBytes
  }

  get isEmpty(): boolean {
    return this.#builder.rows === 0 && this.#rejects.length === 0
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
    this.#addTo(this.#builder, tuples)
  }

  take(): ReadBatch {
    const rejects = this.#rejects
    const rowNumbers = this.#numbers && Uint32Array.from(this.#numbers)
    this.#rejects = []
    if (this.#numbers) this.#numbers = []
    return { batch: this.#builder.take(), rejects, ...(rowNumbers && { rowNumbers }) }
  }

  #addTo(builder: BatchBuilder, { bytes, starts, lengths }: CopyTuples, without: readonly RejectCause[] = []): void {
    const builders = builder.columns
    for (let index = 0; index < builders.length; index++) {
      const to = builders[index]
      const from = this.#columns[index]
      const length = lengths[index] ?? -1
      if (to === undefined || from === undefined) continue
      if (length < 0 || without.some(({ column }) => column === from.column.name)) to.addNull()
      else from.reading.decoder.add(to, bytes, starts[index] ?? 0, length)
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
    this.#numbers ??= Array.from({ length: this.#builder.rows }, (_, index) => this.#seen - this.#builder.rows + index)
    const cut = causes.map((cause) => ({ ...cause, ...(cause.value !== undefined && { value: cause.value.slice(0, 1000) }) }))
    this.#rejects.push({ row: this.#seen, causes: cut, raw: this.#raw(tuples, causes) })
  }

  /** The row for people. */
  #raw(tuples: CopyTuples, causes: readonly RejectCause[]): string {
    const columns = this.#columns.map(({ column }) => column)
    const one = new BatchBuilder(columns)
    this.#addTo(one, tuples, causes)
    const vectors = one.take().columns
    const members = columns.map(({ name }, index) => {
      const vector = vectors[index]
      const refused = causes.find(({ column }) => column === name)?.value
      return [name, refused ?? (vector && cellTexts(vector, 1)[0]) ?? null]
    })
    return JSON.stringify(Object.fromEntries(members)).slice(0, 10_000)
  }
}
