/** A connection that one piece of work uses at a time. */
export interface PooledConnection {
  /** Whether it can be used again; a lost connection stays lost. */
  readonly isUsable: boolean
  close(): Promise<void> | void
}

/** Connections to one server, opened when they are needed, at most so many at once. */
export class ConnectionPool<Connection extends PooledConnection> {
  readonly #connect: () => Promise<Connection>
  readonly #limit: number
  readonly #idle: Connection[] = []
  readonly #waiting: (() => void)[] = []
  #used = 0

  constructor(connect: () => Promise<Connection>, limit: number) {
    this.#connect = connect
    this.#limit = limit
  }

  /** Waits for a connection that is free, or opens one. It must be given back with {@link release}. */
  async acquire(): Promise<Connection> {
    while (this.#used >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#used += 1
    try {
      const idle = this.#idle.pop()
      if (idle?.isUsable) return idle
      return await this.#connect()
    } catch (cause) {
      this.#free()
      throw cause
    }
  }

  release(connection: Connection): void {
    if (connection.isUsable) this.#idle.push(connection)
    this.#free()
  }

  /** Uses a connection for one piece of work. */
  async with<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.acquire()
    try {
      return await work(connection)
    } finally {
      this.release(connection)
    }
  }

  /** Closes the connections that nobody uses. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()))
  }

  #free(): void {
    this.#used -= 1
    this.#waiting.shift()?.()
  }
}
