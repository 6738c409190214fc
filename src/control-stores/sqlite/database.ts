import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Kysely, sql, type Transaction } from 'kysely'
import { SluiceError } from '../../errors.ts'
import { closedError, sqliteDialect } from './dialect.ts'
import { type Holder, refuseNetworkFileSystem, thisHolder } from './liveness.ts'
import { checkStore } from './migrations.ts'
import type { Tables } from './tables.ts'

/** One connection to the store's file, and who this process is in its leases. INTERNAL when it is used after `close`. */
export class Database {
  /** Absolute. */
  readonly path: string
  readonly holder: Holder = thisHolder()
  readonly #kysely: Kysely<Tables>
  #closed = false

  constructor(path: string, kysely: Kysely<Tables>) {
    this.path = path
    this.#kysely = kysely
  }

  get tables(): Kysely<Tables> {
    if (this.#closed) throw closedError()
    return this.#kysely
  }

  /** Takes the store's write lock first: nobody else decides meanwhile. Rolls back when `work` rejects. */
  transaction<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.tables.transaction().execute(work)
  }

  /** After what was asked for before. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#kysely.destroy()
  }
}

/**
 * Opens the file and makes it and its folder if they are not there; makes no tables. LOCAL_IO when it cannot,
 * CONFIG_INVALID when the file is no control store, is of a newer version or lies on a network file system.
 */
export async function openDatabase(path: string): Promise<Database> {
  const file = resolve(path)
  await mkdir(dirname(file), { recursive: true }).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The folder of the control store ${file} cannot be made.`, {
      hint: 'Give the control store another path, or look at the rights of its folder.',
      cause,
    })
  })
  refuseNetworkFileSystem(file)
  const kysely = new Kysely<Tables>({ dialect: sqliteDialect(file) })
  try {
    // Before anything is written: the file may be someone else's.
    await checkStore(kysely, file)
    await sql`PRAGMA journal_mode = WAL`.execute(kysely)
    await sql`PRAGMA synchronous = FULL`.execute(kysely)
  } catch (cause) {
    await kysely.destroy()
    throw cause
  }
  return new Database(file, kysely)
}
