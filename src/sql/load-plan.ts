import type { Column, TableName } from '../model/schema.ts'
import type { WriteDisposition } from '../model/script.ts'
import type { Cast } from './casts.ts'

/** Everything that the statements of a load are made from. */
export interface LoadPlan {
  readonly script: string
  readonly target: TableName
  readonly landing: TableName
  /** The typed stage. */
  readonly typed: TableName
  /** Where the extraction's rejects land. */
  readonly refused: TableName
  /** `<schema>.<table>` as fences and the ledger name the target. */
  readonly targetText: string
  readonly audit: AuditTables
  readonly columns: readonly LoadColumn[]
  /** The staged columns, the system's included. */
  readonly landed: readonly Column[]
  readonly write: WriteDisposition
}

export interface LoadColumn {
  /** In the target. */
  readonly name: string
  /** The landing column that it is made from. */
  readonly from: string
  readonly cast: Omit<Cast, 'expression'>
}

export interface AuditTables {
  readonly fence: TableName
  readonly ledger: TableName
  readonly rejects: TableName
}

/** The run that a statement serves. */
export interface RunTag {
  readonly batch: string
  readonly runId: string
}

export function auditTables(schema: string): AuditTables {
  const named = (table: string): TableName => ({ schema, table })
  return { fence: named('_fence'), ledger: named('ledger'), rejects: named('rejects') }
}

/** What stands behind a load's own columns in the typed stage: where each row came from. */
export const stageColumns: readonly Column[] = [
  { name: '_batch_id', type: { kind: 'date' }, nullable: false },
  { name: '_run_id', type: { kind: 'text' }, nullable: false },
  { name: '_part', type: { kind: 'int32' }, nullable: false },
  { name: '_row', type: { kind: 'int64' }, nullable: false },
]

/** What stands behind the columns of a target: which run wrote the row last. */
export const targetColumns: readonly Column[] = [
  { name: '_batch_id', type: { kind: 'date' }, nullable: false },
  { name: '_script', type: { kind: 'text' }, nullable: false },
  { name: '_run_id', type: { kind: 'text' }, nullable: false },
  { name: '_loaded_at', type: { kind: 'timestamptz' }, nullable: false },
]

/** The refused rows of all loads, one record for each row and cause. */
export const rejectTableColumns: readonly Column[] = [
  { name: 'target', type: { kind: 'text' }, nullable: false },
  { name: 'script', type: { kind: 'text' }, nullable: false },
  { name: 'batch', type: { kind: 'date' }, nullable: false },
  { name: 'run_id', type: { kind: 'text' }, nullable: false },
  { name: 'refused_by', type: { kind: 'text' }, nullable: false },
  { name: 'code', type: { kind: 'text' }, nullable: false },
  { name: 'column_name', type: { kind: 'text' }, nullable: true },
  { name: 'value', type: { kind: 'text' }, nullable: true },
  { name: 'raw', type: { kind: 'text' }, nullable: true },
  { name: 'partition_name', type: { kind: 'text' }, nullable: true },
  { name: 'part', type: { kind: 'int32' }, nullable: true },
  { name: 'row_number', type: { kind: 'int64' }, nullable: false },
  { name: 'line_number', type: { kind: 'int64' }, nullable: true },
]

/** Which step refused a row. */
export type RefusedBy = 'extract' | 'cast' | 'dedup'
