import type { ColumnBuilder } from '../columnar/column-builder.ts'
import { ReadBatchBuilder } from '../columnar/read-batch-builder.ts'
import type { ReadBatch, RejectCause } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'

const batchRows = 32_768
const batchBytes = 4 * 1024 * 1024
const rawLength = 10_000
const valueLength = 1_000

/** Counts the records of a file, gathers those that fit and those that do not, and cuts batches. */
export class ReadCollector {
  readonly columns: readonly ColumnBuilder[]
  readonly #batch: ReadBatchBuilder
  #bytes = 0
  #full: ReadBatch[] = []

  constructor(columns: readonly Column[]) {
    this.#batch = new ReadBatchBuilder(columns, batchRows)
    this.columns = this.#batch.columns
  }

  /** Says that every column got its value or NULL; `bytes` is the record's length in the file. */
  accept(bytes: number): void {
    this.#batch.accept()
    this.#count(bytes)
  }

  /** Keeps a record aside; `line` is where it begins, where it has one. No column may have got a value of it. */
  reject(line: number | undefined, causes: readonly RejectCause[], record: Uint8Array): void {
    this.#batch.reject({ ...(line !== undefined && { line }), causes, raw: shownBytes(record, rawLength) })
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
    if (!this.#batch.isEmpty) this.#cut()
    return this.takeFull()
  }

  /** Everything that is left, or one empty batch: for a reading that has to show that it is alive. */
  takeNow(): readonly ReadBatch[] {
    this.#cut()
    return this.takeFull()
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes >= batchBytes || this.#batch.isFull) this.#cut()
  }

  #cut(): void {
    this.#full.push(this.#batch.take())
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
