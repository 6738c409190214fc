import { Slots } from './slots.ts'

/** A connection as a pool sees it. */
interface Pooled {
  /** Told when the session is over. */
  onClosed: (() => void) | undefined
  close(): Promise<void>
}

/** How connections of one database are opened. */
export interface PoolOptions<Connection extends Pooled> {
  readonly connect: (signal?: AbortSignal) => Promise<Connection>
  /** Whether the server refused a connection because it has enough of them. */
  readonly isTooMany: (cause: unknown) => boolean
  /** How many may be open at once. */
  readonly limit: number
}

/** The connections of a source, which all its readings share. */
export class ConnectionPool<Connection extends Pooled> {
  readonly #options: PoolOptions<Connection>
  readonly #slots: Slots

  constructor(options: PoolOptions<Connection>) {
    this.#options = options
    this.#slots = new Slots(options.limit)
  }

  /** Opens a connection, for which it waits while too many are open. */
  async open(signal?: AbortSignal): Promise<Connection> {
    await this.#slots.take(signal)
    return this.#opened(signal)
  }

  /** Opens so many more, or as many of them as may be open now and the server lets in. */
  async openMore(count: number, signal: AbortSignal): Promise<readonly Connection[]> {
    const attempts: Promise<Connection>[] = []
    while (attempts.length < count && this.#slots.takeFree()) attempts.push(this.#opened(signal))
    const settled = await Promise.allSettled(attempts)
    const opened = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    for (const outcome of settled) {
      if (outcome.status === 'fulfilled' || this.#options.isTooMany(outcome.reason)) continue
      await Promise.all(opened.map((connection) => connection.close()))
      throw outcome.reason
    }
    return opened
  }

  /** Does some work over a connection of its own. */
  async once<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.open(signal)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  async #opened(signal: AbortSignal | undefined): Promise<Connection> {
    try {
      const connection = await this.#options.connect(signal)
      connection.onClosed = () => this.#slots.release()
      return connection
    } catch (cause) {
      this.#slots.release()
      throw cause
    }
  }
}
