import { asSluiceError } from '../errors.ts'
import type { BatchDate } from '../model/run.ts'
import type { Script, ScriptId } from '../model/script.ts'
import type { EngineContext } from './context.ts'
import { mostSerious } from './exit-codes.ts'
import { extract } from './extract.ts'
import { load } from './load.ts'
import { mart } from './mart.ts'
import type { StepError, StepOutcome, StepRequest } from './step.ts'

export interface GraphRequest {
  readonly scripts: readonly Script[]
  readonly batch: BatchDate
  readonly force: boolean
}

export interface GraphOutcome {
  /** In the order in which they ended. */
  readonly outcomes: readonly StepOutcome[]
  readonly exitCode: number
}

type Start = (context: EngineContext, request: StepRequest) => Promise<StepOutcome>

/**
 * Runs the scripts, what they build on first, so many at once as the settings say; what builds on a failure is not started.
 * A step that throws has failed like any other: the steps beside it end first.
 */
export async function runGraph(
  context: EngineContext,
  request: GraphRequest,
  onOutcome: (outcome: StepOutcome) => void = () => {},
  start: Start = step,
): Promise<GraphOutcome> {
  const waiting = new Map(request.scripts.map((script) => [script.id, script]))
  const running = new Map<ScriptId, Promise<void>>()
  const ended = new Map<ScriptId, StepOutcome>()
  const end = (outcome: StepOutcome) => {
    ended.set(outcome.script, outcome)
    running.delete(outcome.script)
    onOutcome(outcome)
  }
  while (waiting.size > 0 || running.size > 0) {
    for (const script of ready(waiting, running)) {
      if (running.size >= Math.max(1, context.settings.parallel)) break
      waiting.delete(script.id)
      const culprit = needs(script).find((id) => blocks(ended.get(id)))
      if (culprit !== undefined) end(notStarted(script, culprit, request.batch))
      else
        running.set(
          script.id,
          start(context, { ...request, script })
            .catch(thrown(script, request.batch))
            .then(end),
        )
    }
    if (running.size > 0) await Promise.race(running.values())
  }
  const outcomes = [...ended.values()]
  return { outcomes, exitCode: mostSerious(outcomes.map(({ exitCode }) => exitCode)) }
}

function step(context: EngineContext, { script, batch, force }: StepRequest): Promise<StepOutcome> {
  if (script.kind === 'extract') return extract(context, { script, batch, force })
  if (script.kind === 'load') return load(context, { script, batch, force })
  return mart(context, { script, batch, force })
}

function needs(script: Script): readonly ScriptId[] {
  return script.kind === 'load' ? [script.extract, ...script.dependsOn] : script.dependsOn
}

function ready(waiting: ReadonlyMap<ScriptId, Script>, running: ReadonlyMap<ScriptId, unknown>): readonly Script[] {
  const free = [...waiting.values()].filter((script) => needs(script).every((id) => !waiting.has(id) && !running.has(id)))
  // A circle is refused when the project is read; should one come here, the gate still answers for each script.
  return free.length > 0 || running.size > 0 ? free : [...waiting.values()].slice(0, 1)
}

function blocks(outcome: StepOutcome | undefined): boolean {
  return outcome !== undefined && (outcome.status === 'FAILED' || (outcome.status === 'REFUSED' && outcome.exitCode !== 99))
}

function notStarted(script: Script, culprit: ScriptId, batch: BatchDate): StepOutcome {
  const message = `${culprit}, which ${script.id} builds on, failed; ${script.id} was not started.`
  const error = { code: 'UPSTREAM_NOT_DONE', message, hint: `Clear the failure of ${culprit}, then run the same command again.` }
  return { ...withoutRun(script, batch, error), exitCode: 77, status: 'REFUSED' }
}

function thrown(script: Script, batch: BatchDate): (cause: unknown) => StepOutcome {
  return (cause) => {
    const { code, message, hint, exitCode } = asSluiceError(cause)
    return { ...withoutRun(script, batch, { code, message, hint }), exitCode, status: 'FAILED' }
  }
}

function withoutRun(script: Script, batch: BatchDate, error: StepError): Omit<StepOutcome, 'exitCode' | 'status'> {
  const now = new Date().toISOString()
  return { script: script.id, batch, runId: undefined, ledger: [], error, startedAt: now, finishedAt: now, logFile: undefined }
}
