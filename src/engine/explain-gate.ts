import type { BatchDate } from '../model/run.ts'
import type { Script } from '../model/script.ts'
import type { EngineContext } from './context.ts'
import { decide } from './gate.ts'

/** What the gate would say now. */
export interface GateAnswer {
  readonly mayRun: boolean
  readonly message: string
  /** The command that clears a refusal; empty when there is none. */
  readonly hint: string
}

/** Asks the gate for a script and a batch, without a run and without a record. */
export async function explainGate(context: EngineContext, script: Script, batch: BatchDate): Promise<GateAnswer> {
  const verdict = await context.control.runs.ask((facts) => decide(context, { script, batch, force: false }, facts))
  if (!verdict.run) return { mayRun: false, message: verdict.message, hint: verdict.hint }
  return { mayRun: true, message: `${script.id} may run for batch ${batch}.`, hint: '' }
}
