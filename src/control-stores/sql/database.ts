import type { ColumnDataType, Expression, Kysely, Transaction } from 'kysely'
import { SluiceError } from '../../errors.ts'
import { type Grant, type Holder, thisHolder } from './holder.ts'
import type { Tables } from './tables.ts'

/**
 * How a transaction stands to others. `read`: all that it sees is of one moment. `write`: what it changes by a condition is
 * locked until its end. `decide`: as `read`, and no other decision of the store is open meanwhile.
 */
export type Mode = 'read' | 'write' | 'decide'

/** The store's clocks in milliseconds: the time of day, and the one that leases go by. */
interface Clocks {
  readonly timeMs: number
  readonly leaseMs: number
}

/** What the stores do each in their own way. */
export interface StoreDialect {
  /** The store as messages name it; never with a password. */
  readonly name: string
  /** The types of the tables' columns; `number` is of whole numbers that count up by themselves. */
  readonly columns: {
    readonly text: ColumnDataType | Expression<unknown>
    readonly integer: ColumnDataType
    readonly countsUp: 'autoincrement' | 'identity'
  }
  transaction<T>(db: Kysely<Tables>, mode: Mode, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>
  /** A transaction that changes the tables; of several at once one works and the others wait. */
  upgrade(db: Kysely<Tables>, work: (trx: Transaction<Tables>) => Promise<void>): Promise<void>
  clocks(db: Kysely<Tables>): Promise<Clocks>
  /** Whether a lease holds by the clock that leases go by, read after the grant. */
  isLive(grant: Grant, own: Holder, leaseMs: number): boolean
  /** The version of the store's tables, 0 when there are none. CONFIG_INVALID when they are another program's, or were moved away. */
  version(db: Kysely<Tables>): Promise<number>
  setVersion(trx: Transaction<Tables>, version: number): Promise<void>
}

/** The tables of a store, and who this process is in its leases. INTERNAL when it is used after `close`. */
export class Database {
  readonly dialect: StoreDialect
  readonly holder: Holder = thisHolder()
  readonly #kysely: Kysely<Tables>
  readonly #asked = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(kysely: Kysely<Tables>, dialect: StoreDialect) {
    this.#kysely = kysely
    this.dialect = dialect
  }

  /** One statement or more outside of any transaction. */
  statement<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#ask(work)
  }

  /** Rolls back when `work` rejects. `work` may be called again when the store could not keep two transactions apart. */
  transaction<T>(mode: Mode, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#ask((db) => this.dialect.transaction(db, mode, work))
  }

  upgrade(work: (trx: Transaction<Tables>) => Promise<void>): Promise<void> {
    return this.#ask((db) => this.dialect.upgrade(db, work))
  }

  /** The time by the store's clock: UTC, ISO 8601. */
  async now(db: Kysely<Tables>): Promise<string> {
    return new Date((await this.dialect.clocks(db)).timeMs).toISOString()
  }

  /** After what was asked for before. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#asked)
    await this.#kysely.destroy()
  }

  #ask<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw closedError()
    const answer = work(this.#kysely)
    this.#asked.add(answer)
    const forget = () => this.#asked.delete(answer)
    answer.then(forget, forget)
    return answer
  }
}

/** The failure of whoever uses a store that was closed. */
export function closedError(): SluiceError {
  return new SluiceError('INTERNAL', 'The control store was used after it was closed.', {
    hint: 'Report it with the log of this run.',
  })
}
