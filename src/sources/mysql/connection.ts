import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Connection, QueryError } from 'mysql2'
import { SluiceError } from '../../errors.ts'
import { aborted } from '../throw-if-aborted.ts'
import { brokenOff, fellSilent, translated } from './failures.ts'
import type { MetadataColumn } from './metadata.ts'
import type { Login } from './server.ts'
import { type ServerVersion, supported } from './version.ts'

/** Cells as the server writes them. */
export type TextRow = readonly (string | null)[]

/** A row as it came: `buffer` from `offset` up to `end`. */
export interface RowPacket {
  readonly buffer: Buffer
  readonly offset: number
  readonly end: number
  isEOF(): boolean
}

type Step = (packet: RowPacket) => Step | null

/** What we use of mysql2 beyond what it documents; a test reads rows across chunk and packet borders with it. */
interface Driver {
  createQuery(sql: string, values: readonly unknown[], callback: undefined, config: object): EventEmitter & { row: Step }
}
interface DriverConnection {
  readonly stream: Socket
  readonly threadId: number | null
  query(command: EventEmitter): void
  prepare(sql: string, done: (error: QueryError | null, statement?: Prepared) => void): void
}
interface Prepared {
  readonly columns: readonly MetadataColumn[]
  readonly parameters: readonly unknown[]
  close(): void
}

/** Who takes the rows of a query. */
export interface RowSink {
  row(packet: RowPacket): void
  /** The server said that these were all. */
  end(): void
}

const session = [
  'SET NAMES utf8mb4',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  // Among others without PAD_CHAR_TO_FULL_LENGTH, which pads what is read, and with backslashes as the driver escapes; bounds
  // of key ranges may be dates that no calendar has, and texts that are long.
  "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00', net_write_timeout = 600, max_sort_length = 16384",
]

/**
 * Opens a session in UTC and utf8mb4. `signal` ends it at any time. `asksWhenSilent`: a silent server is asked over another
 * connection whether it is at work for us.
 */
export async function connect(login: Login, signal?: AbortSignal, asksWhenSilent = true): Promise<MysqlConnection> {
  const { default: mysql } = await import('mysql2').catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', 'MySQL and MariaDB need the package mysql2, which is not installed.', {
      hint: 'Install it: npm install mysql2',
      cause,
    })
  })
  if (signal?.aborted) throw aborted(signal)
  const { host, port, user, password, database, ssl, connectTimeoutMs } = login
  const driver = mysql.createConnection({
    ...{ host, port, user, password, database, connectTimeout: connectTimeoutMs },
    ...(ssl !== undefined && { ssl }),
    charset: 'utf8mb4_general_ci',
    // A server must not be able to ask for files of this machine.
    flags: ['-LOCAL_FILES'],
    disableEval: true,
    enableKeepAlive: true,
  })
  const connection = new MysqlConnection(driver, mysql as unknown as Driver, login, { signal, asksWhenSilent })
  try {
    await connection.opened()
    await connection.begin()
    return connection
  } catch (cause) {
    await connection.close()
    throw signal?.aborted ? aborted(signal) : translated(cause, login)
  }
}

interface Watching {
  readonly signal: AbortSignal | undefined
  readonly asksWhenSilent: boolean
}

/** A session. A server that is lost, or silent while it does nothing for us, is an error of whatever waits for it. */
export class MysqlConnection {
  readonly login: Login
  /** Told when the session is over. */
  onClosed: (() => void) | undefined
  #version: ServerVersion | undefined
  /** How often the server was seen to be at work for us while it was silent. */
  #seenAtWork = 0
  readonly #driver: Connection
  readonly #queries: Driver
  readonly #socket: Socket
  readonly #signal: AbortSignal | undefined
  readonly #asksWhenSilent: boolean
  #failure: SluiceError | undefined
  #isOpen = false
  #onFailure: ((failure: SluiceError) => void) | undefined
  readonly #stop = () => this.#signal && this.fail(aborted(this.#signal))

