import { v7 as uuidv7 } from 'uuid'
import type { RunOutcome } from '../contracts/control-store.ts'
import { asSluiceError, type ErrorDetails, SluiceError } from '../errors.ts'
import type { RunKey } from '../model/run.ts'
import type { ActiveRun, StepResult } from './active-run.ts'
import type { EngineContext, RunLog } from './context.ts'
import { decide, doneBefore, type Refusal, type Verdict } from './gate.ts'
import { fencedError, type HeldLease, keepLease } from './lease.ts'
import { retrying } from './retry.ts'
import type { StepOutcome, StepRequest } from './step.ts'

type Work = (run: ActiveRun) => Promise<StepResult>
type Allowed = Extract<Verdict, { readonly run: true }>
type Ended = Pick<StepOutcome, 'exitCode' | 'status' | 'ledger' | 'error'>

interface Begun {
  readonly key: RunKey
  readonly startedAt: string
  readonly allowed: Allowed
}

/** Runs one step behind the gate, under its lease: never throws for a refusal or a failure, the outcome says it. */
export async function runStep(context: EngineContext, request: StepRequest, work: Work): Promise<StepOutcome> {
  const runId = uuidv7()
  const { script, batch } = request
  const startedAt = new Date().toISOString()
  const log = context.openLog(`${script.id.replace('/', '-')}_${batch}_${runId}`)
  const outcome = (ended: Ended, began: boolean): StepOutcome => ({
    script: script.id,
    batch,
    runId: began ? runId : undefined,
    ...ended,
    startedAt,
    finishedAt: new Date().toISOString(),
    logFile: log.file,
  })
  try {
    const begun = await begin(context, request, runId, log)
    if ('run' in begun) {
      log.info(begun.message, { code: begun.code, hint: begun.hint })
      return outcome(refused(begun), false)
    }
    return outcome(await hold(context, request, begun, log, work), true)
  } catch (error) {
    return outcome(failed(context, error, log), false)
  } finally {
    await log.close()
  }
}

async function begin(
  context: EngineContext,
  { script, batch, force }: StepRequest,
  runId: string,
  log: RunLog,
): Promise<Begun | Refusal> {
  const { control, settings } = context
  let verdict: Verdict | undefined
  const begun = await retrying(
    () =>
      control.runs.begin(
        { runId, script: script.id, kind: script.kind, batch, leaseTtlMs: settings.leaseTtlMs, logFile: log.file },
        async (facts) => {
          verdict = await decide(context, { script, batch, force }, facts)
          return verdict.run ? { run: true } : verdict
        },
      ),
    { policy: settings.retry, signal: context.signal, onRetry: noteRetry(log) },
  )
  if (!begun.begun) return begun.refusal
  if (!verdict?.run)
    throw new SluiceError('INTERNAL', 'The control store began a run without the gate.', { hint: 'Report it with the log.' })
  return { key: begun.key, startedAt: begun.startedAt, allowed: verdict }
}

async function hold(context: EngineContext, request: StepRequest, begun: Begun, log: RunLog, work: Work): Promise<Ended> {
  const lease = keepLease(context.control.renewal, begun.key, context.settings.leaseTtlMs)
  log.info('run began', { script: request.script.id, batch: request.batch, token: begun.key.token })
  try {
    const result = await attempts(context, request, begun, lease, log, work)
    await lease.stop()
    if (result.recorded !== true) {
      await record(context, begun.key, success(result))
      await context.failpoint(`${request.script.kind}.after-record`)
    }
    log.info('run ended', { exitCode: result.exitCode })
    return { exitCode: result.exitCode, status: 'DONE', ledger: result.ledger, error: undefined }
  } catch (error) {
    await lease.stop()
    const ended = failed(context, lease.signal.aborted ? lease.signal.reason : error, log)
    await record(context, begun.key, failure(ended)).catch((cause: unknown) => {
      log.warn('the end of the run could not be recorded', { reason: asSluiceError(cause).message })
    })
    return ended
  }
}

function attempts(
  context: EngineContext,
  request: StepRequest,
  begun: Begun,
  lease: HeldLease,
  log: RunLog,
  work: Work,
): Promise<StepResult> {
  const signal = AbortSignal.any([context.signal, lease.signal])
  const policy = { policy: context.settings.retry, signal, onRetry: noteRetry(log), pause: lease.statement }
  const run: Omit<ActiveRun, 'attempt'> = {
    key: begun.key,
    startedAt: begun.startedAt,
    log,
    signal,
    extraction: begun.allowed.extraction,
    sequence: begun.allowed.sequence,
    progress: (phase, rows, expectedRows) => {
      lease.moved()
      context.progress({ script: request.script.id, phase, rows, expectedRows })
    },
    retry: (inner) => retrying(inner, policy),
    statement: (inner) => lease.statement(inner),
  }
  return retrying((attempt) => work({ ...run, attempt }), policy)
}

function noteRetry(log: RunLog) {
  return (error: SluiceError, attempt: number, delayMs: number) =>
    log.warn('trying again', { code: error.code, reason: error.message, attempt, delayMs })
}

async function record(context: EngineContext, key: RunKey, outcome: RunOutcome): Promise<void> {
  const { policy, signal } = { policy: context.settings.retry, signal: new AbortController().signal }
  const held = await retrying(() => context.control.runs.finish(key, outcome), { policy, signal, onRetry: () => {} })
  if (held || outcome.status !== 'SUCCESS') return
  // The answer to a try before may have got lost: then the store says that this very run ended.
  const [run] = await context.control.runs.list({ runId: key.runId, limit: 1 })
  if (run?.status !== 'SUCCESS') throw fencedError(key)
}

function success({ exitCode, ledger, published }: StepResult): RunOutcome {
  return { status: 'SUCCESS', exitCode, errorCode: undefined, errorMessage: undefined, ledger, published }
}

function failure({ exitCode, error }: Ended): RunOutcome {
  const reason = { errorCode: error?.code, errorMessage: error?.message }
  return { status: 'FAILED', exitCode, ...reason, ledger: [], published: undefined }
}

function refused({ code, message, hint, exitCode }: Refusal): Ended {
  if (code === doneBefore) return { exitCode, status: 'DONE_BEFORE', ledger: [], error: undefined }
  return { exitCode, status: 'REFUSED', ledger: [], error: { code, message, hint } }
}

function failed(context: EngineContext, thrown: unknown, log: RunLog): Ended {
  const stopped = context.signal.aborted && thrown !== undefined
  const error = stopped ? abortedError() : asSluiceError(thrown)
  const exitCode = stopped ? signalExitCode(context.signal.reason) : error.exitCode
  const { code } = error
  const [message, hint] = [context.redact(error.message), context.redact(error.hint)]
  log.error(message, { ...error.details, code, hint, ...causeOf(error) })
  return { exitCode, status: 'FAILED', ledger: [], error: { code, message, hint } }
}

/** What an error came from, with its stack: for a person who has to mend their own code, or ours. */
function causeOf({ cause }: SluiceError): ErrorDetails {
  return cause === undefined ? {} : { cause: stackOf(cause) }
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const stack = thrown.stack ?? String(thrown)
  return thrown.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(thrown.cause)}`
}

function abortedError(): SluiceError {
  return new SluiceError('ABORTED', 'The run was told to stop, and stopped.', { hint: 'Run the same command again.' })
}

/** The process that was signalled says its exit code in the abort's reason. */
function signalExitCode(reason: unknown): number {
  const code = typeof reason === 'object' && reason !== null && 'exitCode' in reason ? reason.exitCode : undefined
  return typeof code === 'number' ? code : 130
}
