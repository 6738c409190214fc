import type { ColumnType } from '../model/column-type.ts'
import type { Column, TableName } from '../model/schema.ts'
import type { Lookup, WriteDisposition } from '../model/script.ts'
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
  readonly lookups: readonly PlannedLookup[]
  /** The staged columns, the system's included. */
  readonly landed: readonly Column[]
  readonly write: WriteDisposition
}

export interface LoadColumn {
  /** In the target. */
  readonly name: string
  /** Its type in the target. */
  readonly type: ColumnType
  readonly origin: ColumnOrigin
}

/** What a column is made from: a landing column, or the other columns of the load. */
export type ColumnOrigin = LandingOrigin | { readonly kind: 'computed'; readonly expression: string; readonly required: boolean }

export interface LandingOrigin {
  readonly kind: 'landing'
  readonly from: string
  readonly cast: Omit<Cast, 'expression'>
  /** Stands for NULL; as text. */
  readonly default: string | undefined
  readonly mask: 'sha256' | 'redact' | undefined
}

/** A lookup with the columns of the typed stage that hold what it looks for. */
export interface PlannedLookup extends Omit<Lookup, 'keys'> {
  readonly table: TableName
  /** `<schema>.<table>` of the dimension. */
  readonly tableText: string
  readonly keys: readonly LookupKey[]
}

interface LookupKey {
  /** In the dimension. */
  readonly column: string
  /** In the typed stage. */
  readonly staged: string
  readonly from: string
  readonly cast: Omit<Cast, 'expression'>
}

export interface AuditTables {
  readonly fence: TableName
  readonly ledger: TableName
  readonly rejects: TableName
  /** The high-water marks of surrogate keys. */
  readonly marks: TableName
}

/** The run that a statement serves. */
export interface RunTag {
  readonly batch: string
  readonly runId: string
}

export function auditTables(schema: string): AuditTables {
  const named = (table: string): TableName => ({ schema, table })
  return { fence: named('_fence'), ledger: named('ledger'), rejects: named('rejects'), marks: named('_marks') }
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
export type RefusedBy = 'extract' | 'cast' | 'dedup' | 'publish'

/** The names of the columns whose values a load decides: what is compared and written, without the surrogate key. */
export function valueColumns({ columns, lookups }: Pick<LoadPlan, 'columns' | 'lookups'>): readonly string[] {
  return [...columns.map(({ name }) => name), ...lookups.map(({ name }) => name)]
}

/** Marks the rows of a dimension that a lookup made before the row itself came. */
export const stubColumn: Column = { name: '_stub', type: { kind: 'boolean' }, nullable: true }