  constructor(driver: Connection, queries: Driver, login: Login, { signal, asksWhenSilent }: Watching) {
    this.login = login
    this.#driver = driver
    this.#queries = queries
    this.#socket = (driver as unknown as DriverConnection).stream
    this.#signal = signal
    this.#asksWhenSilent = asksWhenSilent
    signal?.addEventListener('abort', this.#stop)
    driver.on('error', (cause: unknown) => this.fail(translated(cause, login)))
    // The driver tells nobody of an end in peace while rows come.
    this.#socket.on('end', () => this.fail(brokenOff(login, 'the connection was closed')))
    this.#socket.on('close', () => this.fail(brokenOff(login, 'the connection was lost')))
  }

  /** Resolves when the login succeeded. */
  async opened(): Promise<void> {
    await this.#waiting<void>((resolve) => this.#driver.once('connect', () => resolve()))
    this.#isOpen = true
  }

  /** Prepares the session. SOURCE_FAILED when the server is too old to be read. */
  async begin(): Promise<void> {
    const [version] = await this.one('SELECT VERSION()')
    this.#version = supported(version ?? '', this.login)
    for (const statement of session) await this.query(statement)
    // Else what the catalogue tells about sizes may be a day old.
    if (this.isMysqlSince(8, 0)) await this.query('SET SESSION information_schema_stats_expiry = 0')
    const { statementTimeoutMs } = this.login
    if (statementTimeoutMs === undefined) return
    await this.query(
      this.isMariadb
        ? `SET SESSION max_statement_time = ${statementTimeoutMs / 1000}`
        : `SET SESSION max_execution_time = ${Math.ceil(statementTimeoutMs)}`,
    )
  }

  get isMariadb(): boolean {
    return this.#version?.isMariadb ?? false
  }

  /** Whether it is MySQL of this version or a later one. */
  isMysqlSince(major: number, minor: number): boolean {
    const version = this.#version
    if (version === undefined || version.isMariadb) return false
    return version.major > major || (version.major === major && version.minor >= minor)
  }

  /** Grows while the session is alive. */
  get signs(): number {
    return this.#socket.bytesRead + this.#seenAtWork
  }

  /** Every cell as text, in the server's own form. */
  async query(sql: string): Promise<readonly TextRow[]> {
    return this.#texts(sql, true) as Promise<readonly TextRow[]>
  }

  /** The rows by the names of their columns, each cell as text: for statements whose columns differ between versions. */
  async named(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
    return this.#texts(sql, false) as Promise<readonly Readonly<Record<string, string | null>>[]>
  }

  /** The first row of a query that has one. */
  async one(sql: string): Promise<TextRow> {
    return (await this.query(sql))[0] ?? []
  }

  /** The columns of a statement's result, as the server tells them without running it. Undefined when it has none or placeholders. */
  async columnsOf(sql: string): Promise<readonly MetadataColumn[] | undefined> {
    const statement = await this.#watched<Prepared | undefined>((resolve, reject) => {
      const driver = this.#driver as unknown as DriverConnection
      driver.prepare(sql, (error, prepared) => (error ? reject(error) : resolve(prepared)))
    })
    statement?.close()
    return statement && statement.parameters.length === 0 && statement.columns.length > 0 ? statement.columns : undefined
  }

  /** From here on everything is read from one view of the database, a new one each time, and nothing can be written. */
  async beginSnapshot(): Promise<void> {
    await this.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
  }

  /** Hands the rows of a query to the sink as they come; rejects unless the server says that they were all. */
  async rows(sql: string, sink: RowSink): Promise<void> {
    await this.#watched<void>((resolve, reject) => {
      const query = this.#queries.createQuery(sql, [], undefined, this.#driver.config)
      const dropped: Step = (packet) => (packet.isEOF() ? null : dropped)
      const step: Step = (packet) => {
        try {
          if (!packet.isEOF()) {
            sink.row(packet)
            return step
          }
          sink.end()
          resolve()
          return null
        } catch (cause) {
          // Thrown here it would end the process.
          reject(cause)
          return dropped
        }
      }
      query.row = step
      query.on('error', reject)
      ;(this.#driver as unknown as DriverConnection).query(query)
    })
  }

  /** Reads no more for now; what is on its way still comes. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  literal(text: string): string {
    return this.#driver.escape(text)
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stop)
    this.onClosed?.()
    this.onClosed = undefined
    if (this.#failure !== undefined || this.#socket.destroyed) {
      this.#socket.destroy()
      return
    }
    this.#failure = brokenOff(this.login, 'the connection is closed')
    const isBusy = this.#onFailure !== undefined
    this.#onFailure?.(this.#failure)
    const gone = new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve())
      if (this.#isOpen && !isBusy) this.#driver.end(() => {})
      else this.#socket.destroy()
    })
    const timer = setTimeout(() => this.#socket.destroy(), 1000)
    await gone
    clearTimeout(timer)
  }

  /** Ends the session; whoever waits for it is told why. */
  fail(failure: SluiceError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#onFailure?.(failure)
    this.#socket.destroy()
  }

  /** Each row as an array, or by names. */
  async #texts(sql: string, rowsAsArray: boolean): Promise<readonly unknown[]> {
    return this.#watched((resolve, reject) => {
      const options = { sql, rowsAsArray, typeCast: (field: { string(): string | null }) => field.string() }
      this.#driver.query(options, (error: QueryError | null, rows: unknown) => {
        if (error) reject(error)
        // What gives no rows gives an object.
        else resolve(Array.isArray(rows) ? rows : [])
      })
    })
  }

  /** Waits for an answer of the server, which must be alive, and translates its errors. */
  async #watched<T>(begin: (resolve: (value: T) => void, reject: (cause: unknown) => void) => void): Promise<T> {
    const watch = this.#watch()
    try {
      return await this.#waiting(begin)
    } catch (cause) {
      throw this.#failure ?? translated(cause, this.login)
    } finally {
      clearInterval(watch)
    }
  }

  async #waiting<T>(begin: (resolve: (value: T) => void, reject: (cause: unknown) => void) => void): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure
    return new Promise<T>((resolve, reject) => {
      this.#onFailure = reject
      begin(resolve, reject)
    }).finally(() => {
      this.#onFailure = undefined
    })
  }

  /** While something is asked for, bytes must come every so often, or the server must be seen to be at work for us. */
  #watch(): NodeJS.Timeout {
    let before = this.#socket.bytesRead
    return setInterval(() => {
      const read = this.#socket.bytesRead
      if (read === before && !this.#socket.isPaused()) void this.#endUnlessAtWork(read)
      before = read
    }, this.login.idleTimeoutMs)
  }

  async #endUnlessAtWork(read: number): Promise<void> {
    const isAtWork = await this.#isAtWork().catch(() => false)
    if (isAtWork) this.#seenAtWork++
    else if (this.#socket.bytesRead === read) this.fail(fellSilent(this.login, this.login.idleTimeoutMs))
  }

  /** A server that waits until it can send to us is none that works: its bytes do not arrive. */
  async #isAtWork(): Promise<boolean> {
    const { threadId } = this.#driver
    if (!this.#asksWhenSilent || !this.#isOpen || !Number.isInteger(threadId)) return false
    const other = await connect(
      { ...this.login, connectTimeoutMs: Math.min(this.login.connectTimeoutMs, 5000) },
      undefined,
      false,
    )
    try {
      const working = `COMMAND = 'Query' AND COALESCE(STATE, '') NOT IN ('Writing to net', 'Sending to client')`
      return (await other.query(`SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${threadId} AND ${working}`)).length > 0
    } finally {
      await other.close()
    }
  }
}

/** A name for SQL. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
