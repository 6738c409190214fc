import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { readCsv } from '../../formats/csv.ts'
import { stagedColumns } from '../../formats/format-reading.ts'
import { readJsonLines } from '../../formats/jsonl.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { TableSchema } from '../../model/schema.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { fileChunks } from './file-chunks.ts'
import type { FileResource } from './file-resource.ts'
import type { FoundFile } from './list-files.ts'

/** The chosen files, each a partition. */
export class LocalFilesReading implements Reading {
  readonly schema: TableSchema
  readonly window = undefined
  readonly expectedRows = undefined
  readonly partitions: readonly Partition[]
  readonly #files: ReadonlyMap<string, FoundFile>
  readonly #resource: FileResource
  readonly #request: ReadRequest
  readonly #open = new Set<AsyncGenerator<ReadBatch>>()

  constructor(files: readonly FoundFile[], resource: FileResource, request: ReadRequest) {
    this.schema = { columns: stagedColumns(resource.columns) }
    this.partitions = files.map(({ id }) => ({ id }))
    this.#files = new Map(files.map((file) => [file.id, file]))
    this.#resource = resource
    this.#request = request
  }

  async *read(partition: Partition): AsyncIterable<ReadBatch> {
    const file = this.#files.get(partition.id)
    if (file === undefined) {
      throw new SluiceError('FILE_NOT_FOUND', `${partition.id} is not one of the files that were chosen.`, {
        hint: 'Run it again.',
      })
    }
    const batches = this.#batches(file)
    this.#open.add(batches)
    try {
      for await (const batch of batches) {
        yield batch
        throwIfAborted(this.#request.signal)
      }
    } finally {
      this.#open.delete(batches)
    }
  }

  async close(): Promise<void> {
    for (const batches of this.#open) await batches.return(undefined)
    this.#open.clear()
  }

  #batches(file: FoundFile): AsyncGenerator<ReadBatch> {
    const { signal, notice } = this.#request
    const { columns, format } = this.#resource
    const chunks = fileChunks(file, signal)
    const request = { name: file.id, columns, notice }
    return format.kind === 'csv' ? readCsv(chunks, request, format) : readJsonLines(chunks, request)
  }
}
