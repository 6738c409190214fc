import type { SluiceError } from '../../errors.ts'
import { aborted, throwIfAborted } from '../throw-if-aborted.ts'

/** A connection that one piece of work uses at a time. */
export interface PooledConnection {
  /** Whether it can be used again; a lost connection stays lost. */
  readonly isUsable: boolean
  /** Ends it; what it is asked, and was asked without an answer yet, rejects with this. */
  fail(failure: SluiceError): void
  close(): Promise<void> | void
}

/** What the work of a connection is for: what a reader waits for goes before what is read ahead. */
export interface Work {
  readonly signal: AbortSignal
  readonly isAhead: boolean
}

/** Connections to one server, opened when they are needed, at most so many at once. */
export class ConnectionPool<Connection extends PooledConnection> {
  readonly #connect: (signal: AbortSignal) => Promise<Connection>
  readonly #limit: number
  readonly #idle: Connection[] = []
  readonly #waiting = new Set<() => void>()
  #used = 0

  constructor(connect: (signal: AbortSignal) => Promise<Connection>, limit: number) {
    this.#connect = connect
    this.#limit = limit
  }

  /**
   * A connection for as long as the generator runs, which an abort ends. Reading ahead leaves one connection to others;
   * for what it gets none for, it waits.
   */
  async *use<T>(work: Work, generate: (connection: Connection) => AsyncIterable<T>): AsyncGenerator<T> {
    const { signal } = work
    const connection = await this.#acquire(work)
    const stop = () => connection.fail(aborted(signal))
    signal.addEventListener('abort', stop)
    try {
      throwIfAborted(signal)
      yield* generate(connection)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#release(connection)
    }
  }

  /** Closes the connections that nobody uses. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()))
  }

  async #acquire({ signal, isAhead }: Work): Promise<Connection> {
    throwIfAborted(signal)
    while (this.#used >= (isAhead ? this.#limit - 1 : this.#limit)) await this.#freed(signal)
    this.#used += 1
    try {
      for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) if (idle.isUsable) return idle
      return await this.#connect(signal)
    } catch (cause) {
      this.#free()
      throw cause
    }
  }

  #release(connection: Connection): void {
    if (connection.isUsable) this.#idle.push(connection)
    this.#free()
  }

  #free(): void {
    this.#used -= 1
    for (const wake of [...this.#waiting]) wake()
  }

  #freed(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = () => reject(aborted(signal))
    this.#waiting.add(resolve)
    signal.addEventListener('abort', stop)
    return promise.finally(() => {
      this.#waiting.delete(resolve)
      signal.removeEventListener('abort', stop)
    })
  }
}
