import type { Kysely, Transaction } from 'kysely'
import type {
  Begun,
  GateDecision,
  GateFacts,
  GateRecord,
  RunBook,
  RunOutcome,
  RunRequest,
} from '../../contracts/control-store.ts'
import type { RunKey } from '../../model/run.ts'
import type { ScriptId } from '../../model/script.ts'
import { openNewBatch } from './batches.ts'
import type { Database } from './database.ts'
import { gateFacts } from './facts.ts'
import { freeLease, grantLease, holderText, nextToken, prolongLease } from './leases.ts'
import { readLedger, writeLedger } from './ledger.ts'
import type { Holder } from './liveness.ts'
import { findRuns } from './run-rows.ts'
import type { Tables } from './tables.ts'

/** The runs, their ledgers and what the gate refused. */
export function runBook(database: Database): RunBook {
  const { holder } = database
  return {
    begin: async (request, decide) => database.transaction((trx) => begin(trx, holder, request, decide)),
    finish: async (key, outcome) => database.transaction((trx) => finish(trx, key, outcome)),
    ask: async (questions) => database.transaction((trx) => questions(gateFacts(trx, holder))),
    list: async (filter) => findRuns(database.tables, holder, filter),
    ledger: async (runId) => readLedger(database.tables, runId),
    decisions: async (script, limit) => decisions(database.tables, script, limit),
  }
}

type Decide = (facts: GateFacts) => Promise<GateDecision>

async function begin(trx: Transaction<Tables>, own: Holder, request: RunRequest, decide: Decide): Promise<Begun> {
  const { runId, script, kind, batch } = request
  const begun = await begunBefore(trx, request)
  if (begun) return begun
  const decision = await decide(gateFacts(trx, own))
  const now = new Date().toISOString()
  if (!decision.run) {
    const { code, message } = decision
    await trx.insertInto('gate_decision').values({ at: now, script, batch, code, message }).execute()
    return { begun: false, refusal: decision }
  }
  const key: RunKey = { runId, script, batch, token: await nextToken(trx, script, own) }
  await trx.updateTable('run').set({ status: 'ABANDONED' }).where('script', '=', script).where('status', '=', 'RUNNING').execute()
  await openNewBatch(trx, batch)
  const record = { run_id: runId, script, kind, batch, token: key.token, log_file: request.logFile, sequence: 0 }
  await trx
    .insertInto('run')
    .values({ ...record, status: 'RUNNING', started_at: now, holder: holderText(own) })
    .execute()
  await grantLease(trx, key, own, request.leaseTtlMs, now)
  return { begun: true, key, startedAt: now }
}

/** The answer that a caller did not get; its lease counts from now on, as the caller believes. */
async function begunBefore(
  trx: Transaction<Tables>,
  { runId, script, batch, leaseTtlMs }: RunRequest,
): Promise<Begun | undefined> {
  const lease = await trx.selectFrom('lease').select(['token', 'since']).where('run_id', '=', runId).executeTakeFirst()
  if (!lease) return undefined
  const key: RunKey = { runId, script, batch, token: lease.token }
  await prolongLease(trx, key, leaseTtlMs, 0)
  return { begun: true, key, startedAt: lease.since }
}

async function finish(trx: Transaction<Tables>, key: RunKey, outcome: RunOutcome): Promise<boolean> {
  if (!(await freeLease(trx, key))) return false
  await trx
    .updateTable('run')
    .set({
      status: outcome.status,
      exit_code: outcome.exitCode,
      finished_at: new Date().toISOString(),
      error_code: outcome.errorCode ?? null,
      error_message: outcome.errorMessage ?? null,
      manifest_sha256: outcome.published?.manifestSha256 ?? null,
      sequence: outcome.published?.sequence ?? 0,
    })
    .where('run_id', '=', key.runId)
    .execute()
  await writeLedger(trx, key.runId, outcome.ledger)
  return true
}

async function decisions(db: Kysely<Tables>, script: ScriptId | undefined, limit: number): Promise<readonly GateRecord[]> {
  const all = db.selectFrom('gate_decision').select(['at', 'script', 'batch', 'code', 'message'])
  const wanted = script === undefined ? all : all.where('script', '=', script)
  return wanted.orderBy('number', 'desc').limit(limit).execute()
}
