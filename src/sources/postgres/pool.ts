import { isSluiceError } from '../../errors.ts'
import { Slots } from '../sql/slots.ts'
import { connect, type Login, type PostgresConnection } from './connection.ts'
import { sqlState } from './failures.ts'

/** The server lets no more in. */
const tooMany = '53300'

/** The connections of a source, which all its readings share. */
export class PostgresPool {
  readonly login: Login
  readonly #slots: Slots

  constructor(login: Login, limit: number) {
    this.login = login
    this.#slots = new Slots(limit)
  }

  /** Opens a connection, for which it waits while too many are open. */
  async open(signal?: AbortSignal): Promise<PostgresConnection> {
    await this.#slots.take(signal)
    return this.#opened(signal)
  }

  /** Opens so many more, or as many of them as may be open now and the server lets in. */
  async openMore(count: number, signal: AbortSignal): Promise<readonly PostgresConnection[]> {
    const attempts: Promise<PostgresConnection>[] = []
    while (attempts.length < count && this.#slots.takeFree()) attempts.push(this.#opened(signal))
    const settled = await Promise.allSettled(attempts)
    const opened = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    for (const outcome of settled) {
      if (outcome.status === 'fulfilled' || (isSluiceError(outcome.reason) && sqlState(outcome.reason) === tooMany)) continue
      await Promise.all(opened.map((connection) => connection.close()))
      throw outcome.reason
    }
    return opened
  }

  /** Does some work over a connection of its own. */
  async once<T>(work: (connection: PostgresConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.open(signal)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  async #opened(signal: AbortSignal | undefined): Promise<PostgresConnection> {
    try {
      const connection = await connect(this.login, signal)
      connection.onClosed = () => this.#slots.release()
      return connection
    } catch (cause) {
      this.#slots.release()
      throw cause
    }
  }
}
