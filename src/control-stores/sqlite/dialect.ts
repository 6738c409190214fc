import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { isSluiceError, SluiceError } from '../../errors.ts'
import { closedError } from '../sql/database.ts'

const busyPauseMs = 20

/**
 * Kysely over one `node:sqlite` connection; its transactions and statements run one after the other.
 * CONTROL_FAILED when another connection is in the way for longer than the limit.
 */
export function sqliteDialect(path: string, busyLimitMs = 10_000): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(path, busyLimitMs),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class SqliteDriver implements Driver {
  readonly #path: string
  readonly #busyLimitMs: number
  #connection: SqliteConnection | undefined
  #tail: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(path: string, busyLimitMs: number) {
    this.#path = path
    this.#busyLimitMs = busyLimitMs
  }

  async init(): Promise<void> {
    this.#connection = new SqliteConnection(this.#path, this.#busyLimitMs)
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = this.#connection
    if (connection === undefined) throw closedError()
    this.#release = await this.#turn()
    return connection
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'))
  }

  async rollbackTransaction(): Promise<void> {
    this.#connection?.rollback()
  }

  async releaseConnection(): Promise<void> {
    this.#release()
  }

  /** Waits for the work that was asked for before. */
  async destroy(): Promise<void> {
    const release = await this.#turn()
    this.#connection?.close()
    this.#connection = undefined
    release()
  }

  /** Resolves when everyone before is done; the next one waits for the returned function. */
  async #turn(): Promise<() => void> {
    const before = this.#tail
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tail = promise
    await before
    return resolve
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #busyLimitMs: number

  constructor(path: string, busyLimitMs: number) {
    this.#busyLimitMs = busyLimitMs
    try {
      // No timeout of SQLite's own: it would block the thread, and with it a transaction that another connection of it has open.
      this.#database = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true })
    } catch (cause) {
      throw translateSqliteError(cause)
    }
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const deadline = performance.now() + this.#busyLimitMs
    for (;;) {
      try {
        return this.#run<R>(query)
      } catch (cause) {
        if (!isBusy(cause) || performance.now() > deadline) throw translateSqliteError(cause)
      }
      await sleep(1 + Math.random() * busyPauseMs)
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }

  /** After a full disk and the like SQLite has rolled back by itself. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
  }

  close(): void {
    this.#database.close()
  }

  #run<R>(query: CompiledQuery): QueryResult<R> {
    const statement = this.#database.prepare(query.sql)
    const values = query.parameters as readonly SQLInputValue[]
    // The driver's rows have no prototype; what leaves the store are plain objects.
    if (statement.columns().length > 0) return { rows: statement.all(...values).map((row) => ({ ...row }) as R) }
    return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) }
  }
}

const busy = 5
const inTheWay: ReadonlySet<number> = new Set([busy, 6, 7, 15])
const notWritable: ReadonlySet<number> = new Set([3, 8, 10, 13, 14, 22])
const [damaged, notADatabase] = [11, 26]

/** The primary result: the low byte of the extended one. */
function resultCode(cause: unknown): number | undefined {
  return cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : undefined
}

function isBusy(cause: unknown): boolean {
  return resultCode(cause) === busy
}

/** What SQLite says, in our words: only what time can clear may be tried again. */
export function translateSqliteError(cause: unknown): SluiceError {
  if (isSluiceError(cause)) return cause
  const code = resultCode(cause) ?? -1
  const said = cause instanceof Error ? cause.message : String(cause)
  if (inTheWay.has(code)) {
    return new SluiceError('CONTROL_FAILED', `The control store did not answer in time: ${said}.`, {
      hint: 'Run it again; if it stays so, look for a stopped process that holds the file.',
      cause,
    })
  }
  if (notWritable.has(code)) {
    return new SluiceError('LOCAL_IO', `The control store's file cannot be written: ${said}.`, {
      hint: 'Look at the free space of the disk and at the rights of the file and its folder.',
      cause,
    })
  }
  if (code === damaged) {
    return new SluiceError('LOCAL_IO', `The control store's file is damaged: ${said}.`, {
      hint: 'Restore the file from a backup.',
      cause,
    })
  }
  if (code === notADatabase) {
    return new SluiceError('CONFIG_INVALID', "The control store's file is not a SQLite database.", {
      hint: 'Give the control store another path in sluice.config.ts.',
      cause,
    })
  }
  return new SluiceError('INTERNAL', `The control store refused a statement: ${said}.`, {
    hint: 'Report it with the log of this run.',
    cause,
  })
}
