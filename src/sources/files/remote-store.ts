import { AheadFile } from './ahead-file.ts'
import { ConnectionPool, type PooledConnection, type Work } from './connection-pool.ts'
import type { FileStore, FoundFile, Listing, WantedFiles } from './file-store.ts'

/** What a protocol does over one connection; the store sees to connections, aborts and reading ahead. */
export interface Transport<Connection extends PooledConnection> {
  /** What messages call the folder. */
  readonly label: string
  connect(signal: AbortSignal): Promise<Connection>
  /** Rejects with a hint when the folder cannot be listed. */
  check(connection: Connection): Promise<void>
  /** As {@link FileStore.list}. */
  list(connection: Connection, wanted: WantedFiles): Promise<Listing>
  /** As {@link FileStore.read}; the chunks keep their memory. */
  read(connection: Connection, file: FoundFile): AsyncIterable<Uint8Array>
}

/** The files of a server, over at most so many connections at once: one reads, one stays free, the others read ahead. */
export class RemoteStore<Connection extends PooledConnection> implements FileStore {
  readonly label: string
  readonly #transport: Transport<Connection>
  readonly #pool: ConnectionPool<Connection>
  readonly #aheadFiles: number
  readonly #ahead = new Map<FoundFile, Begun>()

  constructor(transport: Transport<Connection>, connections: number) {
    this.label = transport.label
    this.#transport = transport
    this.#pool = new ConnectionPool((signal) => transport.connect(signal), connections)
    this.#aheadFiles = Math.max(0, connections - 2)
  }

  check(): Promise<void> {
    const work = { signal: new AbortController().signal, isAhead: false }
    return this.#pool.use(work, (connection) => this.#transport.check(connection))
  }

  list(wanted: WantedFiles, signal: AbortSignal): Promise<Listing> {
    return this.#pool.use({ signal, isAhead: false }, (connection) => this.#transport.list(connection, wanted))
  }

  async *read(file: FoundFile, signal: AbortSignal, following?: readonly FoundFile[]): AsyncGenerator<Uint8Array> {
    if (following !== undefined) this.#forgetPassedOver(signal, [file, ...following])
    const begun = this.#ahead.get(file)
    const bytes = begun === undefined ? this.#bytes(file, { signal, isAhead: false }) : this.#rest(file, begun, signal)
    let isOver = false
    try {
      let isFirst = true
      for await (const chunk of bytes) {
        // Not sooner: a server that lets few connections in must let this one in first.
        if (isFirst) for (const next of following?.slice(0, this.#aheadFiles) ?? []) this.#begin(next, signal)
        isFirst = false
        yield chunk
      }
      isOver = true
    } finally {
      if (!isOver) for (const next of [file, ...(following ?? [])]) this.#forget(next)
    }
  }

  async close(): Promise<void> {
    for (const file of [...this.#ahead.keys()]) this.#forget(file)
    await this.#pool.close()
  }

  #begin(file: FoundFile, signal: AbortSignal): void {
    if (this.#ahead.has(file)) return
    const ended = new AbortController()
    const work = { signal: AbortSignal.any([signal, ended.signal]), isAhead: true }
    this.#ahead.set(file, { reader: signal, work, bytes: new AheadFile(this.#bytes(file, work), () => ended.abort()) })
  }

  /** What was begun ahead. When not even its first byte came, such as for a server's limit of connections, it is begun anew. */
  async *#rest(file: FoundFile, { work, bytes }: Begun, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#ahead.delete(file)
    this.#pool.promote(work)
    let hasCome = false
    try {
      for await (const chunk of bytes.chunks()) {
        hasCome = true
        yield chunk
      }
      return
    } catch (cause) {
      if (hasCome || signal.aborted) throw cause
    }
    yield* this.#bytes(file, { signal, isAhead: false })
  }

  /** What was begun for the same reader, and is not among the files that it still reads. */
  #forgetPassedOver(signal: AbortSignal, wanted: readonly FoundFile[]): void {
    for (const [file, begun] of this.#ahead) if (begun.reader === signal && !wanted.includes(file)) this.#forget(file)
  }

  #forget(file: FoundFile): void {
    this.#ahead.get(file)?.bytes.cancel()
    this.#ahead.delete(file)
  }

  #bytes(file: FoundFile, work: Work): AsyncGenerator<Uint8Array> {
    return this.#pool.generate(work, (connection) => this.#transport.read(connection, file))
  }
}

/** A file that is read ahead of its turn. */
interface Begun {
  /** The signal of the one who is going to take it. */
  readonly reader: AbortSignal
  readonly work: Work
  readonly bytes: AheadFile
}
