import type { ColumnBatch } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import { ColumnBuilder } from './column-builder.ts'

/** Collects rows column by column; a row is complete when every column got one value or NULL. */
export class BatchBuilder {
  readonly columns: readonly ColumnBuilder[]

  constructor(columns: readonly Column[]) {
    this.columns = columns.map((column) => new ColumnBuilder(column.type))
  }

  /** The complete rows. */
  get rows(): number {
    return this.columns.at(-1)?.rows ?? 0
  }

  /** The bytes of all values so far. */
  get bytes(): number {
    let bytes = 0
    for (const column of this.columns) bytes += column.bytes
    return bytes
  }

  /** Hands over the collected rows and starts anew. */
  take(): ColumnBatch {
    const { rows } = this
    return { rows, columns: this.columns.map((column) => column.take()) }
  }
}
