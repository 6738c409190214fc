import { Slots } from '../sql/slots.ts'
import { connect, type MysqlConnection } from './connection.ts'
import { errorNumber } from './failures.ts'
import type { Login } from './server.ts'

/** Too many of all users, of this user, of this user's own limit. */
const tooMany = [1040, 1203, 1226]

/** The connections of a source, which all its readings share. */
export class MysqlPool {
  readonly login: Login
  readonly #slots: Slots

  constructor(login: Login, limit: number) {
    this.login = login
    this.#slots = new Slots(limit)
  }

  /** Opens a connection, for which it waits while too many are open. */
  async open(signal?: AbortSignal): Promise<MysqlConnection> {
    await this.#slots.take(signal)
    return this.#opened(signal)
  }

  /** Opens so many more, or as many of them as may be open now and the server lets in. */
  async openMore(count: number, signal: AbortSignal): Promise<readonly MysqlConnection[]> {
    const attempts: Promise<MysqlConnection>[] = []
    while (attempts.length < count && this.#slots.takeFree()) attempts.push(this.#opened(signal))
    const settled = await Promise.allSettled(attempts)
    const opened = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    for (const outcome of settled) {
      if (outcome.status === 'fulfilled' || tooMany.includes(errorNumber(outcome.reason))) continue
      await Promise.all(opened.map((connection) => connection.close()))
      throw outcome.reason
    }
    return opened
  }

  /** Does some work over a connection of its own. */
  async once<T>(work: (connection: MysqlConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.open(signal)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  async #opened(signal: AbortSignal | undefined): Promise<MysqlConnection> {
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
