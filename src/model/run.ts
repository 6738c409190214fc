import type { ScriptId, ScriptKind } from './script.ts'

/** A calendar date of the project's zone, `YYYY-MM-DD`. */
export type BatchDate = string

/**
 * RUNNING: alive, or abandoned when its lease has run out. STAGED: an extraction that committed its package.
 * SUCCESS: a load or mart that published. FAILED: it said why. ABANDONED: it died, and a successor found it so.
 */
export type RunStatus = 'RUNNING' | 'STAGED' | 'SUCCESS' | 'FAILED' | 'ABANDONED'

/** One execution of one script for one batch. */
export interface Run {
  /** UUID version 7. */
  readonly runId: string
  readonly script: ScriptId
  readonly kind: ScriptKind
  readonly batch: BatchDate
  readonly token: number
  readonly status: RunStatus
  readonly exitCode: number | undefined
  /** UTC, ISO 8601 with milliseconds. */
  readonly startedAt: string
  readonly finishedAt: string | undefined
  /** `host:pid`, for people. */
  readonly holder: string
  readonly errorCode: string | undefined
  readonly errorMessage: string | undefined
  readonly logFile: string | undefined
  /** The manifest that an extraction committed or a load published. */
  readonly manifestSha256: string | undefined
  /** How often this manifest had been published by force before: 0 for the first time. */
  readonly sequence: number
  /** Whether its lease is live: of a RUNNING run, false means abandoned. */
  readonly live: boolean
}

/** What a run has the right to write: its lease's key. */
export interface RunKey {
  readonly runId: string
  readonly script: ScriptId
  readonly batch: BatchDate
  readonly token: number
}
