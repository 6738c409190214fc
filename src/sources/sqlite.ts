import type { DatabaseSync } from 'node:sqlite'
import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { findTable, type Misfits, schemaOf } from './sqlite/catalogue.ts'
import { connect, translated, unlessBusy } from './sqlite/connection.ts'
import { reportMissingIndex } from './sqlite/indexes.ts'
import { SqliteReading } from './sqlite/reading.ts'
import { select } from './sqlite/window.ts'

/** A SQLite file. */
export interface SqliteSourceOptions {
  readonly path: string
  /** Never takes the moment's write lock that proves a horizon; cursors then need a declared overlap. */
  readonly readOnly?: boolean
  /**
   * What becomes of values that do not fit the declared type of their column; by default `reject`. `null`: they become NULL,
   * and a notice counts them. `text`: columns in which SQLite lets any value stand are staged as text.
   */
  readonly misfits?: Misfits
}

/** For the columns of a query any date will do. */
const anyBatch = '2000-01-01'

/**
 * Reads tables, views and queries of a SQLite file that exists. Typed by what the tables declare; a value that does not fit
 * its column's type exactly is refused by name unless `misfits` says otherwise, text that is not valid UTF-8 as ENCODING.
 */
export async function openSqliteSource(options: SqliteSourceOptions): Promise<Source> {
  return new SqliteSource(options.path, options.readOnly ?? false, options.misfits ?? 'reject')
}

class SqliteSource implements Source {
  readonly #path: string
  readonly #readOnly: boolean
  readonly #misfits: Misfits
  readonly #readings = new Set<Reading>()

  constructor(path: string, readOnly: boolean, misfits: Misfits) {
    this.#path = path
    this.#misfits = misfits
    this.#readOnly = readOnly
  }

  async check(): Promise<readonly string[]> {
    await this.#once((database) => database.prepare('SELECT count(*) FROM sqlite_schema').get())
    return []
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return this.#once((database) => schemaOf(findTable(database, resource, anyBatch, this.#misfits)))
  }

  async open(request: ReadRequest): Promise<Reading> {
    const { database, writable } = await connect(this.#path, this.#readOnly)
    try {
      const horizon = request.cursor && writable ? await horizonOf(database, request.signal) : undefined
      // Not before the horizon: it would forbid the lock that proves one.
      database.exec('PRAGMA query_only = ON')
      // Only the first read fixes the snapshot that BEGIN announces.
      database.exec('BEGIN')
      const isOpen = await unlessBusy(database, 'SELECT count(*) FROM sqlite_schema', request.signal)
      if (!isOpen) throw busy(this.#path)
      const table = findTable(database, request.resource, request.batch, this.#misfits)
      const selection = select(database, table, request, horizon)
      reportMissingIndex(database, table, request)
      const reading = new SqliteReading({ database, path: this.#path, table, selection, misfits: this.#misfits }, request)
      this.#readings.add(reading)
      return reading
    } catch (cause) {
      database.close()
      throw translated(cause, this.#path)
    }
  }

  async close(): Promise<void> {
    for (const reading of this.#readings) await reading.close()
    this.#readings.clear()
  }

  async #once<T>(work: (database: DatabaseSync) => T): Promise<T> {
    const { database } = await connect(this.#path, this.#readOnly)
    try {
      return work(database)
    } catch (cause) {
      throw translated(cause, this.#path)
    } finally {
      database.close()
    }
  }
}

/** A moment at which no writer was at work: what is not committed by then gets a later time. Undefined when a writer stays. */
async function horizonOf(database: DatabaseSync, signal: AbortSignal): Promise<number | undefined> {
  const isHeld = await unlessBusy(database, 'BEGIN IMMEDIATE', signal)
  if (!isHeld) return undefined
  const now = Date.now()
  database.exec('ROLLBACK')
  return now
}

function busy(path: string): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `${path} stayed locked by a writer.`, {
    hint: 'Run it again when the writer has committed, or keep the database in WAL mode.',
  })
}
