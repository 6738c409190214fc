import { Socket } from 'node:net'
import type { Client } from 'pg'
import { SluiceError } from '../../errors.ts'
import { aborted } from '../throw-if-aborted.ts'
import { CopyOut } from './copy-out.ts'
import { brokenOff, fellSilent, type Server, translated } from './failures.ts'

/** Where to log in, and how long to wait. */
export interface Login extends Server {
  readonly url: string
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  /** How long the server may work on a query; undefined: as the server has it. */
  readonly statementTimeoutMs: number | undefined
}

/** Cells as the server writes them. */
export type TextRow = Readonly<Record<string, string | null>>

/** A column of a result, as the server describes it. */
export interface ResultField {
  readonly name: string
  readonly oid: number
  /** The type's modifier, such as precision and scale; -1 where there is none. */
  readonly modifier: number
}

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

const oldestVersion = 140_000

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
    await connection.assertVersion()
    if (login.statementTimeoutMs !== undefined) await connection.query(`SET statement_timeout = ${login.statementTimeoutMs}`)
    return connection
  } catch (cause) {
    await connection.close()
    throw signal?.aborted ? aborted(signal) : translated(cause, login)
  }
}

async function imported<T>(load: () => Promise<T>, name: string): Promise<T> {
  return load().catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', `Postgres needs the package ${name}, which is not installed.`, {
      hint: 'Install it: npm install pg',
      cause,
    })
  })
}

/** A session. A server that is lost, or silent while it does nothing for us, is an error of whatever waits for it. */
export class PostgresConnection {
  readonly login: Login
  /** Told when the session is over. */
  onClosed: (() => void) | undefined
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
    socket.on('close', () => {
      this.onClosed?.()
      this.onClosed = undefined
    })
  }

  /** SOURCE_FAILED when the server is too old to be read. */
  async assertVersion(): Promise<void> {
    const { number, version } = await this.one(
      "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version",
    )
    if (Number(number) >= oldestVersion) return
    throw new SluiceError(
      'SOURCE_FAILED',
      `The Postgres server ${this.login.host}:${this.login.port} is ${version}, which is too old.`,
      {
        hint: 'Read it from a server of version 14 or later.',
        details: { version: version ?? '' },
      },
    )
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

  /** The columns of a statement's result; the statement is one, and none that writes. */
  async fieldsOf(sql: string): Promise<readonly ResultField[]> {
    const watch = this.#watch()
    try {
      // The types of the driver do not know this mode yet, in which a text holds one statement.
      const prepared = { text: sql, queryMode: 'extended' }
      const { fields } = await this.#client.query(prepared)
      return fields.map(({ name, dataTypeID: oid, dataTypeModifier: modifier }) => ({ name, oid, modifier }))
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

  /** Begins a COPY to here; each message is as the server sent it. */
  copy(sql: string): Pick<CopyOut, 'next' | 'finish'> {
    const copying = this.#client.query(new CopyOut(sql))
    return {
      next: () => this.#answered(copying.next()),
      finish: (rest) => this.#answered(copying.finish(rest)),
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

  async #answered<T>(answer: Promise<T>): Promise<T> {
    const watch = this.#watch()
    try {
      return await answer
    } catch (cause) {
      throw this.#failure ?? translated(cause, this.login)
    } finally {
      clearInterval(watch)
    }
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

  /**
   * Fixes what all later queries see, as another session's `exportSnapshot` has it where one is given. From here on a long query
   * is told apart from a lost server.
   */
  async beginSnapshot(snapshot?: string): Promise<void> {
    await this.endSnapshot()
    await this.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    if (snapshot !== undefined) await this.query(`SET TRANSACTION SNAPSHOT ${this.literal(snapshot)}`)
    // Only the first query fixes the snapshot that BEGIN announces.
    this.#pid = (await this.one('SELECT pg_backend_pid() AS pid'))['pid']
  }

  /**
   * Throws SOURCE_CHANGED when a relation that this transaction has read was written anew since its snapshot, or took its name
   * since: such rows are not those of the snapshot, which finds the new file empty. Asked after reading, which keeps it so.
   */
  async assertNotRewritten(): Promise<void> {
    // The snapshot shows pg_class as it was; pg_relation_filenode and pg_get_indexdef answer as it is.
    const [found] = await this.query(
      `SELECT l.relation::regclass AS name FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
       WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.database <> 0
         AND CASE WHEN c.oid IS NULL THEN pg_get_indexdef(l.relation) IS NULL
           ELSE c.relkind IN ('r', 'm', 't') AND c.relfilenode <> 0 AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode
         END`,
    )
    if (found === undefined) return
    const name = found['name'] ?? ''
    throw new SluiceError('SOURCE_CHANGED', `${name} was written anew, or took another's name, while it was read.`, {
      hint: 'Run it again when nobody alters, truncates, vacuums fully or renames it.',
      details: { table: name },
    })
  }

  /** Lets go of what the snapshot held: locks of tables, and the dead rows that it could see. */
  async endSnapshot(): Promise<void> {
    if (this.#pid !== undefined) await this.query('COMMIT')
    this.#pid = undefined
  }

  /** What lets other sessions see the same, as long as this transaction is open. */
  async exportSnapshot(): Promise<string> {
    return (await this.one('SELECT pg_export_snapshot() AS id'))['id'] ?? ''
  }
}
