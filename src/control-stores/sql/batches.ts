import type { Kysely, Transaction } from 'kysely'
import type { Batch, BatchBook } from '../../contracts/control-store.ts'
import type { BatchDate } from '../../model/run.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** The batch dates, in the `batch` table. */
export function batchBook(database: Database): BatchBook {
  return {
    open: async (batch) => database.transaction('write', (trx) => open(trx, batch)),
    close: async (batch) => database.transaction('write', (trx) => close(trx, batch)),
    list: async () => database.statement((db) => select(db).orderBy('batch_date').execute()),
  }
}

async function open(trx: Transaction<Tables>, batch: BatchDate): Promise<boolean> {
  const change = trx
    .insertInto('batch')
    .values({ batch_date: batch, status: 'OPEN' })
    .onConflict((conflict) => conflict.column('batch_date').doUpdateSet({ status: 'OPEN' }).where('batch.status', '=', 'CLOSED'))
  return ((await change.executeTakeFirst()).numInsertedOrUpdatedRows ?? 0n) > 0n
}

async function close(trx: Transaction<Tables>, batch: BatchDate): Promise<boolean> {
  const change = trx.updateTable('batch').set({ status: 'CLOSED' }).where('batch_date', '=', batch).where('status', '=', 'OPEN')
  return (await change.executeTakeFirst()).numUpdatedRows > 0n
}

/** Undefined when it was never opened. */
export function findBatch(db: Kysely<Tables>, date: BatchDate): Promise<Batch | undefined> {
  return select(db).where('batch_date', '=', date).executeTakeFirst()
}

/** Opens a batch that was never opened; a closed one stays closed. */
export async function openNewBatch(db: Kysely<Tables>, date: BatchDate): Promise<void> {
  await db
    .insertInto('batch')
    .values({ batch_date: date, status: 'OPEN' })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

function select(db: Kysely<Tables>) {
  return db.selectFrom('batch').select(['batch_date as date', 'status'])
}
