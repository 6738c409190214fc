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
import { findRuns } from './run-rows.ts'
import type { Tables } from './tables.ts'

/** The runs, their ledgers and what the gate refused. */
export function runBook(database: Database): RunBook {
  return {
    begin: async (request, decide) => database.transaction('decide', (trx) => begin(trx, database, request, decide)),
    finish: async (key, outcome) => database.transaction('write', (trx) => finish(trx, database, key, outcome)),
    ask: async (questions) => database.transaction('read', (trx) => questions(gateFacts(trx, database))),
    list: async (filter) => database.statement((db) => findRuns(db, database, filter)),
    ledger: async (runId) => database.statement((db) => readLedger(db, runId)),
    decisions: async (script, limit) => database.statement((db) => decisions(db, script, limit)),
  }
}

type Decide = (facts: GateFacts) => Promise<GateDecision>

async function begin(trx: Transaction<Tables>, database: Database, request: RunRequest, decide: Decide): Promise<Begun> {
  const { runId, script, kind, batch } = request
  const begun = await begunBefore(trx, database, request)
  if (begun) return begun
  const decision = await decide(gateFacts(trx, database))
  const now = await database.now(trx)
  if (!decision.run) {
    const { code, message } = decision
    await trx.insertInto('gate_decision').values({ at: now, script, batch, code, message }).execute()
    return { begun: false, refusal: decision }
  }
  const key: RunKey = { runId, script, batch, token: await nextToken(trx, database, script) }
  await trx.updateTable('run').set({ status: 'ABANDONED' }).where('script', '=', script).where('status', '=', 'RUNNING').execute()
  await openNewBatch(trx, batch)
  const record = { run_id: runId, script, kind, batch, token: key.token, log_file: request.logFile, sequence: 0 }
  await trx
    .insertInto('run')
    .values({ ...record, status: 'RUNNING', started_at: now, holder: holderText(database.holder) })
    .execute()
  await grantLease(trx, database, key, request.leaseTtlMs, now)
  return { begun: true, key, startedAt: now }
}

/** The answer that a caller did not get; its lease counts from now on, as the caller believes. */
async function begunBefore(
  trx: Transaction<Tables>,
  database: Database,
  { runId, script, batch, leaseTtlMs }: RunRequest,
): Promise<Begun | undefined> {
  const lease = await trx.selectFrom('lease').select(['token', 'since']).where('run_id', '=', runId).executeTakeFirst()
  if (!lease) return undefined
  const key: RunKey = { runId, script, batch, token: lease.token }
  await prolongLease(trx, database, key, leaseTtlMs, 0)
  return { begun: true, key, startedAt: lease.since }
}

async function finish(trx: Transaction<Tables>, database: Database, key: RunKey, outcome: RunOutcome): Promise<boolean> {
  if (!(await freeLease(trx, key))) return false
  await trx
    .updateTable('run')
    .set({
      status: outcome.status,
      exit_code: outcome.exitCode,
      finished_at: await database.now(trx),
      error_code: outcome.errorCode ?? null,
      // A character that not every store keeps.
      error_message: outcome.errorMessage?.replaceAll('\0', '\uFFFD') ?? null,
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
