import type { ColumnBuilder } from '../../columnar/column-builder.ts'
import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import { stagedColumns } from '../../formats/format-reading.ts'
import type { FoundRecord } from '../../formats/json-page.ts'
import { ReadCollector } from '../../formats/read-collector.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { CursorWindow } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { alive } from './alive.ts'
import type { RestClient } from './client.ts'
import { oneAhead } from './one-ahead.ts'
import type { ParentValues } from './request-for.ts'
import type { RestResource } from './resource.ts'
import { ResourceCalls } from './resource-calls.ts'
import { RestWindow } from './window.ts'

const mostNotices = 50

/** One way through the pages of a resource, and through those of its parents before. */
export class RestReading implements Reading {
  readonly schema: TableSchema
  readonly partitions: readonly Partition[]
  readonly #request: ReadRequest
  readonly #collector: ReadCollector
  readonly #calls: ResourceCalls
  readonly #window: RestWindow | undefined
  readonly #closing = new AbortController()
  readonly #takeOwn: readonly ColumnBuilder[]
  readonly #takeInherited: readonly { readonly builder: ColumnBuilder; readonly name: string }[]
  /** Where the cursor's value comes from. */
  readonly #cursor: { readonly own: number } | { readonly inherited: string } | undefined
  #notices = 0

  constructor(client: RestClient, baseUrl: string, resource: RestResource, request: ReadRequest) {
    const { columns } = resource
    this.schema = { columns: stagedColumns(columns) }
    this.partitions = [{ id: resource.path }]
    this.#request = request
    this.#window = request.cursor && new RestWindow(resource, request.cursor, request)
    this.#collector = new ReadCollector(this.schema.columns)
    this.#calls = new ResourceCalls(resource, {
      client,
      baseUrl,
      window: this.#window,
      signal: AbortSignal.any([request.signal, this.#closing.signal]),
      retry: request.retry,
      notice: (message) => this.#notice(message),
      onRecord: (found, values) => this.#take(found, values),
    })
    const { own, inherited } = this.#calls
    const builderOf = (name: string) => this.#collector.columns[columns.findIndex((column) => column.name === name)]
    this.#takeOwn = own.flatMap(({ name }) => builderOf(name) ?? [])
    this.#takeInherited = inherited.flatMap(({ column, from }) => {
      const builder = builderOf(column.name)
      return builder === undefined ? [] : [{ builder, name: from }]
    })
    const cursor = request.cursor?.column
    const from = inherited.find(({ column }) => column.name === cursor)?.from
    this.#cursor = from === undefined ? { own: own.findIndex(({ name }) => name === cursor) } : { inherited: from }
  }

  /** Resolves when the first page is there. */
  async begin(): Promise<void> {
    await this.#unlessAborted(() => this.#calls.ready())
  }

  get window(): CursorWindow | undefined {
    return this.#window?.window
  }

  get expectedRows(): number | undefined {
    const { expected } = this.#calls
    return expected === undefined ? undefined : expected - (this.#window?.excluded ?? 0)
  }

  read(): AsyncIterable<ReadBatch> {
    return oneAhead(this.#batches(), () => this.#closing.abort())
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  async *#batches(): AsyncGenerator<ReadBatch> {
    const pages = this.#calls.pages()
    const { signal } = this.#request
    try {
      let isFirst = true
      for await (const page of alive(pages)) {
        throwIfAborted(signal)
        // The first rows come at once, for those who only want to see some.
        yield* page === 'waiting' || isFirst ? this.#collector.takeNow() : this.#collector.takeFull()
        if (page !== 'waiting') isFirst = false
        throwIfAborted(signal)
      }
      yield* this.#collector.takeAll()
      this.#noticeEnd()
    } catch (error) {
      throwIfAborted(signal)
      throw error
    }
  }

  async #unlessAborted(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throwIfAborted(this.#request.signal)
      throw error
    }
  }

  #take({ record, causes, data, start, end }: FoundRecord, values: ParentValues | undefined): void {
    const seen = causes.length === 0 && this.#window ? this.#window.see(this.#cursorText(record, values)) : undefined
    if (seen === 'exclude') return
    const refused = seen === undefined ? causes : [seen]
    if (refused.length > 0) {
      this.#collector.reject(undefined, refused, data.subarray(start, end))
      return
    }
    record.addTo(this.#takeOwn)
    for (const { builder, name } of this.#takeInherited) {
      const value = values?.get(name) ?? null
      if (value === null) builder.addNull()
      else builder.addString(value)
    }
    this.#collector.accept(end - start)
  }

  #cursorText(record: FoundRecord['record'], values: ParentValues | undefined): string | null | undefined {
    if (this.#cursor === undefined) return undefined
    return 'own' in this.#cursor ? record.text(this.#cursor.own) : values?.get(this.#cursor.inherited)
  }

  #noticeEnd(): void {
    const { leftOut } = this.#calls
    if (leftOut !== undefined) this.#notice(leftOut)
    for (const message of this.#window?.notices ?? []) this.#notice(message)
  }

  #notice(message: string): void {
    this.#notices += 1
    if (this.#notices < mostNotices) this.#request.notice(message)
    else if (this.#notices === mostNotices) this.#request.notice('Further notices of this reading are left out.')
  }
}
