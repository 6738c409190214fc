import type { Partition, Reading, ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { stagedColumns } from '../../formats/format-reading.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { FileIdentity } from '../../model/manifest.ts'
import type { TableSchema } from '../../model/schema.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { readInThread } from './content-thread.ts'
import { readContent } from './file-content.ts'
import type { FileResource } from './file-resource.ts'
import type { FileStore, FoundFile } from './file-store.ts'
import { fileChanged, identityOf } from './identity.ts'
import type { PlannedFile } from './plan-files.ts'
import { expectedOf, HashedFile } from './read-file.ts'
import { withSignsOfLife } from './signs-of-life.ts'

/** A file of this size is worth the start of a thread. */
const threadBytes = 8 * 1024 * 1024

/** The planned files, each a partition. */
export class FilesReading implements Reading {
  readonly schema: TableSchema
  readonly window = undefined
  readonly expectedRows = undefined
  readonly partitions: readonly Partition[]
  readonly #store: FileStore
  readonly #plans: readonly PlannedFile[]
  readonly #resource: FileResource
  readonly #request: ReadRequest
  readonly #open = new Set<AsyncGenerator<ReadBatch>>()
  readonly #read = new Map<string, FileIdentity>()
  #moved = 0

  constructor(store: FileStore, plans: readonly PlannedFile[], resource: FileResource, request: ReadRequest) {
    this.schema = { columns: stagedColumns(resource.columns) }
    this.partitions = plans.map(({ file }) => ({ id: file.id }))
    this.#store = store
    this.#plans = plans
    this.#resource = resource
    this.#request = request
  }

  async *read({ id }: Partition): AsyncIterable<ReadBatch> {
    const at = this.#plans.findIndex(({ file }) => file.id === id)
    const plan = this.#plans[at]
    if (plan === undefined) {
      throw new SluiceError('FILE_NOT_FOUND', `${id} is not one of the files that were chosen.`, { hint: 'Run it again.' })
    }
    const following = this.#plans.slice(at + 1).map(({ file }) => file)
    const batches = withSignsOfLife(this.#file(plan, following), this.schema.columns, () => this.#moved)
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

  readFiles(): readonly FileIdentity[] {
    return this.#plans.flatMap(({ file }) => this.#read.get(file.id) ?? [])
  }

  async close(): Promise<void> {
    for (const batches of this.#open) await batches.return(undefined)
    this.#open.clear()
  }

  async *#file(plan: PlannedFile, following: readonly FoundFile[]): AsyncGenerator<ReadBatch> {
    const { file, twins, before } = plan
    const { notice } = this.#request
    if (twins.length > 0) {
      const sha256 = await this.#hash(file)
      const twin = twins.find((known) => known.sha256 === sha256)
      if (twin !== undefined) {
        notice(`${file.id} has the same bytes as ${nameOf(twin, file)}, which was loaded: not read again.`)
        this.#read.set(file.id, identityOf(file, sha256, twin.path))
        return
      }
      if (before !== undefined && this.#resource.changed === 'refuse') throw fileChanged(file, before)
      if (before !== undefined && this.#resource.changed === 'ignore') {
        notice(`${file.id} was loaded and has other bytes now: not read again.`)
        return
      }
    }
    yield* this.#rows(plan, following)
  }

  async *#rows({ file, checksum }: PlannedFile, following: readonly FoundFile[]): AsyncGenerator<ReadBatch> {
    const { signal, notice } = this.#request
    const kind = this.#resource.checksum
    const expected = checksum && kind && (await expectedOf(this.#store, file, { file: checksum, kind }, signal))
    const bytes = new HashedFile(this.#bytes(file, following), file.id, expected)
    const request = { name: file.id, columns: this.#resource.columns, notice }
    yield* (file.bytes < threadBytes ? readContent : readInThread)(bytes.chunks(), this.#resource, request)
    if (bytes.sha256 === undefined) throw new TypeError(`${file.id} was not read to its end`)
    this.#read.set(file.id, identityOf(file, bytes.sha256))
  }

  /** Reads the file only for its hash. */
  async #hash(file: FoundFile): Promise<string> {
    const bytes = new HashedFile(this.#bytes(file, []), file.id, undefined)
    for await (const _chunk of bytes.chunks());
    return bytes.sha256 ?? ''
  }

  async *#bytes(file: FoundFile, following: readonly FoundFile[]): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#store.read(file, this.#request.signal, following)) {
      this.#moved += 1
      yield chunk
    }
  }
}

function nameOf({ path }: FileIdentity, { id }: FoundFile): string {
  return path === id ? 'it had' : path
}
