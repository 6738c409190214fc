import type { Transaction } from 'kysely'
import type { GateFacts } from '../../contracts/control-store.ts'
import type { BatchDate, Run } from '../../model/run.ts'
import type { ScriptId } from '../../model/script.ts'
import { findBatch } from './batches.ts'
import type { Database } from './database.ts'
import { latestExtraction } from './extractions.ts'
import { leaseState } from './leases.ts'
import { findRuns } from './run-rows.ts'
import { findScript } from './scripts.ts'
import type { Tables } from './tables.ts'

/** The gate's questions, answered inside one transaction. */
export function gateFacts(trx: Transaction<Tables>, database: Database): GateFacts {
  return {
    script: (id) => findScript(trx, id),
    batch: (date) => findBatch(trx, date),
    lease: (id) => leaseState(trx, database, id),
    done: async (id, batch) => {
      const [run] = await findRuns(trx, database, { script: id, batch, statuses: ['STAGED', 'SUCCESS'], limit: 1 })
      return run
    },
    latestDone: (id) => latestDone(trx, id),
    doneSince: async (ids, id) => {
      const [run] = await findRuns(trx, database, { script: id, statuses: ['STAGED', 'SUCCESS'], limit: 1 })
      return run !== undefined && doneSince(trx, ids, run)
    },
    extraction: (extract, batch) => latestExtraction(trx, extract, batch),
    unloadedBefore: (extract, load, batch, from) => unloadedBefore(trx, extract, load, batch, from),
  }
}

async function latestDone(trx: Transaction<Tables>, id: ScriptId): Promise<BatchDate | undefined> {
  const row = await trx
    .selectFrom('run')
    .select('batch')
    .where('script', '=', id)
    .where('status', 'in', ['STAGED', 'SUCCESS'])
    .orderBy('batch', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.batch
}

/** A run that began later has the greater number, whatever the clock says; of one that began before, only its end can tell. */
async function doneSince(trx: Transaction<Tables>, ids: readonly ScriptId[], { runId, startedAt }: Run): Promise<boolean> {
  const row = await trx
    .selectFrom('run')
    .select('number')
    .where('script', 'in', ids)
    .where('status', 'in', ['STAGED', 'SUCCESS'])
    .where(({ eb, or, selectFrom }) =>
      or([
        eb('number', '>', selectFrom('run as since').select('since.number').where('since.run_id', '=', runId)),
        eb('finished_at', '>', startedAt),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Of each batch only the newest package counts: it replaces those before it. */
async function unloadedBefore(
  trx: Transaction<Tables>,
  extract: ScriptId,
  load: ScriptId,
  batch: BatchDate,
  from = '',
): Promise<BatchDate | undefined> {
  const row = await trx
    .selectFrom('extraction as package')
    .select('package.batch')
    .where('package.script', '=', extract)
    .where('package.batch', '<', batch)
    .where('package.batch', '>=', from)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('extraction as newer')
            .select('newer.number')
            .whereRef('newer.script', '=', 'package.script')
            .whereRef('newer.batch', '=', 'package.batch')
            .whereRef('newer.number', '>', 'package.number'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('run')
            .select('run.number')
            .where('run.script', '=', load)
            .where('run.status', '=', 'SUCCESS')
            .whereRef('run.batch', '=', 'package.batch')
            .whereRef('run.manifest_sha256', '=', 'package.manifest_sha256'),
        ),
      ),
    )
    .orderBy('package.batch')
    .limit(1)
    .executeTakeFirst()
  return row?.batch
}
