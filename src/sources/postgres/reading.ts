import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { whereText } from '../sql/conditions.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { type CatalogueTable, schemaOf } from './catalogue.ts'
import type { PostgresConnection } from './connection.ts'
import { CopyTuples } from './copy-tuples.ts'
import { brokenOff } from './failures.ts'
import type { TablePartition } from './partitions.ts'
import { RowCollector } from './row-collector.ts'
import type { Selection } from './window.ts'

const aliveMs = 5000

/** What was found out before rows are read. */
export interface ReadingPlan {
  readonly table: CatalogueTable
  readonly selection: Selection
  readonly expectedRows: number | undefined
  readonly partitions: readonly TablePartition[]
  /** With snapshots of one moment; or each to begin one of its own for every partition. */
  readonly connections: readonly PostgresConnection[]
  /** Describes the table again, where each partition is a moment of its own. */
  readonly again: ((connection: PostgresConnection) => Promise<CatalogueTable>) | undefined
}

/** The rows of one table, over one or more connections. */
export class PostgresReading implements Reading {
  readonly schema: TableSchema
  readonly window: CursorWindow | undefined
  readonly expectedRows: number | undefined
  readonly partitions: readonly TablePartition[]
  readonly parallel: number
  readonly keepsPartitions: boolean
  readonly #plan: ReadingPlan
  readonly #request: ReadRequest
  readonly #idle: PostgresConnection[]
  readonly #closed: () => void

  /** `closed` is called when it is. */
  constructor(plan: ReadingPlan, request: ReadRequest, closed: () => void) {
    this.schema = schemaOf(plan.table)
    this.window = plan.selection.window
    this.expectedRows = plan.expectedRows
    this.partitions = plan.partitions
    this.parallel = plan.connections.length
    this.keepsPartitions = plan.again !== undefined
    this.#plan = plan
    this.#request = request
    this.#idle = [...plan.connections]
    this.#closed = closed
  }

  async *read({ id }: Partition): AsyncGenerator<ReadBatch> {
    const partition = this.partitions.find((known) => known.id === id)
    const connection = this.#idle.shift()
    if (partition === undefined || connection === undefined) throw this.#notToBeRead(id)
    let isWhole = false
    try {
      if (this.#plan.again !== undefined) await this.#beginAnew(connection, this.#plan.again)
      yield* this.#batches(connection, this.#sql(partition))
      if (this.#plan.again !== undefined) await connection.endSnapshot()
      isWhole = true
    } finally {
      if (isWhole) this.#idle.push(connection)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#plan.connections.map((connection) => connection.close()))
    this.#closed()
  }

  async *#batches(connection: PostgresConnection, sql: string): AsyncGenerator<ReadBatch> {
    const { columns } = this.#plan.table
    const cursor = this.#request.cursor?.nulls === 'reject' ? this.#request.cursor.column : undefined
    const rows = new RowCollector(columns, cursor)
    const tuples = new CopyTuples(columns.length)
    const copying = connection.copy(sql)
    let isWhole = false
    try {
      while (!tuples.isOver) {
        const next = copying.next()
        while (!(await settledWithin(next, aliveMs))) yield rows.take()
        tuples.push(await next)
        while (this.#step(connection, tuples, rows)) if (rows.isFull) yield this.#take(rows)
        if (rows.isLarge) yield this.#take(rows)
      }
      this.#assertWhole(connection, tuples, rows, await copying.finish(tuples.rest))
      await connection.assertNotRewritten()
      isWhole = true
      if (!rows.isEmpty) yield rows.take()
    } finally {
      // Who leaves does not wait for a server that may be at work for long.
      if (!isWhole) connection.abandon()
    }
  }

  async #beginAnew(connection: PostgresConnection, again: NonNullable<ReadingPlan['again']>): Promise<void> {
    await connection.beginSnapshot()
    const { name, columns } = await again(connection)
    const shape = (of: CatalogueTable['columns']) => JSON.stringify(of.map(({ column }) => column))
    if (shape(columns) === shape(this.#plan.table.columns)) return
    throw new SluiceError('SOURCE_CHANGED', `The columns of ${name} changed between two of its partitions.`, {
      hint: 'Run it again when the table is no longer altered.',
      details: { table: name },
    })
  }

  #take(rows: RowCollector): ReadBatch {
    throwIfAborted(this.#request.signal)
    return rows.take()
  }

  #step({ login }: PostgresConnection, tuples: CopyTuples, rows: RowCollector): boolean {
    try {
      if (!tuples.next()) return false
    } catch (cause) {
      throw cause instanceof RangeError ? brokenOff(login, cause.message) : cause
    }
    rows.add(tuples)
    return true
  }

  #assertWhole({ login }: PostgresConnection, tuples: CopyTuples, rows: RowCollector, counted: number): void {
    throwIfAborted(this.#request.signal)
    if (!tuples.hasEnded) throw brokenOff(login, 'the mark behind the last row is missing')
    if (rows.seen !== counted) {
      throw brokenOff(login, `the server sent ${counted} rows, and ${rows.seen} have arrived`)
    }
  }

  #sql({ condition }: TablePartition): string {
    const { table, selection } = this.#plan
    const list = table.columns.map((column) => column.reading.select(column.quoted)).join(', ')
    const where = whereText([table.condition, selection.where, condition])
    return `COPY (SELECT ${list} FROM ${table.from}${where}) TO STDOUT (FORMAT binary)`
  }

  #notToBeRead(id: string): SluiceError {
    return new SluiceError(
      'INTERNAL',
      `The partition ${id} of ${this.#plan.table.name} is not known, or no connection is free for it.`,
      {
        hint: 'Report it, with the log of the run.',
      },
    )
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
