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

/** What a connection is wanted for. */
export interface Work {
  /** Its abort fails the connection. */
  readonly signal: AbortSignal
  /** Whether nobody waits for it yet: then one connection stays free for others. */
  isAhead: boolean
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

  /** Does one piece of work with a connection, for which it waits if it must. */
  async use<T>(work: Work, task: (connection: Connection) => Promise<T>): Promise<T> {
    const [connection, release] = await this.#acquire(work)
    try {
      return await task(connection)
    } finally {
      release()
    }
  }

  /** The same with work that gives many things; the connection is free again when they end. */
  async *generate<T>(work: Work, task: (connection: Connection) => AsyncIterable<T>): AsyncGenerator<T> {
    const [connection, release] = await this.#acquire(work)
    try {
      yield* task(connection)
    } finally {
      release()
    }
  }

  /** Somebody waits now for what was begun ahead. */
  promote(work: Work): void {
    work.isAhead = false
    this.#wake()
  }

  /** Closes the connections that nobody uses. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()))
  }

  async #acquire(work: Work): Promise<readonly [Connection, () => void]> {
    const { signal } = work
    throwIfAborted(signal)
    while (this.#used >= (work.isAhead ? this.#limit - 1 : this.#limit)) await this.#freed(signal)
    this.#used += 1
    try {
      const connection = this.#idleOne() ?? (await this.#connect(signal))
      const stop = () => connection.fail(aborted(signal))
      signal.addEventListener('abort', stop)
      return [connection, () => this.#release(connection, () => signal.removeEventListener('abort', stop))]
    } catch (cause) {
      this.#free()
      throw cause
    }
  }

  #idleOne(): Connection | undefined {
    let idle = this.#idle.pop()
    while (idle?.isUsable === false) idle = this.#idle.pop()
    return idle
  }

  #release(connection: Connection, forget: () => void): void {
    forget()
    if (connection.isUsable) this.#idle.push(connection)
    this.#free()
  }

  #free(): void {
    this.#used -= 1
    this.#wake()
  }

  #wake(): void {
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
