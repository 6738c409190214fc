import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { type CatalogueTable, findTable, schemaOf } from './mysql/catalogue.ts'
import { checkServer } from './mysql/checks.ts'
import type { MysqlConnection } from './mysql/connection.ts'
import { type HorizonRules, readClock } from './mysql/horizon.ts'
import { planPartitions } from './mysql/partitions.ts'
import { mysqlPool } from './mysql/pool.ts'
import { MysqlReading, type ReadingPlan } from './mysql/reading.ts'
import { loginOf } from './mysql/server.ts'
import { beginTogether } from './mysql/snapshots.ts'
import type { ReadingRules } from './mysql/types.ts'
import { isTimeCursor, reportMissingIndex, reportUnsteadyEngine, select } from './mysql/window.ts'
import { allOf, whereText } from './sql/conditions.ts'
import type { ConnectionPool } from './sql/pool.ts'
import { queryOptions } from './sql/table-options.ts'

/** A database of a MySQL or MariaDB server. */
export interface MysqlSourceOptions {
  /** `mysql://user:password@host:3306/database`, with `ssl-mode` and `ssl-ca` where the server has TLS. */
  readonly url: string
  /** What becomes of dates that no calendar has, such as 0000-00-00; by default `reject`. `text`: all dates are read as text. */
  readonly zeroDates?: ReadingRules['zeroDates']
  /** What TINYINT(1) is; by default `integer`. As a boolean, values other than 0 and 1 are refused. */
  readonly tinyint1?: ReadingRules['tinyint1']
  /** What TIME is, which reaches from -838:59:59 to 838:59:59; by default `text`. As a time, values beyond a day are refused. */
  readonly times?: ReadingRules['times']
  /** Whether rows are counted in the snapshot before they are read; by default, where the server believes there are under a million. */
  readonly count?: 'exact' | 'none'
  /** How far the horizon may lie back; by default 3,600,000. */
  readonly maxHorizonLagMs?: number
  /** How long the horizon waits for open transactions that have written, until they end; by default 10,000. */
  readonly horizonWaitMs?: number
  /**
   * How long a statement may wait for a lock before its first row, which is how much older than its transaction a row can be;
   * by default the server's `lock_wait_timeout`. It matters for transactions that outlast `horizonWaitMs`.
   */
  readonly maxLockWaitMs?: number
  /** How long the server may work on a query; by default as the server has it. */
  readonly statementTimeoutMs?: number
  /** How many connections all readings together may have open; by default 8. One that needs another waits. */
  readonly maxConnections?: number
  /** How long connecting may take; by default 20,000. */
  readonly connectTimeoutMs?: number
  /** How long the server may be silent without being at work; by default 60,000. */
  readonly idleTimeoutMs?: number
}

const countedRows = 1_000_000
/** For the columns of a query any date will do. */
const anyBatch = '2000-01-01'

/**
 * Reads tables, views and queries of MySQL and MariaDB, each in one consistent snapshot unless it is asked for otherwise. A
 * connection that is cut or falls silent is SOURCE_UNREACHABLE, and never the end of a table.
 */
export async function openMysqlSource(options: MysqlSourceOptions): Promise<Source> {
  const { connectTimeoutMs = 20_000, idleTimeoutMs = 60_000, statementTimeoutMs, maxConnections = 8 } = options
  const login = { ...(await loginOf(options.url)), connectTimeoutMs, idleTimeoutMs, statementTimeoutMs }
  return new MysqlSource(mysqlPool(login, maxConnections), options)
}

class MysqlSource implements Source {
  readonly #pool: ConnectionPool<MysqlConnection>
  readonly #options: MysqlSourceOptions
  readonly #rules: ReadingRules
  readonly #readings = new Set<Reading>()

  constructor(pool: ConnectionPool<MysqlConnection>, options: MysqlSourceOptions) {
    this.#pool = pool
    this.#options = options
    const { zeroDates = 'reject', tinyint1 = 'integer', times = 'text' } = options
    this.#rules = { zeroDates, tinyint1, times }
  }

