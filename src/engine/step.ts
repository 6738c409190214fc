import type { LedgerEntry } from '../model/ledger.ts'
import type { BatchDate } from '../model/run.ts'
import type { Script, ScriptId } from '../model/script.ts'

/** What one verb is asked to do. */
export interface StepRequest<S extends Script = Script> {
  readonly script: S
  readonly batch: BatchDate
  /** Read the window again, or publish the same manifest again; never clears history. */
  readonly force: boolean
}

/** How a step ended. Steps do not throw for refusals and failures: the outcome says it. */
export interface StepOutcome {
  readonly script: ScriptId
  readonly batch: BatchDate
  /** Undefined when the gate refused. */
  readonly runId: string | undefined
  readonly exitCode: number
  /** DONE_BEFORE: the batch was done already, nothing was done now. */
  readonly status: 'DONE' | 'DONE_BEFORE' | 'REFUSED' | 'FAILED'
  readonly ledger: readonly LedgerEntry[]
  readonly error: StepError | undefined
  readonly startedAt: string
  readonly finishedAt: string
  readonly logFile: string | undefined
}

export interface StepError {
  readonly code: string
  readonly message: string
  readonly hint: string
}
