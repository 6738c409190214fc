import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { withSignsOfLife } from '../files/signs-of-life.ts'
import { whereText } from '../sql/conditions.ts'
import { type CatalogueTable, schemaOf } from './catalogue.ts'
import type { MysqlConnection } from './connection.ts'
import type { TablePartition } from './partitions.ts'
import { RowCollector } from './row-collector.ts'
import type { Selection } from './window.ts'

/** So many batches may wait before no more is read. */
const waitingBatches = 2

/** What was found out before rows are read. */
export interface ReadingPlan {
  readonly table: CatalogueTable
  readonly selection: Selection
  readonly expectedRows: number | undefined
  readonly partitions: readonly TablePartition[]
  /** With snapshots of one moment; or each to begin one of its own for every partition. */
  readonly connections: readonly MysqlConnection[]
  /** Describes the table again, where each partition is a moment of its own. */
  readonly again: ((connection: MysqlConnection) => Promise<CatalogueTable>) | undefined
}

/** One table, over one or more connections. */
export class MysqlReading implements Reading {
  readonly schema: TableSchema
  readonly window: CursorWindow | undefined
  readonly expectedRows: number | undefined
  readonly partitions: readonly TablePartition[]
  readonly parallel: number
  readonly keepsPartitions: boolean
  readonly #plan: ReadingPlan
  readonly #request: ReadRequest
  readonly #idle: MysqlConnection[]
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

  async *read({ id }: Partition): AsyncIterable<ReadBatch> {
    const partition = this.partitions.find((known) => known.id === id)
    const connection = this.#idle.shift()
    if (partition === undefined || connection === undefined) throw this.#notToBeRead(id)
    let isWhole = false
    try {
      if (this.#plan.again !== undefined) await this.#beginAnew(connection, this.#plan.again)
      const batches = this.#batches(connection, this.#sql(partition))
      yield* withSignsOfLife(batches, this.schema.columns, () => connection.signs)
      isWhole = true
    } finally {
      if (isWhole) this.#idle.push(connection)
      else await connection.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#plan.connections.map((connection) => connection.close()))
    this.#closed()
  }

  async *#batches(connection: MysqlConnection, sql: string): AsyncGenerator<ReadBatch> {
    const ready: ReadBatch[] = []
    let wake = () => {}
    const cursor = this.#request.cursor
    const notNull = cursor?.nulls === 'reject' ? cursor.column : undefined
    const collector = new RowCollector(this.#plan.table.columns, notNull, (batch) => {
      ready.push(batch)
      if (ready.length >= waitingBatches) connection.pause()
      wake()
    })
    let isOver = false
    const over = () => {
      isOver = true
      wake()
    }
    const ending = connection.rows(sql, collector)
    ending.then(over, over)
    for (;;) {
      const batch = ready.shift()
      if (batch !== undefined) {
        if (ready.length < waitingBatches) connection.resume()
        yield batch
      } else if (isOver) break
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    await ending
    for (const [column, count] of collector.nulled) {
      this.#request.notice(`${count} values of ${column} became NULL, for no calendar has them.`)
    }
  }

  async #beginAnew(connection: MysqlConnection, again: NonNullable<ReadingPlan['again']>): Promise<void> {
    await connection.beginSnapshot()
    const { name, columns } = await again(connection)
    const shape = (of: CatalogueTable['columns']) => JSON.stringify(of.map(({ column }) => column))
    if (shape(columns) === shape(this.#plan.table.columns)) return
    throw new SluiceError('SOURCE_CHANGED', `The columns of ${name} changed between two of its partitions.`, {
      hint: 'Run it again when the table is no longer altered.',
      details: { table: name },
    })
  }

  #sql({ condition }: TablePartition): string {
    const { table, selection } = this.#plan
    const list = table.columns.map(({ quoted, reading }) => reading.select(quoted)).join(', ')
    return `SELECT ${list} FROM ${table.from}${whereText([table.condition, selection.where, condition])}`
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
