import { Socket } from 'node:net'
import type { Client } from 'pg'
import { SluiceError } from '../../errors.ts'
import { aborted } from '../throw-if-aborted.ts'
import { brokenOff, fellSilent, type Server, translated } from './failures.ts'

/** Where to log in, and how long to wait. */
export interface Login extends Server {
  readonly url: string
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** Cells as the server writes them. */
export type TextRow = Readonly<Record<string, string | null>>

/** What our own sessions call themselves: they only read, so they hold no horizon back. */
export const sessionName = 'sluice-source'

const settings = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'iso_8601'",
  "SET bytea_output = 'hex'",
  'SET extra_float_digits = 3',
  'SET standard_conforming_strings = on',
  'SET default_transaction_read_only = on',
  // A database without an encoding would else refuse a whole reading for one text that is not UTF-8.
  "SELECT set_config('client_encoding', 'SQL_ASCII', false) WHERE current_setting('server_encoding') = 'SQL_ASCII'",
].join('; ')

const asText = { getTypeParser: () => (text: string) => text }

/** Opens a session in UTC that can only read. `signal` ends it at any time. */
export async function connect(login: Login, signal?: AbortSignal): Promise<PostgresConnection> {
  const { default: pg } = await imported(() => import('pg'), 'pg')
  if (signal?.aborted) throw aborted(signal)
  const socket = new Socket()
  const client = new pg.Client({
    connectionString: login.url,
    stream: () => socket,
    application_name: sessionName,
    connectionTimeoutMillis: login.connectTimeoutMs,
    keepAlive: true,
    types: asText,
  })
  const connection = new PostgresConnection(client, socket, login, signal)
  try {
    await client.connect()
    await connection.query(settings)
    return connection
  } catch (cause) {
    await connection.close()
    throw signal?.aborted ? aborted(signal) : translated(cause, login)
  }
}

async function imported<T>(load: () => Promise<T>, name: string): Promise<T> {
  return load().catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', `Postgres needs the package ${name}, which is not installed.`, {
      hint: 'Install it: npm install pg pg-copy-streams',
      cause,
    })
  })
}

/** A session. A server that is lost, or silent while it does nothing for us, is an error of whatever waits for it. */
export class PostgresConnection {
  readonly login: Login
  readonly #client: Client
  readonly #socket: Socket
  readonly #signal: AbortSignal | undefined
  #failure: SluiceError | undefined
  #pid: string | null | undefined
  readonly #stop = () => this.#signal && this.#fail(aborted(this.#signal))

  constructor(client: Client, socket: Socket, login: Login, signal: AbortSignal | undefined) {
    this.#client = client
    this.#socket = socket
    this.login = login
    this.#signal = signal
    signal?.addEventListener('abort', this.#stop)
    // Without a listener a lost connection would end the process; who waits for an answer is told by the driver.
    client.on('error', (cause: unknown) => this.#fail(translated(cause, login)))
  }

  /** Every cell as text, in the server's own form. */
  async query(sql: string, values: readonly (string | null)[] = []): Promise<readonly TextRow[]> {
    const watch = this.#watch()
    try {
      const { rows } = await this.#client.query<TextRow>(values.length > 0 ? { text: sql, values: [...values] } : sql)
      return rows
    } catch (cause) {
      throw this.#failure ?? translated(cause, this.login)
    } finally {
      clearInterval(watch)
    }
  }

  /** The first row of a query that has one. */
  async one(sql: string, values: readonly (string | null)[] = []): Promise<TextRow> {
    return (await this.query(sql, values))[0] ?? {}
  }

  identifier(name: string): string {
    return this.#client.escapeIdentifier(name)
  }

  literal(text: string): string {
    return this.#client.escapeLiteral(text)
  }

  /** The bytes of a COPY to their end; returns how many rows the server says it has sent. */
  async *copy(sql: string): AsyncGenerator<Buffer, number> {
    const { to } = await imported(() => import('pg-copy-streams'), 'pg-copy-streams')
    const stream = this.#client.query(to(sql))
    // The iterator below may not be waiting when it breaks.
    stream.on('error', () => {})
    const chunks: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false })
    let isWhole = false
    try {
      for (;;) {
        const watch = this.#watch()
        const next = await chunks.next().finally(() => clearInterval(watch))
        if (next.done) break
        yield next.value
      }
      // Only behind the end of the data does the server say that all went well.
      await this.query('SELECT 1')
      isWhole = true
      return stream.rowCount
    } catch (cause) {
      throw this.#failure ?? translated(cause, this.login)
    } finally {
      if (!isWhole) this.abandon()
    }
  }

  /** Ends the session at once, whatever it is doing. */
  abandon(): void {
    this.#fail(brokenOff(this.login, 'the reading was left'))
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stop)
    if (this.#failure !== undefined || this.#socket.destroyed) return
    this.#failure = brokenOff(this.login, 'the connection is closed')
    const gone = this.#client.end().catch(() => {})
    const timer = setTimeout(() => this.#socket.destroy(), 1000)
    await gone
    clearTimeout(timer)
  }

  #fail(failure: SluiceError): void {
    this.#failure ??= failure
    this.#socket.destroy()
  }

  /** While something is asked for, bytes must come every so often, or the server must be seen to be at work for us. */
  #watch(): NodeJS.Timeout {
    let before = this.#socket.bytesRead
    return setInterval(() => {
      const read = this.#socket.bytesRead
      if (read === before) void this.#endUnlessAtWork(read)
      before = read
    }, this.login.idleTimeoutMs)
  }

  async #endUnlessAtWork(read: number): Promise<void> {
    const isAtWork = await this.#isAtWork().catch(() => false)
    if (!isAtWork && this.#socket.bytesRead === read) this.#fail(fellSilent(this.login, this.login.idleTimeoutMs))
  }

  /** A server that waits until it can send to us is none that works: its bytes do not arrive. */
  async #isAtWork(): Promise<boolean> {
    if (this.#pid === undefined || this.#pid === null) return false
    const other = await connect({ ...this.login, connectTimeoutMs: Math.min(this.login.connectTimeoutMs, 5000) })
    try {
      const sql =
        "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite'"
      return (await other.query(sql, [this.#pid])).length > 0
    } finally {
      await other.close()
    }
  }

  /** Fixes what all later queries see. From here on a long query is told apart from a lost server. */
  async beginSnapshot(): Promise<void> {
    await this.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    // Only the first query fixes the snapshot that BEGIN announces.
    this.#pid = (await this.one('SELECT pg_backend_pid() AS pid'))['pid']
  }
}
