import type { Kysely, Transaction } from 'kysely'
import type { LeaseState } from '../../contracts/control-store.ts'
import { SluiceError } from '../../errors.ts'
import type { RunKey } from '../../model/run.ts'
import type { ScriptId } from '../../model/script.ts'
import type { Database } from './database.ts'
import type { Grant, Holder } from './holder.ts'
import type { Tables } from './tables.ts'

/** `host:pid`, for people. */
export function holderText({ host, pid }: Pick<Holder, 'host' | 'pid'>): string {
  return `${host}:${pid}`
}

/** Who holds the script's lease, or held it last and never freed it; undefined when it is free. */
export async function leaseState(db: Kysely<Tables>, database: Database, script: ScriptId): Promise<LeaseState | undefined> {
  const row = await db.selectFrom('lease').selectAll().where('script', '=', script).executeTakeFirst()
  if (!row || row.run_id === null) return undefined
  const { leaseMs } = await database.dialect.clocks(db)
  const live = database.dialect.isLive(row, database.holder, leaseMs)
  return { runId: row.run_id, token: row.token, holder: holderText(row), since: row.since, live }
}

/** Refuses, as a bug of the caller, to take a live lease; the token that the next holder gets. */
export async function nextToken(trx: Transaction<Tables>, database: Database, script: ScriptId): Promise<number> {
  const held = await leaseState(trx, database, script)
  if (held?.live) {
    throw new SluiceError('INTERNAL', `A run of ${script} was allowed while run ${held.runId} of ${held.holder} is alive.`, {
      hint: 'Report it with the log of this run.',
      details: { runId: held.runId, token: held.token },
    })
  }
  const last = await trx.selectFrom('lease').select('token').where('script', '=', script).executeTakeFirst()
  return (last?.token ?? 0) + 1
}

/** Gives the lease to a run that is in the `run` table already. */
export async function grantLease(
  trx: Transaction<Tables>,
  database: Database,
  key: RunKey,
  ttlMs: number,
  since: string,
): Promise<void> {
  const { leaseMs } = await database.dialect.clocks(trx)
  const grant: Grant = { ...database.holder, granted_ms: leaseMs, ttl_ms: ttlMs }
  const held = { run_id: key.runId, token: key.token, since, progress: 0, ...grant }
  await trx
    .insertInto('lease')
    .values({ script: key.script, ...held })
    .onConflict((conflict) => conflict.column('script').doUpdateSet(held))
    .execute()
}

/** Dates the lease from now on. False when the run does not hold it. */
export async function prolongLease(
  trx: Transaction<Tables>,
  database: Database,
  key: RunKey,
  ttlMs: number,
  progress: number,
): Promise<boolean> {
  const { leaseMs } = await database.dialect.clocks(trx)
  const change = ownLease(trx, key).set({ granted_ms: leaseMs, ttl_ms: ttlMs, progress })
  return (await change.executeTakeFirst()).numUpdatedRows === 1n
}

/** Ends the run's right to write; the token stays. False when the run does not hold the lease: whatever it wrote must be undone. */
export async function freeLease(trx: Transaction<Tables>, key: RunKey): Promise<boolean> {
  return (await ownLease(trx, key).set({ run_id: null }).executeTakeFirst()).numUpdatedRows === 1n
}

/** Whether the run may still write; then nobody takes its lease before the transaction ends. */
export async function holdsLease(trx: Transaction<Tables>, key: RunKey): Promise<boolean> {
  return (await ownLease(trx, key).set({ run_id: key.runId }).executeTakeFirst()).numUpdatedRows === 1n
}

function ownLease(trx: Transaction<Tables>, { script, runId, token }: RunKey) {
  return trx.updateTable('lease').where('script', '=', script).where('run_id', '=', runId).where('token', '=', token)
}
