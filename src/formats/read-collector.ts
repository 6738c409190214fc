import { BatchBuilder } from '../columnar/batch-builder.ts'
import type { ColumnBuilder } from '../columnar/column-builder.ts'
import type { ReadBatch, RejectCause, RejectedRow } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'

const batchRows = 32_768
const batchRejects = 1_000
const batchBytes = 4 * 1024 * 1024
const rawLength = 10_000
const valueLength = 1_000

/** Counts the records of a file, gathers those that fit and those that do not, and cuts batches. */
export class ReadCollector {
  readonly columns: readonly ColumnBuilder[]
  readonly #builder: BatchBuilder
  #seen = 0
  #bytes = 0
  #rows = 0
  #numbers: number[] | undefined
  #rejects: RejectedRow[] = []
  #full: ReadBatch[] = []

  constructor(columns: readonly Column[]) {
    this.#builder = new BatchBuilder(columns)
    this.columns = this.#builder.columns
  }

  /** Says that every column got its value or NULL; `bytes` is the record's length in the file. */
  accept(bytes: number): void {
    this.#seen += 1
    this.#rows += 1
    this.#numbers?.push(this.#seen)
    this.#count(bytes)
  }

  /** Keeps a record aside; `line` is where it begins, where it has one. No column may have got a value of it. */
  reject(line: number | undefined, causes: readonly RejectCause[], record: Uint8Array): void {
    const first = this.#seen - this.#rows + 1
    this.#numbers ??= Array.from({ length: this.#rows }, (_, index) => first + index)
    this.#seen += 1
    const raw = shownBytes(record, rawLength)
    this.#rejects.push({ row: this.#seen, ...(line !== undefined && { line }), causes, raw })
    this.#count(record.length)
  }

  /** The batches that became full since the last call. */
  takeFull(): readonly ReadBatch[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** Everything that is left. */
  takeAll(): readonly ReadBatch[] {
    if (this.#rows + this.#rejects.length > 0) this.#cut()
    return this.takeFull()
  }

  /** Everything that is left, or one empty batch: for a reading that has to show that it is alive. */
  takeNow(): readonly ReadBatch[] {
    this.#cut()
    return this.takeFull()
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    const isFull =
      this.#bytes >= batchBytes || this.#rows + this.#rejects.length >= batchRows || this.#rejects.length >= batchRejects
    if (isFull) this.#cut()
  }

  #cut(): void {
    const batch = this.#builder.take()
    const rejects = this.#rejects
    if (this.#numbers === undefined) this.#full.push({ batch, rejects })
    else {
      this.#full.push({ batch, rejects, rowNumbers: Uint32Array.from(this.#numbers) })
      // Once there was a gap, no later row follows the rows before by itself.
      this.#numbers = []
    }
    this.#rejects = []
    this.#rows = 0
    this.#bytes = 0
  }
}

/** A value for a {@link RejectCause}, as far as it can be shown. */
export function shownValue(bytes: Uint8Array): string {
  return shownBytes(bytes, valueLength)
}

function shownBytes(bytes: Uint8Array, characters: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, characters * 4)).toString('utf8')
  return text.slice(0, characters)
}
