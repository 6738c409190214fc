import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ReadBatchBuilder } from '../../columnar/read-batch-builder.ts'
import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import type { ReadBatch, RejectCause } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { whereText } from '../sql/conditions.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { type CatalogueTable, type Misfits, schemaOf, type TableColumn } from './catalogue.ts'
import { type Cell, type CellReader, cellReader, cellText } from './cells.ts'
import { translated } from './connection.ts'
import type { Selection } from './window.ts'

const batchBytes = 4 * 1024 * 1024

/** What is read, and the connection of its own that it is read over. */
interface ReadingPlan {
  readonly database: DatabaseSync
  readonly path: string
  readonly table: CatalogueTable
  readonly selection: Selection
  readonly misfits: Misfits
}

/** One snapshot of one table or query. */
export class SqliteReading implements Reading {
  readonly schema: TableSchema
  readonly window: CursorWindow | undefined
  readonly expectedRows: number
  readonly partitions: readonly Partition[]
  readonly #plan: ReadingPlan
  readonly #request: ReadRequest
  readonly #encoding: string

  constructor(plan: ReadingPlan, request: ReadRequest) {
    const { database, table, selection } = plan
    this.schema = schemaOf(table)
    this.window = selection.window
    this.partitions = [{ id: table.name }]
    this.#plan = plan
    this.#request = request
    this.#encoding = String(database.prepare('PRAGMA encoding').get()?.['encoding'] ?? 'UTF-8').toLowerCase()
    const counted = database.prepare(`SELECT count(*) AS rows ${this.#from()}`).get(...selection.values)
    this.expectedRows = Number(counted?.['rows'])
  }

  async *read(_partition: Partition): AsyncIterable<ReadBatch> {
    const { database, path, table, selection } = this.#plan
    const readers = table.columns.map((column) => this.#reader(column))
    const list = readers.map(({ expression }) => expression).join(', ')
    const rows = new RowReader(readers, this.#request)
    throwIfAborted(this.#request.signal)
    try {
      const statement = database.prepare(`SELECT ${list} ${this.#from()}`)
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      for (const row of statement.iterate(...selection.values)) {
        // The driver types rows as objects; with setReturnArrays they are arrays of cells.
        rows.add(row as unknown as readonly Cell[])
        if (!rows.isFull) continue
        yield rows.take()
        await nextTurn()
        throwIfAborted(this.#request.signal)
      }
    } catch (cause) {
      throw translated(cause, path)
    }
    if (!rows.isEmpty) yield rows.take()
    for (const { column, misfits } of readers) {
      if (misfits === 0) continue
      this.#request.notice(
        `${misfits} values of ${table.name}.${column.name} became NULL: they did not fit ${column.sourceType ?? column.type.kind}.`,
      )
    }
  }

  async close(): Promise<void> {
    if (this.#plan.database.isOpen) this.#plan.database.close()
  }

  #reader(column: TableColumn): CellReader {
    // What does not fit the cursor would come again in every window.
    const isCursor = column.column.name === this.#request.cursor?.column
    const otherwise = this.#plan.misfits === 'null' && !isCursor ? 'null' : 'reject'
    return cellReader(column, { encoding: this.#encoding, otherwise, isChecked: isCursor })
  }

  #from(): string {
    const { table, selection } = this.#plan
    return `FROM ${table.from}${whereText([table.condition, selection.where])}`
  }
}

/** Gathers rows that fit and rows that do not. */
class RowReader {
  readonly #readers: readonly CellReader[]
  readonly #batch: ReadBatchBuilder
  readonly #cursor: string | undefined

  constructor(readers: readonly CellReader[], request: ReadRequest) {
    this.#readers = readers
    this.#batch = new ReadBatchBuilder(readers.map(({ column }) => column))
    this.#cursor = request.cursor?.nulls === 'reject' ? request.cursor.column : undefined
  }

  get isFull(): boolean {
    return this.#batch.isFull || this.#batch.bytes >= batchBytes
  }

  get isEmpty(): boolean {
    return this.#batch.isEmpty
  }

  add(row: readonly Cell[]): void {
    const causes: RejectCause[] = []
    const values = this.#readers.map((reader, index) => {
      const cell = row[index] ?? null
      if (cell === null && reader.column.name === this.#cursor) causes.push({ code: 'NULL_CURSOR', column: reader.column.name })
      return reader.read(cell, causes)
    })
    if (causes.length > 0) {
      this.#batch.reject({ causes, raw: this.#raw(row) })
      return
    }
    this.#batch.accept()
    for (const [index, reader] of this.#readers.entries()) {
      const builder = this.#batch.columns[index]
      if (builder) reader.add(builder, values[index] ?? null)
    }
  }

  take(): ReadBatch {
    return this.#batch.take()
  }

  #raw(row: readonly Cell[]): string {
    const members = this.#readers.map(({ column }, index) => [column.name, shown(row[index] ?? null)])
    return JSON.stringify(Object.fromEntries(members)).slice(0, 10_000)
  }
}

function shown(cell: Cell): string | null {
  return cell === null ? null : cellText(cell)
}
