import { SluiceError } from '../errors.ts'
import { type LedgerEntry, unbalanced } from '../model/ledger.ts'
import type { ExtractScript } from '../model/script.ts'
import type { StepResult } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { commit } from './extract-commit.ts'
import { beginStaging, copy, expectedRows, type Staging } from './extract-copy.ts'
import { closeReading, type OpenReading, openReading } from './extract-open.ts'
import { compareColumns } from './extract-schema.ts'
import { type Attempt, startOf, type Where } from './extract-start.ts'
import { runStep } from './run-step.ts'
import type { StepOutcome, StepRequest } from './step.ts'

/** Reads the script's resource into the lake and commits the package; the cursor moves with the commit. */
export function extract(context: EngineContext, request: StepRequest<ExtractScript>): Promise<StepOutcome> {
  return runStep(context, request, async (run) => {
    await context.failpoint('extract.after-lease')
    const { script, batch, force } = request
    const folder = `${script.name}/${batch}/${run.key.runId}/${run.attempt}`
    const attempt = { context, script, run, force, folder }
    const where = await startOf(attempt)
    const open = await openReading(attempt, where)
    try {
      return await stage(attempt, where, open)
    } finally {
      await closeReading(attempt, open.reading)
    }
  })
}

async function stage(attempt: Attempt, where: Where, open: OpenReading): Promise<StepResult> {
  const { script } = attempt
  if (where.last) compareColumns(script, where.last.columns, open.columns)
  const staging = beginStaging(attempt, open)
  try {
    await copy(attempt, open, staging)
    const ledger = balanced(script, open, staging)
    return await commit(attempt, where, { ...open, staging, ledger })
  } catch (error) {
    if (!staging.mayBeNamed) await discard(attempt, staging)
    throw error
  }
}

function balanced(script: ExtractScript, open: OpenReading, staging: Staging): readonly LedgerEntry[] {
  const staged = staging.parts.finished.reduce((sum, { rows }) => sum + rows, 0)
  const expected = expectedRows(open, staging)
  const ledger: LedgerEntry[] = [
    ...(expected === undefined ? [] : [{ hop: 'source-read', term: 'expected', rows: expected } as const]),
    { hop: 'source-read', term: 'read', rows: staging.read },
    { hop: 'read-staged', term: 'read', rows: staging.read },
    { hop: 'read-staged', term: 'staged', rows: staged },
    { hop: 'read-staged', term: 'rejected', rows: staging.rejected },
  ]
  const fault = unbalanced(ledger)
  if (fault === undefined) return ledger
  throw new SluiceError('HOP_UNBALANCED', `${script.id}: the hop ${fault.hop} does not balance: ${fault.text}.`, {
    hint: `Run the extraction again; if it stays, report it with the log.`,
    details: { hop: fault.hop },
  })
}

async function discard({ context, run, folder }: Attempt, staging: Staging): Promise<void> {
  for (const tidy of [
    () => staging.parts.discard(),
    () => staging.rejects.discard(),
    () => context.lake.remove([`${folder}/manifest.json`]),
  ]) {
    await tidy().catch(() => run.log.warn('files of this attempt stay behind; purge removes them', { folder }))
  }
}
