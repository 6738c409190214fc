import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { type CatalogueTable, schemaOf } from './catalogue.ts'
import type { PostgresConnection } from './connection.ts'
import { CopyTuples } from './copy-tuples.ts'
import { brokenOff } from './failures.ts'
import { RowCollector } from './row-collector.ts'
import type { Selection } from './window.ts'

const aliveMs = 5000

/** The rows of one table, inside the snapshot that the connection has open. */
export class PostgresReading implements Reading {
  readonly schema: TableSchema
  readonly window: CursorWindow | undefined
  readonly expectedRows: number | undefined
  readonly partitions: readonly Partition[]
  readonly #connection: PostgresConnection
  readonly #table: CatalogueTable
  readonly #where: string
  readonly #request: ReadRequest

  constructor(
    connection: PostgresConnection,
    table: CatalogueTable,
    { where, window }: Selection,
    expectedRows: number | undefined,
    request: ReadRequest,
  ) {
    this.#connection = connection
    this.#table = table
    this.#where = where
    this.#request = request
    this.schema = schemaOf(table)
    this.window = window
    this.expectedRows = expectedRows
    this.partitions = [{ id: table.name }]
  }

  async *read(_partition: Partition): AsyncGenerator<ReadBatch> {
    const { columns } = this.#table
    const cursor = this.#request.cursor?.nulls === 'reject' ? this.#request.cursor.column : undefined
    const rows = new RowCollector(columns, cursor)
    const tuples = new CopyTuples(columns.length)
    const chunks = this.#connection.copy(this.#sql())
    let isWhole = false
    try {
      for (;;) {
        const next = chunks.next()
        while (!(await settledWithin(next, aliveMs))) yield rows.take()
        const chunk = await next
        if (chunk.done) {
          this.#assertWhole(tuples, rows, chunk.value)
          isWhole = true
          break
        }
        tuples.push(chunk.value)
        while (this.#step(tuples, rows)) if (rows.isFull) yield this.#take(rows)
        if (rows.isLarge) yield this.#take(rows)
      }
      if (!rows.isEmpty) yield rows.take()
    } finally {
      // Who leaves does not wait for a server that may be at work for long.
      if (!isWhole) this.#connection.abandon()
      await chunks.return(0)
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  #take(rows: RowCollector): ReadBatch {
    throwIfAborted(this.#request.signal)
    return rows.take()
  }

  #step(tuples: CopyTuples, rows: RowCollector): boolean {
    try {
      if (!tuples.next()) return false
    } catch (cause) {
      throw cause instanceof RangeError ? brokenOff(this.#connection.login, cause.message) : cause
    }
    rows.add(tuples)
    return true
  }

  #assertWhole(tuples: CopyTuples, rows: RowCollector, counted: number): void {
    throwIfAborted(this.#request.signal)
    if (!tuples.hasEnded) throw brokenOff(this.#connection.login, 'the mark behind the last row is missing')
    if (rows.seen !== counted) {
      throw brokenOff(this.#connection.login, `the server sent ${counted} rows, and ${rows.seen} have arrived`)
    }
  }

  #sql(): string {
    const { quoted, columns } = this.#table
    const list = columns.map((column) => column.reading.select(column.quoted)).join(', ')
    return `COPY (SELECT ${list} FROM ${quoted}${this.#where === '' ? '' : ` WHERE ${this.#where}`}) TO STDOUT (FORMAT binary)`
  }
}

/** Whether it is answered by then, in whatever way. */
async function settledWithin(answer: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  const settled = () => resolve(true)
  answer.then(settled, settled)
  return promise.finally(() => clearTimeout(timer))
}
