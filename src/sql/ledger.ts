import type { Dialect, Row, Statement } from '../contracts/warehouse.ts'
import type { Hop, LedgerEntry } from '../model/ledger.ts'
import type { Column, TableName } from '../model/schema.ts'
import { Binder, columnList, tableSql } from './binder.ts'

/** What a run published, as the warehouse's own ledger keeps it. */
export interface Publishing {
  /** `<schema>.<table>` of the target. */
  readonly target: string
  readonly script: string
  readonly batch: string
  readonly runId: string
  readonly token: number
  readonly storeId: string
  readonly manifestSha256: string
  readonly sequence: number
  readonly exitCode: number
  /** UTC, ISO 8601. */
  readonly publishedAt: string
  readonly entries: readonly LedgerEntry[]
}

/** Which column of the ledger holds a term of a hop. */
const terms: readonly (readonly [Hop, string, string])[] = [
  ['staged-landed', 'staged', 'staged'],
  ['staged-landed', 'landed', 'landed'],
  ['landed-typed', 'typed', 'typed'],
  ['landed-typed', 'refused by casts', 'refused_by_casts'],
  ['typed-target', 'duplicates', 'duplicates'],
  ['typed-target', 'refused by dedup', 'refused_by_dedup'],
  ['typed-target', 'candidates', 'candidates'],
  ['typed-target', 'inserted', 'inserted'],
  ['typed-target', 'updated', 'updated'],
  ['typed-target', 'unchanged', 'unchanged'],
  ['typed-target', 'older', 'older'],
  ['typed-target', 'kept', 'kept'],
  ['typed-target', 'refused at publish', 'refused_at_publish'],
  ['typed-target', 'removed', 'removed'],
  ['typed-target', 'unknown keys', 'unknown_keys'],
  ['typed-target', 'stubs', 'stubs'],
  ['typed-target', 'batch keys', 'batch_keys'],
  ['typed-target', 'keys in target', 'keys_in_target'],
  ['target-mart', 'rows', 'mart_rows'],
]

/** One row for each publication; a term that a step does not count is NULL. */
export const ledgerColumns: readonly Column[] = [
  { name: 'target', type: { kind: 'text' }, nullable: false },
  { name: 'script', type: { kind: 'text' }, nullable: false },
  { name: 'batch', type: { kind: 'date' }, nullable: false },
  { name: 'run_id', type: { kind: 'text' }, nullable: false },
  { name: 'token', type: { kind: 'int64' }, nullable: false },
  { name: 'store_id', type: { kind: 'text' }, nullable: false },
  { name: 'manifest_sha256', type: { kind: 'text' }, nullable: false },
  { name: 'sequence', type: { kind: 'int64' }, nullable: false },
  { name: 'exit_code', type: { kind: 'int64' }, nullable: false },
  { name: 'published_at', type: { kind: 'timestamptz' }, nullable: false },
  ...terms.map(([, , name]): Column => ({ name, type: { kind: 'int64' }, nullable: true })),
]

export function insertLedger(dialect: Dialect, table: TableName, publishing: Publishing): Statement {
  const bind = new Binder(dialect)
  const counts = terms.map(([hop, term]) => {
    const entry = publishing.entries.find((known) => known.hop === hop && known.term === term)
    return entry === undefined ? 'NULL' : bind.int64(entry.rows)
  })
  const values = [
    bind.text(publishing.target),
    bind.text(publishing.script),
    bind.date(publishing.batch),
    bind.text(publishing.runId),
    bind.int64(publishing.token),
    bind.text(publishing.storeId),
    bind.text(publishing.manifestSha256),
    bind.int64(publishing.sequence),
    bind.int64(publishing.exitCode),
    bind.instant(publishing.publishedAt),
    ...counts,
  ]
  const names = columnList(
    dialect,
    ledgerColumns.map(({ name }) => name),
  )
  return bind.statement(`INSERT INTO ${tableSql(dialect, table)} (${names}) VALUES (${values.join(', ')})`)
}

export type PublicationKey = Pick<Publishing, 'target' | 'script' | 'batch' | 'manifestSha256' | 'sequence'>

/** The row of a publication, {@link readPublication} understands it; no row when it never was. */
export function selectPublication(dialect: Dialect, table: TableName, key: PublicationKey): Statement {
  const bind = new Binder(dialect)
  const names = ['run_id', 'exit_code', ...terms.map(([, , name]) => name)]
  return bind.statement(
    `SELECT ${columnList(dialect, names)} FROM ${tableSql(dialect, table)} WHERE target = ${bind.text(key.target)} ` +
      `AND script = ${bind.text(key.script)} AND batch = ${bind.date(key.batch)} ` +
      `AND manifest_sha256 = ${bind.text(key.manifestSha256)} AND ${dialect.quote('sequence')} = ${bind.int64(key.sequence)}`,
  )
}

export interface FoundPublication {
  readonly runId: string
  readonly exitCode: number
  readonly entries: readonly LedgerEntry[]
}

export function readPublication(row: Row): FoundPublication {
  const entries = terms.flatMap(([hop, term, name]): LedgerEntry[] => {
    const rows = row[name]
    return rows === null || rows === undefined ? [] : [{ hop, term, rows: Number(rows) }]
  })
  return { runId: String(row['run_id']), exitCode: Number(row['exit_code']), entries }
}

/** The latest `batch` that a script has published to a target, as text; NULL when there is none. */
export function latestBatch(dialect: Dialect, table: TableName, target: string, script: string): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT ${dialect.text('max(batch)', { kind: 'date' })} AS batch FROM ${tableSql(dialect, table)} ` +
      `WHERE target = ${bind.text(target)} AND script = ${bind.text(script)}`,
  )
}

/** The `run_id` of the newest publication of a script, at most one row. By token: a clock may be set back. */
export function newestPublication(dialect: Dialect, table: TableName, script: string): Statement {
  const bind = new Binder(dialect)
  return bind.statement(
    `SELECT run_id FROM ${tableSql(dialect, table)} WHERE script = ${bind.text(script)} ORDER BY token DESC LIMIT 1`,
  )
}
