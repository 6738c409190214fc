import type { Kysely, Transaction } from 'kysely'
import type { LedgerEntry } from '../../model/ledger.ts'
import type { Tables } from './tables.ts'

/** Records a run's entries in their order. */
export async function writeLedger(trx: Transaction<Tables>, runId: string, ledger: readonly LedgerEntry[]): Promise<void> {
  if (ledger.length === 0) return
  const values = ledger.map(({ hop, term, rows }, ordinal) => ({ run_id: runId, ordinal, hop, term, rows }))
  await trx.insertInto('ledger').values(values).execute()
}

/** In the order in which they were recorded; none for an unknown run. */
export function readLedger(db: Kysely<Tables>, runId: string): Promise<readonly LedgerEntry[]> {
  return db.selectFrom('ledger').select(['hop', 'term', 'rows']).where('run_id', '=', runId).orderBy('ordinal').execute()
}
