import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { type CatalogueTable, findTable, schemaOf } from './postgres/catalogue.ts'
import { connect, type Login, type PostgresConnection } from './postgres/connection.ts'
import { type Horizon, takeHorizon } from './postgres/horizon.ts'
import { PostgresReading } from './postgres/reading.ts'
import { type Selection, select } from './postgres/window.ts'

/** A Postgres database, version 14 or later. */
export interface PostgresSourceOptions {
  /** `postgres://user:password@host:port/database?sslmode=verify-full` */
  readonly url: string
  /**
   * Infinite dates and moments, NaN in a `numeric(p,s)`, `24:00:00`, and moments after the year 294246 fit no type: their rows
   * are refused by name (`reject`, the default), or the columns that can have them are staged as the server's text (`text`).
   */
  readonly extremes?: 'reject' | 'text'
  /** Whether rows are counted in the snapshot first; by default where the table has under 4 GiB. */
  readonly count?: 'exact' | 'none'
  /** How far an open transaction may hold the horizon back; by default an hour. */
  readonly maxHorizonLagMs?: number
  /** How long connecting may take; by default 20,000. */
  readonly connectTimeoutMs?: number
  /** How long a server may be silent that is not at work; by default 60,000. */
  readonly idleTimeoutMs?: number
}

const countedBytes = 4 * 2 ** 30

/**
 * Reads tables and views of a Postgres database by binary COPY, each in one snapshot, typed by the catalogue. Types without
 * a form of ours come as the server's text. A connection that is lost or falls silent is SOURCE_UNREACHABLE, and never the end.
 */
export async function openPostgresSource(options: PostgresSourceOptions): Promise<Source> {
  return new PostgresSource(options)
}

class PostgresSource implements Source {
  readonly #options: PostgresSourceOptions
  readonly #login: Login
  readonly #readings = new Set<Reading>()

  constructor(options: PostgresSourceOptions) {
    this.#options = options
    this.#login = loginOf(options)
  }

  async check(): Promise<readonly string[]> {
    await this.#once((connection) => connection.query('SELECT 1'))
    return []
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return this.#once(async (connection) => schemaOf(await this.#table(connection, resource)))
  }

  async open(request: ReadRequest): Promise<Reading> {
    const horizon = request.cursor && (await this.#horizon(request))
    const connection = await connect(this.#login, request.signal)
    try {
      await connection.beginSnapshot()
      const table = await this.#table(connection, request.resource)
      const selection = await select(connection, table, request, horizon)
      const expectedRows = await this.#count(connection, table, selection)
      const reading = new PostgresReading(connection, table, selection, expectedRows, request)
      this.#readings.add(reading)
      return reading
    } catch (cause) {
      await connection.close()
      throw cause
    }
  }

  async close(): Promise<void> {
    for (const reading of this.#readings) await reading.close()
    this.#readings.clear()
  }

  #table(connection: PostgresConnection, { locator }: Resource): Promise<CatalogueTable> {
    return findTable(connection, locator, this.#options.extremes ?? 'reject')
  }

  /** On a session of its own: the snapshot must be taken later. */
  #horizon({ signal, notice, upper }: ReadRequest): Promise<Horizon> {
    // A window with a given end waits for nobody.
    const maxLagMs = upper === undefined ? (this.#options.maxHorizonLagMs ?? 3_600_000) : Number.POSITIVE_INFINITY
    return this.#once((connection) => takeHorizon(connection, maxLagMs, notice), signal)
  }

  async #count(connection: PostgresConnection, table: CatalogueTable, { where }: Selection): Promise<number | undefined> {
    const { count } = this.#options
    if (count === 'none' || (count === undefined && table.bytes > countedBytes)) return undefined
    const { rows } = await connection.one(`SELECT count(*) AS rows FROM ${table.quoted}${where === '' ? '' : ` WHERE ${where}`}`)
    return Number(rows)
  }

  async #once<T>(work: (connection: PostgresConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await connect(this.#login, signal)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }
}

function loginOf({ url, connectTimeoutMs = 20_000, idleTimeoutMs = 60_000 }: PostgresSourceOptions): Login {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '' || parsed.username === '') {
    throw new SluiceError('CONFIG_INVALID', 'The url of the Postgres source is none.', {
      hint: 'Write it as postgres://user:password@host:5432/database.',
    })
  }
  const user = decodeURIComponent(parsed.username)
  return {
    url,
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    user,
    database: decodeURIComponent(parsed.pathname.slice(1)) || user,
    connectTimeoutMs,
    idleTimeoutMs,
  }
}