  async check(): Promise<readonly string[]> {
    return this.#pool.once(checkServer)
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return schemaOf(await this.#pool.once((connection) => findTable(connection, resource, anyBatch, this.#rules)))
  }

  async open(request: ReadRequest): Promise<Reading> {
    const clock = await this.#clock(request)
    const connections = [await this.#pool.open(request.signal)]
    try {
      const sharing = await this.#begun(connections, request)
      const [first = connections[0]] = sharing
      if (first === undefined) throw new Error('a reading has at least one connection')
      const table = await this.#find(first, request)
      const selection = await select(first, table, request, clock)
      reportMissingIndex(table, request)
      reportUnsteadyEngine(table, request)
      const where = allOf([table.condition, selection.where])
      const keepsPartitions = queryOptions(request.resource).consistency === 'partition'
      // What is read then is not what one moment shows.
      const isShare = keepsPartitions || request.partitionsAgain !== undefined
      const plan: ReadingPlan = {
        table,
        selection,
        expectedRows: isShare || !this.#counts(table) ? undefined : await counted(first, table, where),
        partitions: await planPartitions(first, table, where, request),
        connections: sharing,
        again: keepsPartitions ? (connection) => this.#find(connection, request) : undefined,
      }
      const reading: MysqlReading = new MysqlReading(plan, request, () => this.#readings.delete(reading))
      this.#readings.add(reading)
      return reading
    } catch (cause) {
      await Promise.all(connections.map((connection) => connection.close()))
      throw cause
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readings].map((reading) => reading.close()))
  }

  /** Opens what connections are wanted besides the first into the list, and begins their snapshots. */
  async #begun(connections: MysqlConnection[], request: ReadRequest): Promise<readonly MysqlConnection[]> {
    const { signal, notice, resource } = request
    const { parallel = 1, consistency } = queryOptions(resource)
    const [first] = connections
    if (first === undefined) return []
    if (parallel > 1) {
      connections.push(...(await this.#pool.openMore(parallel - 1, signal)))
      if (connections.length < parallel) {
        notice(`${resource.locator} is read over ${connections.length} connections, not ${parallel}: no more are free.`)
      }
    }
    if (consistency !== 'partition' && connections.length > 1) {
      const table = await this.#find(first, request)
      return beginTogether(connections, table, async () => (await this.#pool.openMore(1, signal))[0], notice)
    }
    // Where partitions have moments of their own, the first is that of the plan.
    await first.beginSnapshot()
    return connections
  }

  #find(connection: MysqlConnection, { resource, batch }: ReadRequest): Promise<CatalogueTable> {
    return findTable(connection, resource, batch, this.#rules)
  }

  /** Before the snapshot: what commits between the two would be lost in the other order. */
  async #clock(request: ReadRequest) {
    const { cursor, signal, notice } = request
    if (cursor === undefined) return undefined
    return this.#pool.once(async (connection) => {
      if (!isTimeCursor(await this.#find(connection, request), cursor)) return undefined
      return readClock(connection, this.#horizonRules(signal), notice)
    }, signal)
  }

  #horizonRules(signal: AbortSignal): HorizonRules {
    const { maxHorizonLagMs = 3_600_000, horizonWaitMs = 10_000, maxLockWaitMs } = this.#options
    const maxLockWaitSeconds = maxLockWaitMs === undefined ? undefined : Math.ceil(maxLockWaitMs / 1000)
    return { maxLagSeconds: maxHorizonLagMs / 1000, waitMs: horizonWaitMs, maxLockWaitSeconds, signal }
  }

  #counts({ estimatedRows }: CatalogueTable): boolean {
    const { count } = this.#options
    return count === 'exact' || (count === undefined && estimatedRows !== undefined && estimatedRows < countedRows)
  }
}

async function counted(connection: MysqlConnection, table: CatalogueTable, where: string): Promise<number> {
  const [rows] = await connection.one(`SELECT COUNT(*) FROM ${table.from}${whereText([where])}`)
  return Number(rows)
}
