import { setImmediate as nextTurn } from 'node:timers/promises'
import { BatchBuilder } from '../../columnar/batch-builder.ts'
import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import type { CursorTrack } from './cursor.ts'
import { codeFailed, needlessCursor, noRows, silent } from './failures.ts'
import { PacedIterator } from './paced-iterator.ts'
import { type OpenReadContext, openReadContext, type Surroundings } from './read-context.ts'
import type { CustomResource } from './resource.ts'
import { RowCollector, typedColumns } from './row-collector.ts'

/** How many rows go by before what else the process has to do gets its turn. */
const turnRows = 4_096
const shownMembers = 12

/** The rows that custom code yields, as one partition. */
export class CustomReading implements Reading {
  readonly schema: TableSchema
  readonly expectedRows = undefined
  readonly partitions: readonly Partition[]
  readonly #resource: CustomResource
  readonly #request: ReadRequest
  readonly #surroundings: Surroundings
  readonly #cursor: CursorTrack | undefined
  readonly #closing = new AbortController()
  readonly #context: OpenReadContext
  #iterator: PacedIterator | undefined

  constructor(resource: CustomResource, request: ReadRequest, cursor: CursorTrack | undefined, surroundings: Surroundings) {
    this.schema = { columns: typedColumns(resource.columns) }
    this.partitions = [{ id: request.resource.locator }]
    this.#resource = resource
    this.#request = request
    this.#cursor = cursor
    this.#surroundings = surroundings
    const { lower, upper } = cursor?.window ?? { lower: undefined, upper: undefined }
    const signal = AbortSignal.any([request.signal, this.#closing.signal])
    this.#context = openReadContext(request, { lower, upper }, signal, surroundings)
  }

  get window(): CursorWindow | undefined {
    return this.#cursor?.window
  }

  async *read(_partition: Partition): AsyncIterable<ReadBatch> {
    const { signal } = this.#request
    throwIfAborted(signal)
    const iterator = this.#begin()
    this.#iterator = iterator
    const wake = () => iterator.wake()
    signal.addEventListener('abort', wake)
    try {
      yield* this.#batches(iterator)
    } catch (cause) {
      throwIfAborted(signal)
      throw this.#failed(cause)
    } finally {
      signal.removeEventListener('abort', wake)
      await iterator.close()
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#iterator?.close()
    await this.#context.close()
  }

  #begin(): PacedIterator {
    const iterable = this.#call()
    if (isIterable(iterable)) return new PacedIterator(iterable)
    // A promise of rows must not go down as an unhandled failure.
    void Promise.resolve(iterable).catch(() => undefined)
    throw noRows(this.#request.resource.locator)
  }

  #call(): unknown {
    try {
      return this.#resource.read(this.#context.context)
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  async *#batches(iterator: PacedIterator): AsyncGenerator<ReadBatch> {
    const { signal, resource } = this.#request
    const rows = new RowCollector(this.#resource.columns, this.#policyColumn)
    const alive = { batch: new BatchBuilder(this.schema.columns).take(), rejects: [] }
    const { silenceLimitMs } = this.#resource
    let heardAt = performance.now()
    for (let count = 1; ; count += 1) {
      const step = await iterator.next()
      throwIfAborted(signal)
      if (step === 'waiting') {
        if (performance.now() - heardAt > silenceLimitMs) throw silent(resource.locator, silenceLimitMs)
        yield alive
        continue
      }
      if (step.done === true) {
        this.#end(rows, step.value)
        break
      }
      yield* this.#add(rows, step.value)
      heardAt = performance.now()
      if (count % turnRows === 0) await nextTurn()
    }
    if (!rows.isEmpty) yield rows.take()
  }

  /** One row or several; the batches that become full by them. */
  async *#add(rows: RowCollector, yielded: unknown): AsyncGenerator<ReadBatch> {
    for (const row of Array.isArray(yielded) ? yielded : [yielded]) {
      const values = rows.add(row)
      if (values) this.#cursor?.note(values)
      if (!rows.isFull) continue
      yield rows.take()
      await nextTurn()
      throwIfAborted(this.#request.signal)
    }
  }

  #end(rows: RowCollector, returned: unknown): void {
    const cursor = typeof returned === 'object' && returned !== null && 'cursor' in returned ? returned.cursor : undefined
    if (this.#cursor) this.#cursor.end(cursor)
    else if (cursor !== undefined) throw needlessCursor(this.#request.resource.locator)
    const unknown = [...rows.unknown].map(([member, count]) => `"${member}" in ${count} rows`)
    if (unknown.length === 0) return
    const shown = unknown.slice(0, shownMembers).join(', ')
    const more = unknown.length > shownMembers ? `, and ${unknown.length - shownMembers} more` : ''
    this.#request.notice(
      `${this.#request.resource.locator} yields members that are no columns; they are left out: ${shown}${more}.`,
    )
  }

  /** The column that a row must have a value for. */
  get #policyColumn(): string | undefined {
    return this.#request.cursor?.nulls === 'reject' ? this.#request.cursor.column : undefined
  }

  #failed(cause: unknown) {
    const { placeOf, redact } = this.#surroundings
    return codeFailed(cause, this.#request.resource.locator, placeOf(cause), redact)
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown, unknown> | Iterable<unknown, unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
}
