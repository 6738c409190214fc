import type { ReadBatch, RejectedRow } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { ColumnBuilder } from './column-builder.ts'

const mostRejects = 1_000

/** Numbers the rows of a partition as they come, gathers those that fit and those that do not, and hands both over in batches. */
export class ReadBatchBuilder {
  readonly columns: readonly ColumnBuilder[]
  readonly #builder: BatchBuilder
  readonly #mostRows: number
  #seen = 0
  #rows = 0
  /** Undefined while no row was refused: then the rows follow each other by themselves. */
  #numbers: number[] | undefined
  #rejects: RejectedRow[] = []

  /** `mostRows`: how many rows, refused ones included, make a batch full. */
  constructor(columns: readonly Column[], mostRows = 16_384) {
    this.#builder = new BatchBuilder(columns)
    this.columns = this.#builder.columns
    this.#mostRows = mostRows
  }

  /** The bytes of the values in the batch; adds up all columns. */
  get bytes(): number {
    return this.#builder.bytes
  }

  /** Whether the batch has as many rows or refused rows as it should; its bytes are the caller's to watch. */
  get isFull(): boolean {
    return this.#rejects.length >= mostRejects || this.#rows + this.#rejects.length >= this.#mostRows
  }

  get isEmpty(): boolean {
    return this.#rows + this.#rejects.length === 0
  }

  /** Counts a row of which every column got its value or NULL. */
  accept(): void {
    this.#seen += 1
    this.#rows += 1
    this.#numbers?.push(this.#seen)
  }

  /** Keeps a row aside. No column may have got a value of it. */
  reject(reject: Omit<RejectedRow, 'row'>): void {
    const first = this.#seen - this.#rows + 1
    this.#numbers ??= Array.from({ length: this.#rows }, (_, index) => first + index)
    this.#seen += 1
    this.#rejects.push({ row: this.#seen, ...reject })
  }

  /** Hands over what was gathered and goes on counting. */
  take(): ReadBatch {
    const [batch, rejects, numbers] = [this.#builder.take(), this.#rejects, this.#numbers]
    this.#rejects = []
    this.#rows = 0
    if (numbers === undefined) return { batch, rejects }
    // Once there was a gap, no later row follows the rows before by itself.
    this.#numbers = []
    return { batch, rejects, rowNumbers: Uint32Array.from(numbers) }
  }
}
