import type { Kysely, Transaction } from 'kysely'
import type { KeptPartition, KeptPlan, PartitionBook, PartitionPlan } from '../../contracts/control-store.ts'
import type { ManifestPart } from '../../model/manifest.ts'
import type { BatchDate, RunKey } from '../../model/run.ts'
import type { ScriptId } from '../../model/script.ts'
import type { Database } from './database.ts'
import { holdsLease } from './leases.ts'
import type { Tables } from './tables.ts'
import { windowOf, windowRow } from './window-rows.ts'

/** The plans that no commit has taken up, and the partitions that were kept of them. */
export function partitionBook(database: Database): PartitionBook {
  return {
    plan: async (key, plan) => database.transaction('write', (trx) => record(trx, key, plan)),
    keep: async (key, partition) => database.transaction('write', (trx) => keep(trx, key, partition)),
    kept: async (extract, batch) => database.transaction('read', (trx) => kept(trx, extract, batch)),
  }
}

async function record(trx: Transaction<Tables>, key: RunKey, plan: PartitionPlan): Promise<boolean> {
  if (!(await holdsLease(trx, key))) return false
  const { script, batch } = key
  await forgetPlan(trx, script, batch)
  await trx
    .insertInto('partition_plan')
    .values({
      script,
      batch,
      schema_hash: plan.schemaHash,
      ...windowRow(plan.window),
      partitions: JSON.stringify(plan.partitions),
    })
    .execute()
  return true
}

async function keep(trx: Transaction<Tables>, key: RunKey, partition: KeptPartition): Promise<boolean> {
  if (!(await holdsLease(trx, key))) return false
  const { id, parts, rejects, read, rejected } = partition
  const counted = { parts: JSON.stringify(parts), rejects: JSON.stringify(rejects), rows_read: read, rows_rejected: rejected }
  await trx
    .insertInto('kept_partition')
    .values({ script: key.script, batch: key.batch, id, ...counted })
    // Kept again by a run that did not get the answer.
    .onConflict((conflict) => conflict.columns(['script', 'batch', 'id']).doUpdateSet(counted))
    .execute()
  return true
}

async function kept(trx: Transaction<Tables>, extract: ScriptId, batch: BatchDate): Promise<KeptPlan | undefined> {
  const plan = await trx
    .selectFrom('partition_plan')
    .selectAll()
    .where('script', '=', extract)
    .where('batch', '=', batch)
    .executeTakeFirst()
  if (!plan) return undefined
  const rows = await trx
    .selectFrom('kept_partition')
    .selectAll()
    .where('script', '=', extract)
    .where('batch', '=', batch)
    .orderBy('number')
    .execute()
  return {
    schemaHash: plan.schema_hash,
    window: windowOf(plan),
    partitions: JSON.parse(plan.partitions) as readonly string[],
    kept: rows.map(({ id, parts, rejects, rows_read, rows_rejected }) => ({
      id,
      parts: JSON.parse(parts) as readonly ManifestPart[],
      rejects: JSON.parse(rejects) as readonly ManifestPart[],
      read: rows_read,
      rejected: rows_rejected,
    })),
  }
}

/** Forgets the plan of the batch and what was kept of it. */
export async function forgetPlan(db: Kysely<Tables>, script: ScriptId, batch: BatchDate): Promise<void> {
  await db.deleteFrom('kept_partition').where('script', '=', script).where('batch', '=', batch).execute()
  await db.deleteFrom('partition_plan').where('script', '=', script).where('batch', '=', batch).execute()
}
