import type { CommittedExtraction } from '../contracts/control-store.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { RunKey } from '../model/run.ts'
import type { RunLog } from './context.ts'

/** A run that holds its lease, as the work of a step sees it. */
export interface ActiveRun {
  readonly key: RunKey
  /** From 1; part of the paths of what this try writes. */
  readonly attempt: number
  /** UTC, ISO 8601. */
  readonly startedAt: string
  readonly log: RunLog
  /** Aborted when the process is told to stop or the lease is lost; its reason is the error to end with. */
  readonly signal: AbortSignal
  /** Of a load: the package to publish. */
  readonly extraction: CommittedExtraction | undefined
  /** 0, or when the same manifest is published again by force, one more than the last time. */
  readonly sequence: number
  /** Says that the run moved on: shows it, and keeps the lease. Cheap enough for each batch of rows. */
  progress(phase: string, rows: number, expectedRows?: number): void
  /** Tries a share of the work again by the project's policy while it fails with a retryable code; keeps the lease meanwhile. */
  retry<T>(work: () => Promise<T>): Promise<T>
  /** Keeps the lease while one long statement is pending that shows no progress of its own. */
  statement<T>(work: () => Promise<T>): Promise<T>
}

/** What the work of a step leaves behind when it succeeds. */
export interface StepResult {
  readonly exitCode: 0 | 4
  readonly ledger: readonly LedgerEntry[]
  /** Of a load or mart: what it published. */
  readonly published?: { readonly manifestSha256: string; readonly sequence: number }
  /** The work ended the run in the control store itself, as an extraction's commit does. */
  readonly recorded?: boolean
}
