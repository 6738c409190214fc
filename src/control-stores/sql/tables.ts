import type { Generated } from 'kysely'
import type { Hop } from '../../model/ledger.ts'
import type { BatchDate, RunStatus } from '../../model/run.ts'
import type { ScriptId, ScriptKind } from '../../model/script.ts'
import type { Grant } from './holder.ts'

/** The store's tables as the newest migration leaves them. Times are UTC, ISO 8601; flags 0 or 1. */
export interface Tables {
  readonly meta: MetaTable
  readonly script: ScriptTable
  readonly batch: BatchTable
  readonly run: RunTable
  readonly lease: LeaseTable
  readonly ledger: LedgerTable
  readonly extraction: ExtractionTable
  readonly cursor: CursorTable
  readonly source_file: SourceFileTable
  readonly gate_decision: GateDecisionTable
  readonly partition_plan: PartitionPlanTable
  readonly kept_partition: KeptPartitionTable
  readonly budget: BudgetTable
  readonly budget_request: BudgetRequestTable
}

interface MetaTable {
  readonly store_id: string
  /** The store that took everything over; NULL while this one is in use. */
  readonly moved_to: string | null
}

export interface ScriptTable {
  readonly id: ScriptId
  readonly name: string
  readonly kind: ScriptKind
  readonly description: string
  readonly frequency: string
  readonly owner: string | null
  readonly is_active: number
  readonly content_hash: string
  readonly approved_hash: string | null
  readonly approved_by: string | null
  readonly approved_at: string | null
}

interface BatchTable {
  readonly batch_date: BatchDate
  readonly status: 'OPEN' | 'CLOSED'
}

export interface RunTable {
  /** The order in which the runs began. */
  readonly number: Generated<number>
  readonly run_id: string
  readonly script: ScriptId
  readonly kind: ScriptKind
  readonly batch: BatchDate
  readonly token: number
  readonly status: RunStatus
  readonly exit_code: number | null
  readonly started_at: string
  readonly finished_at: string | null
  readonly holder: string
  readonly error_code: string | null
  readonly error_message: string | null
  readonly log_file: string
  readonly manifest_sha256: string | null
  readonly sequence: number
}

/** One row per script that ever ran; without a run it is free. The token outlives its holders. */
interface LeaseTable extends Grant {
  readonly script: ScriptId
  readonly run_id: string | null
  readonly token: number
  readonly since: string
  readonly progress: number
}

interface LedgerTable {
  readonly run_id: string
  readonly ordinal: number
  readonly hop: Hop
  readonly term: string
  readonly rows: number
}

/** What an extraction read, where it had a window. */
export interface WindowColumns {
  /** NULL without a window. */
  readonly window_column: string | null
  readonly window_lower: string | null
  readonly window_upper: string | null
  readonly window_proven: number | null
  readonly window_next: string | null
}

export interface ExtractionTable extends WindowColumns {
  /** The order in which the packages were committed. */
  readonly number: Generated<number>
  readonly run_id: string
  readonly script: ScriptId
  readonly batch: BatchDate
  readonly token: number
  readonly manifest_path: string
  readonly manifest_sha256: string
  readonly schema_hash: string
  readonly rows_staged: number
  readonly rows_rejected: number
  readonly exit_code: number
  readonly committed_at: string
}

/** The files of a package, as they were when it read them. */
interface SourceFileTable {
  readonly run_id: string
  readonly path: string
  readonly bytes: number
  readonly modified_at: string
  readonly sha256: string
  readonly same_as: string | null
}

interface CursorTable {
  readonly script: ScriptId
  readonly value: string
  readonly batch: BatchDate
  readonly run_id: string | null
}

interface GateDecisionTable {
  readonly number: Generated<number>
  readonly at: string
  readonly script: ScriptId
  readonly batch: BatchDate
  readonly code: string
  readonly message: string
}

interface PartitionPlanTable extends WindowColumns {
  readonly script: ScriptId
  readonly batch: BatchDate
  readonly schema_hash: string
  /** The ids, a JSON array. */
  readonly partitions: string
}

interface KeptPartitionTable {
  /** The order of keeping. */
  readonly number: Generated<number>
  readonly script: ScriptId
  readonly batch: BatchDate
  readonly id: string
  /** JSON arrays of the manifest's parts. */
  readonly parts: string
  readonly rejects: string
  readonly rows_read: number
  readonly rows_rejected: number
}

/** Locked by whoever takes from the budget. */
interface BudgetTable {
  readonly name: string
}

/** A request that counts against a budget until the budget's longest span has passed. */
interface BudgetRequestTable {
  readonly budget: string
  readonly at_ms: number
}
