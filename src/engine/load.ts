import type { Dialect, Statement, Warehouse } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { Manifest } from '../model/manifest.ts'
import type { LoadScript } from '../model/script.ts'
import { alignTable, createSchema } from '../sql/ddl.ts'
import { prepareFence } from '../sql/fence.ts'
import { type FoundPublication, type PublicationKey, type Publishing, readPublication, selectPublication } from '../sql/ledger.ts'
import type { LoadPlan, RunTag } from '../sql/load-plan.ts'
import type { ActiveRun, StepResult } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { readManifest } from './extract-schema.ts'
import { fenceClaim, passFence } from './fence.ts'
import { publish } from './load-publish.ts'
import { type Staged, stage } from './load-stage.ts'
import { planLoad, tablesOf } from './plan-load.ts'
import { runStep } from './run-step.ts'
import type { StepOutcome, StepRequest } from './step.ts'
import { watchedSession } from './watched-session.ts'

/** One load at work: what its two transactions share. */
export interface LoadWork {
  readonly context: EngineContext
  readonly run: ActiveRun
  readonly warehouse: Warehouse
  readonly dialect: Dialect
  readonly manifest: Manifest
  readonly plan: LoadPlan
  readonly tag: RunTag
  readonly publication: Omit<Publishing, 'exitCode' | 'publishedAt' | 'entries'>
}

/** Lands, types and publishes what the script's extraction committed for the batch. */
export function load(context: EngineContext, request: StepRequest<LoadScript>): Promise<StepOutcome> {
  return runStep(context, request, async (run) => {
    await context.failpoint('load.after-lease')
    const work = await begin(context, request.script, run)
    const before = await published(work)
    if (before) return repeated(work, before)
    const staged = await runStage(work)
    checkLimit(request.script, staged)
    return runPublish(work, staged)
  })
}

async function begin(context: EngineContext, script: LoadScript, run: ActiveRun): Promise<LoadWork> {
  const { extraction } = run
  if (!extraction) throw new SluiceError('INTERNAL', `${script.id} began without a package.`, { hint: 'Report it with the log.' })
  const manifest = await readManifest(context.lake, extraction.manifestPath, extraction.manifestSha256)
  for (const part of [...manifest.parts, ...manifest.rejects]) {
    run.signal.throwIfAborted()
    await run.statement(() => context.lake.verify(part))
  }
  const plan = planLoad(context.settings.schemas, script, manifest)
  const warehouse = await run.statement(() => context.warehouse())
  const { batch, runId, token } = run.key
  const publication = {
    target: plan.targetText,
    script: script.id,
    batch,
    runId,
    token,
    storeId: context.store.storeId,
    manifestSha256: extraction.manifestSha256,
    sequence: run.sequence,
  }
  const work = { context, run, warehouse, dialect: warehouse.dialect, manifest, plan, tag: { batch, runId }, publication }
  await defineTables(work)
  await context.failpoint('load.after-ddl')
  return work
}

async function defineTables({ context, run, warehouse, dialect, plan }: LoadWork): Promise<void> {
  const { landing, target, audit } = context.settings.schemas
  const schemas = [landing, target, audit].map((schema) => createSchema(dialect, schema))
  const tables: Statement[] = []
  for (const [table, columns] of tablesOf(plan)) {
    tables.push(...alignTable(dialect, table, columns, await warehouse.describe(table)))
  }
  const fence = prepareFence(dialect, plan.audit.fence, fenceClaim(plan.targetText, run.key, context.store.storeId))
  await run.statement(() => warehouse.define([...schemas, ...tables, ...fence]))
}

async function runStage(work: LoadWork): Promise<Staged> {
  const { context } = work
  const staged = await inTransaction(work, async (session) => {
    const done = await stage(work, session)
    await context.failpoint('load.before-stage-commit')
    return done
  })
  await context.failpoint('load.after-stage-commit')
  return staged
}

async function runPublish(work: LoadWork, staged: Staged): Promise<StepResult> {
  const { context, plan } = work
  const ledger = await inTransaction(work, (session) => publish(work, session, staged))
  await context.failpoint('load.after-publish-commit')
  const readBack = await published(work)
  if (readBack?.runId !== work.tag.runId) {
    throw new SluiceError(
      'INTERNAL',
      `${plan.targetText} was committed, but its ledger does not show the run ${work.tag.runId}.`,
      {
        hint: 'Run the same command again; it looks into the ledger first.',
      },
    )
  }
  return result(work, staged.refused > 0 ? 4 : 0, ledger)
}

type Transaction<T> = (session: ReturnType<typeof watchedSession>) => Promise<T>

/** A transaction that begins with the fence. */
function inTransaction<T>(work: LoadWork, inside: Transaction<T>): Promise<T> {
  const { context, run, warehouse, dialect, plan } = work
  const claim = fenceClaim(plan.targetText, run.key, context.store.storeId)
  return warehouse.transaction([plan.target], async (plain) => {
    const session = watchedSession(plain, run)
    await passFence(dialect, session, plan.audit, claim, run.key)
    return inside(session)
  })
}

async function published({ warehouse, dialect, plan, publication }: LoadWork): Promise<FoundPublication | undefined> {
  const [row] = await warehouse.query(selectPublication(dialect, plan.audit.ledger, publication satisfies PublicationKey))
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

function checkLimit(script: LoadScript, { refused }: Staged): void {
  if (refused <= script.rejectLimit) return
  throw new SluiceError(
    'REJECTS_OVER_LIMIT',
    `${script.id} refused ${refused} rows, ${script.rejectLimit} are allowed; nothing was published.`,
    {
      hint: `Look at them with sluice rejects list ${script.id}, mend the source, or raise rejectLimit in ${script.id}.`,
      details: { refused, limit: script.rejectLimit },
    },
  )
}
