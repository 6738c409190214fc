import type { ControlStore, Renewal, Renewer } from '../../contracts/control-store.ts'
import { batchBook } from './batches.ts'
import { budgetBook } from './budgets.ts'
import type { Database } from './database.ts'
import { extractionBook } from './extractions.ts'
import { prolongLease } from './leases.ts'
import { migrate } from './migrations.ts'
import { runBook } from './runs.ts'
import { scriptRegistry } from './scripts.ts'

/** A control store in the tables of a database. */
export function sqlStore(database: Database, renewal: Renewal): ControlStore {
  return {
    scripts: scriptRegistry(database),
    batches: batchBook(database),
    runs: runBook(database),
    extractions: extractionBook(database),
    budgets: budgetBook(database),
    renewal,
    migrate: async () => migrate(database),
    close: () => database.close(),
  }
}

/** Renews the leases of a store; closes it with itself. */
export function sqlRenewer(database: Database): Renewer {
  return {
    renew: async (key, leaseTtlMs, progress) =>
      database.transaction('write', (trx) => prolongLease(trx, database, key, leaseTtlMs, progress)),
    close: () => database.close(),
  }
}
