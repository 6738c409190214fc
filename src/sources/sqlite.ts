import type { DatabaseSync } from 'node:sqlite'
import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { findTable } from './sqlite/catalogue.ts'
import { connect, translated, unlessBusy } from './sqlite/connection.ts'
import { SqliteReading } from './sqlite/reading.ts'
import { select } from './sqlite/window.ts'

/** `readOnly`: never takes the moment's write lock that proves a horizon; cursors then need a declared overlap. */
export interface SqliteSourceOptions {
  readonly path: string
  readonly readOnly?: boolean
}

/**
 * Reads tables and views of a SQLite file that exists. Typed by what the tables declare; a value that does not fit
 * its column's type exactly is refused by name, text that is not valid UTF-8 as ENCODING.
 */
export async function openSqliteSource(options: SqliteSourceOptions): Promise<Source> {
  return new SqliteSource(options.path, options.readOnly ?? false)
}

class SqliteSource implements Source {
  readonly #path: string
  readonly #readOnly: boolean
  readonly #readings = new Set<Reading>()

  constructor(path: string, readOnly: boolean) {
    this.#path = path
    this.#readOnly = readOnly
  }

  async check(): Promise<readonly string[]> {
    await this.#once((database) => database.prepare('SELECT count(*) FROM sqlite_schema').get())
    return []
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return this.#once((database) => findTable(database, resource.locator).schema)
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
      const table = findTable(database, request.resource.locator)
      const selection = select(database, table, request, horizon)
      const reading = new SqliteReading(database, this.#path, table, selection, request)
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
