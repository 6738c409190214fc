import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { type CatalogueTable, findTable, schemaOf } from './postgres/catalogue.ts'
import { checkServer } from './postgres/checks.ts'
import type { Login, PostgresConnection } from './postgres/connection.ts'
import { type Horizon, takeHorizon } from './postgres/horizon.ts'
import { planPartitions } from './postgres/partitions.ts'
import { postgresPool } from './postgres/pool.ts'
import { PostgresReading, type ReadingPlan } from './postgres/reading.ts'
import { select } from './postgres/window.ts'
import { allOf, whereText } from './sql/conditions.ts'
import type { ConnectionPool } from './sql/pool.ts'
import { queryOptions } from './sql/table-options.ts'

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
  /** How long the server may work on a query; by default as the server has it. */
  readonly statementTimeoutMs?: number
  /** How many connections all readings together may have open; by default 8. One that needs another waits. */
  readonly maxConnections?: number
  /** How long connecting may take; by default 20,000. */
  readonly connectTimeoutMs?: number
  /** How long a server may be silent that is not at work; by default 60,000. */
  readonly idleTimeoutMs?: number
}

const countedBytes = 4 * 2 ** 30
/** For the columns of a query any date will do. */
const anyBatch = '2000-01-01'

/**
 * Reads tables, views and queries of a Postgres database by binary COPY, each in one snapshot unless it is asked for otherwise,
 * typed by the catalogue. Types without
 * a form of ours come as the server's text. A connection that is lost or falls silent is SOURCE_UNREACHABLE, and never the end.
 */
export async function openPostgresSource(options: PostgresSourceOptions): Promise<Source> {
  return new PostgresSource(options)
}

class PostgresSource implements Source {
  readonly #pool: ConnectionPool<PostgresConnection>
  readonly #options: PostgresSourceOptions
  readonly #readings = new Set<Reading>()

  constructor(options: PostgresSourceOptions) {
    this.#options = options
    this.#pool = postgresPool(loginOf(options), options.maxConnections ?? 8)
  }

  async check(): Promise<readonly string[]> {
    return this.#pool.once(checkServer)
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return schemaOf(await this.#pool.once((connection) => this.#find(connection, { resource, batch: anyBatch })))
  }

  async open(request: ReadRequest): Promise<Reading> {
    const horizon = request.cursor && (await this.#horizon(request))
    const first = await this.#pool.open(request.signal)
    const connections = [first]
    try {
      await first.beginSnapshot()
      const keepsPartitions = queryOptions(request.resource).consistency === 'partition'
      await this.#shareSnapshot(connections, keepsPartitions, request)
      const table = await this.#find(first, request)
      const selection = await select(first, table, request, horizon)
      reportMissingIndex(table, request)
      const where = allOf([table.condition, selection.where])
      const plan: ReadingPlan = {
        table,
        selection,
        expectedRows: keepsPartitions ? undefined : await this.#count(first, table, where),
        partitions: await planPartitions(first, table, where, request),
        connections,
        again: keepsPartitions ? (connection) => this.#find(connection, request) : undefined,
      }
      if (keepsPartitions) for (const connection of connections) await connection.endSnapshot()
      const reading = new PostgresReading(plan, request, () => this.#readings.delete(reading))
      this.#readings.add(reading)
      return reading
    } catch (cause) {
      await Promise.all(connections.map((connection) => connection.close()))
      throw cause
    }
  }

  async close(): Promise<void> {
    for (const reading of [...this.#readings]) await reading.close()
  }

  #find(connection: PostgresConnection, { resource, batch }: Pick<ReadRequest, 'resource' | 'batch'>): Promise<CatalogueTable> {
    return findTable(connection, resource, batch, this.#options.extremes ?? 'reject')
  }

  /** Adds what connections are wanted besides the first, all with its snapshot unless each partition takes its own. */
  async #shareSnapshot(
    connections: PostgresConnection[],
    keepsPartitions: boolean,
    { resource, signal, notice }: ReadRequest,
  ): Promise<void> {
    const { parallel = 1 } = queryOptions(resource)
    const [first] = connections
    if (parallel === 1 || first === undefined) return
    const more = await this.#pool.openMore(parallel - 1, signal)
    connections.push(...more)
    if (connections.length < parallel) {
      notice(`${resource.locator} is read over ${connections.length} connections, not ${parallel}: no more are free.`)
    }
    const snapshot = keepsPartitions ? undefined : await first.exportSnapshot()
    for (const connection of more) await connection.beginSnapshot(snapshot)
  }

  /** On a session of its own: the snapshot must be taken later. */
  #horizon({ signal, notice, upper }: ReadRequest): Promise<Horizon> {
    // A window with a given end waits for nobody.
    const maxLagMs = upper === undefined ? (this.#options.maxHorizonLagMs ?? 3_600_000) : Number.POSITIVE_INFINITY
    return this.#pool.once((connection) => takeHorizon(connection, maxLagMs, notice), signal)
  }

  async #count(connection: PostgresConnection, table: CatalogueTable, where: string): Promise<number | undefined> {
    const { count } = this.#options
    const isSmall = table.bytes !== undefined && table.bytes <= countedBytes
    if (count === 'none' || (count === undefined && !isSmall)) return undefined
    const { rows } = await connection.one(`SELECT count(*) AS rows FROM ${table.from}${whereText([where])}`)
    return Number(rows)
  }
}

/** Every extraction with a cursor that no index begins with reads the whole table. */
function reportMissingIndex({ name, from, indexed, columns }: CatalogueTable, { cursor, notice }: ReadRequest): void {
  if (cursor === undefined || indexed === undefined || indexed.includes(cursor.column)) return
  const quoted = columns.find(({ column }) => column.name === cursor.column)?.quoted ?? cursor.column
  notice(`No index of ${name} begins with its cursor, so each extraction reads all of it: CREATE INDEX ON ${from} (${quoted})`)
}

function loginOf(options: PostgresSourceOptions): Login {
  const { url, connectTimeoutMs = 20_000, idleTimeoutMs = 60_000, statementTimeoutMs } = options
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
    statementTimeoutMs,
  }
}
