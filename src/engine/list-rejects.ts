import type { ScriptId } from '../model/script.ts'
import { auditTables } from '../sql/load-plan.ts'
import { selectRejects } from '../sql/rejects.ts'
import type { EngineContext } from './context.ts'

export interface RejectFilter {
  readonly script: ScriptId | undefined
  readonly batch: string | undefined
  /** Undefined: all. */
  readonly limit: number | undefined
}

/** One cause for which a row was refused. */
export interface ListedReject {
  readonly script: string
  readonly batch: string
  readonly runId: string
  /** `extract`, `cast`, `dedup` or `publish`. */
  readonly refusedBy: string
  readonly code: string
  readonly column: string | undefined
  readonly value: string | undefined
  /** The record as it came, where the extraction refused it. */
  readonly raw: string | undefined
  /** The table or file that it came from. */
  readonly partition: string | undefined
  readonly part: number | undefined
  readonly row: number
  readonly line: number | undefined
}

/** The refused rows that loads keep in the warehouse, newest batch first; none before the first load. */
export async function listRejects(context: EngineContext, filter: RejectFilter): Promise<readonly ListedReject[]> {
  const warehouse = await context.warehouse()
  const { rejects } = auditTables(context.settings.schemas.audit)
  if ((await warehouse.describe(rejects)) === undefined) return []
  const rows = await warehouse.query(selectRejects(warehouse.dialect, rejects, filter))
  return rows.map((row) => ({
    script: String(row['script']),
    batch: String(row['batch']),
    runId: String(row['run_id']),
    refusedBy: String(row['refused_by']),
    code: String(row['code']),
    column: optional(row['column_name'], String),
    value: optional(row['value'], String),
    raw: optional(row['raw'], String),
    partition: optional(row['partition_name'], String),
    part: optional(row['part'], Number),
    row: Number(row['row_number']),
    line: optional(row['line_number'], Number),
  }))
}

function optional<T>(value: unknown, as: (value: unknown) => T): T | undefined {
  return value === null || value === undefined ? undefined : as(value)
}
