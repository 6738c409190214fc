import { isSluiceError, SluiceError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { LoadScript } from '../model/script.ts'
import { type FoundPublication, readPublication, selectPublication } from '../sql/ledger.ts'
import type { StepResult } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { keepRefused } from './load-lookups.ts'
import { publish } from './load-publish.ts'
import { type Staged, stage } from './load-stage.ts'
import { beginLoad, inTransaction, type LoadWork } from './load-work.ts'
import { checkRejectLimit } from './reject-limit.ts'
import { runStep } from './run-step.ts'
import type { StepOutcome, StepRequest } from './step.ts'

/** Lands, types and publishes what the script's extraction committed for the batch. */
export function load(context: EngineContext, request: StepRequest<LoadScript>): Promise<StepOutcome> {
  return runStep(context, request, async (run) => {
    await context.failpoint('load.after-lease')
    const work = await beginLoad(context, request.script, run)
    const before = await published(work)
    if (before) return repeated(work, before)
    const staged = await runStage(work)
    checkRejectLimit(request.script, staged.refused)
    return runPublish(work, staged)
  })
}

async function runStage(work: LoadWork): Promise<Staged> {
  const { context } = work
  const staged = await inTransaction(work, false, async (session) => {
    const done = await stage(work, session)
    await context.failpoint('load.before-stage-commit')
    return done
  })
  await context.failpoint('load.after-stage-commit')
  return staged
}

async function runPublish(work: LoadWork, staged: Staged): Promise<StepResult> {
  const { context, plan } = work
  const { entries, exitCode } = await inTransaction(work, true, (session) => publish(work, session, staged)).catch(
    async (error: unknown) => {
      // The rollback took its rejects with it.
      if (isSluiceError(error, 'REJECTS_OVER_LIMIT')) await inTransaction(work, false, (session) => keepRefused(work, session))
      throw error
    },
  )
  await context.failpoint('load.after-publish-commit')
  const readBack = await published(work)
  if (readBack?.runId === work.tag.runId) return result(work, exitCode, entries)
  const text = `${plan.targetText} was committed, but its ledger does not show the run ${work.tag.runId}.`
  throw new SluiceError('INTERNAL', text, { hint: 'Run the same command again; it looks into the ledger first.' })
}

async function published({ warehouse, dialect, plan, publication }: LoadWork): Promise<FoundPublication | undefined> {
  const [row] = await warehouse.query(selectPublication(dialect, plan.audit.ledger, publication))
  return row && readPublication(row)
}

/** An earlier try published this very package and died before the control store heard of it. */
function repeated(work: LoadWork, before: FoundPublication): StepResult {
  work.run.log.info('published before, the control store follows the ledger', { runId: before.runId })
  return result(work, before.exitCode === 4 ? 4 : 0, before.entries)
}

function result({ publication }: LoadWork, exitCode: 0 | 4, ledger: readonly LedgerEntry[]): StepResult {
  const { manifestSha256, sequence } = publication
  return { exitCode, ledger, published: { manifestSha256, sequence } }
}
