import type { Kysely, Selectable } from 'kysely'
import type { RunFilter } from '../../contracts/control-store.ts'
import type { Run, RunStatus } from '../../model/run.ts'
import type { Database } from './database.ts'
import type { Grant } from './holder.ts'
import type { RunTable, Tables } from './tables.ts'

interface RunQuery extends RunFilter {
  readonly statuses?: readonly RunStatus[]
}

/** The runs that pass the filter, newest first, each with the state of its lease. */
export async function findRuns(db: Kysely<Tables>, { dialect, holder }: Database, filter: RunQuery): Promise<readonly Run[]> {
  let query = db
    .selectFrom('run')
    // Runs and leases in one statement, so that a run that ends meanwhile is not shown as abandoned.
    .leftJoin('lease', 'lease.run_id', 'run.run_id')
    .selectAll('run')
    .select(['lease.host', 'lease.pid', 'lease.boot_id', 'lease.pid_namespace', 'lease.start_time'])
    .select(['lease.granted_ms', 'lease.ttl_ms'])
    .orderBy('run.number', 'desc')
    .limit(filter.limit)
  if (filter.script !== undefined) query = query.where('run.script', '=', filter.script)
  if (filter.batch !== undefined) query = query.where('run.batch', '=', filter.batch)
  if (filter.runId !== undefined) query = query.where('run.run_id', '=', filter.runId)
  if (filter.statuses !== undefined) query = query.where('run.status', 'in', filter.statuses)
  const rows = await query.execute()
  const { leaseMs } = await dialect.clocks(db)
  return rows.map((row) => ({ ...runOf(row), live: isHeld(row) && dialect.isLive(row, holder, leaseMs) }))
}

type NoGrant = { readonly [Column in keyof Grant]: Grant[Column] | null }

function isHeld<Row extends NoGrant>(row: Row): row is Row & Grant {
  return row.granted_ms !== null
}

function runOf(row: Selectable<RunTable>): Omit<Run, 'live'> {
  return {
    runId: row.run_id,
    script: row.script,
    kind: row.kind,
    batch: row.batch,
    token: row.token,
    status: row.status,
    exitCode: row.exit_code ?? undefined,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    holder: row.holder,
    errorCode: row.error_code ?? undefined,
    errorMessage: row.error_message ?? undefined,
    logFile: row.log_file,
    manifestSha256: row.manifest_sha256 ?? undefined,
    sequence: row.sequence,
  }
}
