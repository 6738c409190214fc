import type { CommittedExtraction, GateDecision, GateFacts } from '../contracts/control-store.ts'
import { type ErrorCode, errorCodes } from '../errors.ts'
import type { BatchDate } from '../model/run.ts'
import type { ExtractScript, LoadScript, Script } from '../model/script.ts'
import type { EngineContext } from './context.ts'
import { isDue, latestDue } from './due.ts'
import type { StepRequest } from './step.ts'

/** The gate's code for a batch that needs nothing more; no failure, so not in the table of errors. */
export const doneBefore = 'DONE_BEFORE'

export type Refusal = Extract<GateDecision, { readonly run: false }>

/** The gate's answer: the run may begin with this package and sequence, or why not. */
export type Verdict =
  | { readonly run: true; readonly extraction: CommittedExtraction | undefined; readonly sequence: number }
  | Refusal

export type GateContext = Pick<EngineContext, 'scripts'> & {
  readonly settings: Pick<EngineContext['settings'], 'approval' | 'batches'>
}

/** Decides whether a step may run now; asks the facts only, changes nothing. */
export async function decide(context: GateContext, request: StepRequest, facts: GateFacts): Promise<Verdict> {
  const refused =
    (await registration(context, request, facts)) ??
    dispositionRefusal(context, request.script) ??
    sharedTargetRefusal(context, request.script) ??
    (await batchRefusal(context, request, facts)) ??
    (await leaseRefusal(request, facts))
  if (refused) return refused
  const { script, batch, force } = request
  const done = await facts.done(script.id, batch)
  const extraction = script.kind === 'load' ? await facts.extraction(script.extract, batch) : undefined
  const same = done !== undefined && (extraction === undefined || extraction.manifestSha256 === done.manifestSha256)
  if (done && same && !force && !(await isOutdated(script, facts))) return recorded(request, done.exitCode ?? 0)
  const upstream =
    (script.kind === 'load' ? await packageRefusal(context, request, script, extraction, facts) : undefined) ??
    (await dependencyRefusal(context, request, facts))
  if (upstream) return upstream
  return { run: true, extraction, sequence: done && same && force && script.kind !== 'extract' ? done.sequence + 1 : 0 }
}

/** Whether what a mart's rows were made from was published again since; a view shows what is there. */
async function isOutdated(script: Script, facts: GateFacts): Promise<boolean> {
  return script.kind === 'mart' && script.materialized === 'table' && (await facts.doneSince(script.dependsOn, script.id))
}

function refuse(code: ErrorCode, message: string, hint: string): Refusal {
  return { run: false, code, message, hint, exitCode: errorCodes[code].exitCode }
}

function recorded({ script, batch }: StepRequest, exitCode: number): Refusal {
  const hint = `Add --force to do it again: sluice ${script.kind} ${script.name} --batch ${batch} --force`
  return { run: false, code: doneBefore, message: `${script.id} is done for batch ${batch}.`, hint, exitCode }
}

async function registration(context: GateContext, request: StepRequest, facts: GateFacts): Promise<Refusal | undefined> {
  const { script } = request
  const known = await facts.script(script.id)
  if (!known) return refuse('NOT_REGISTERED', `${script.id} is not registered.`, `Register it: sluice register ${script.id}`)
  if (context.settings.approval && known.approvedHash !== script.contentHash) {
    return refuse(
      'NOT_APPROVED',
      `${script.id} changed since it was approved.`,
      `Look at the change, then approve it: sluice register ${script.id}`,
    )
  }
  if (!known.active) return refuse('INACTIVE', `${script.id} is switched off.`, `Switch it on: sluice activate ${script.id}`)
  return undefined
}

function dispositionRefusal(context: GateContext, script: Script): Refusal | undefined {
  if (script.kind !== 'load') return undefined
  const cursor = extractOf(context, script)?.cursor
  if (script.write.disposition === 'replace' && cursor !== undefined) {
    return refuse(
      'REPLACE_INCREMENTAL',
      `${script.id} replaces everything, but ${script.extract} reads only what is new.`,
      `Declare write: { disposition: 'merge', key: [...] } in ${script.id}, or take the cursor out of ${script.extract}.`,
    )
  }
  if (script.write.disposition !== 'append' || cursor === undefined) return undefined
  const again = cursor.overlap !== undefined ? 'an overlap' : cursor.nulls === 'include' ? 'the rows without a cursor' : undefined
  if (again === undefined) return undefined
  return refuse(
    'APPEND_WITH_OVERLAP',
    `${script.id} appends, but ${script.extract} reads ${again} again: rows would be doubled.`,
    `Declare write: { disposition: 'merge', key: [...] } in ${script.id}, or let ${script.extract} read every row once.`,
  )
}

/** A replacement would remove what the other script wrote; two spellings of one table would have two fences. */
function sharedTargetRefusal({ scripts }: GateContext, script: Script): Refusal | undefined {
  if (script.kind !== 'load') return undefined
  const { id, into, write } = script
  const other = scripts
    .filter((candidate) => candidate.kind === 'load')
    .find((load) => load.id !== id && load.into.toLowerCase() === into.toLowerCase())
  if (other === undefined) return undefined
  if (other.into !== into) {
    const message = `${id} writes ${into} and ${other.id} writes ${other.into}, which warehouses take for one table.`
    return refuse('CONFIG_INVALID', message, `Write both names alike, or give ${id} another table with into.`)
  }
  if (write.disposition !== 'replace') return undefined
  const message = `${id} replaces all of ${into}, and with it the rows that ${other.id} writes there.`
  return refuse('CONFIG_INVALID', message, `Give ${id} another table with into, or another disposition than replace.`)
}

async function batchRefusal(context: GateContext, request: StepRequest, facts: GateFacts): Promise<Refusal | undefined> {
  const { script, batch } = request
  if (!isDue(script.frequency, batch)) {
    const next = `Name a batch that is due by "${script.frequency}", or change the frequency in the script.`
    return refuse('NOT_DUE', `${script.id} is not due for batch ${batch}.`, next)
  }
  if (context.settings.batches === 'implicit') return undefined
  if ((await facts.batch(batch))?.status === 'OPEN') return undefined
  return refuse('BATCH_NOT_OPEN', `Batch ${batch} is not open.`, `Open it: sluice batch open ${batch}`)
}

async function leaseRefusal({ script }: StepRequest, facts: GateFacts): Promise<Refusal | undefined> {
  const lease = await facts.lease(script.id)
  if (!lease?.live) return undefined
  const message = `${script.id} is held by run ${lease.runId} of ${lease.holder} since ${lease.since}.`
  return refuse('RUN_ACTIVE', message, `Wait for it to end, or look at it: sluice audit runs ${script.id}`)
}

async function packageRefusal(
  context: GateContext,
  { batch }: StepRequest,
  script: LoadScript,
  extraction: CommittedExtraction | undefined,
  facts: GateFacts,
): Promise<Refusal | undefined> {
  if (!extraction) return missingPackage(context, script, batch, facts)
  const free = script.write.disposition === 'append' || script.write.newest !== undefined
  if (free) return undefined
  // What is older than the last published batch can never be loaded: it must not stand in the way for ever.
  const earlier = await facts.unloadedBefore(script.extract, script.id, batch, await facts.latestDone(script.id))
  if (earlier === undefined) return undefined
  const message = `${script.id} has not loaded the earlier batch ${earlier}, and its order matters.`
  return refuse('UPSTREAM_NOT_DONE', message, `Load that first: sluice load ${script.name} --batch ${earlier}`)
}

async function missingPackage(context: GateContext, script: LoadScript, batch: BatchDate, facts: GateFacts): Promise<Refusal> {
  const command = `Extract it first: sluice extract ${script.extract.replace(/^extract\//, '')} --batch ${batch}`
  const known = await facts.script(script.extract)
  if (known && !known.active) {
    return refuse(
      'INACTIVE',
      `${script.extract}, which ${script.id} loads, is switched off.`,
      `Switch it on: sluice activate ${script.extract}`,
    )
  }
  const extract = extractOf(context, script)
  if (extract && !isDue(extract.frequency, batch)) {
    const message = `${script.extract}, which ${script.id} loads, is not due for batch ${batch}.`
    return refuse('NOT_DUE', message, `Name a batch that is due by "${extract.frequency}".`)
  }
  return refuse('UPSTREAM_NOT_DONE', `${script.extract} has committed nothing for batch ${batch}.`, command)
}

async function dependencyRefusal(
  context: GateContext,
  { script, batch }: StepRequest,
  facts: GateFacts,
): Promise<Refusal | undefined> {
  for (const id of script.dependsOn) {
    if (script.kind === 'load' && id === script.extract) continue
    const upstream = context.scripts.find((candidate) => candidate.id === id)
    if (!upstream || (await switchedOff(upstream, facts))) continue
    const due = latestDue((day) => dueWithPackage(context, upstream, day), batch)
    if (due === undefined || (await facts.done(id, due))) continue
    const command = `Run it first: sluice ${upstream.kind} ${upstream.name} --batch ${due}`
    return refuse('UPSTREAM_NOT_DONE', `${id}, which ${script.id} builds on, is not done for batch ${due}.`, command)
  }
  return undefined
}

async function switchedOff(upstream: Script, facts: GateFacts): Promise<boolean> {
  const ids = upstream.kind === 'load' ? [upstream.id, upstream.extract] : [upstream.id]
  for (const id of ids) if ((await facts.script(id))?.active === false) return true
  return false
}

function dueWithPackage(context: GateContext, script: Script, day: BatchDate): boolean {
  if (!isDue(script.frequency, day)) return false
  const extract = script.kind === 'load' ? extractOf(context, script) : undefined
  return extract === undefined || isDue(extract.frequency, day)
}

function extractOf(context: GateContext, load: LoadScript): ExtractScript | undefined {
  return context.scripts.find((script): script is ExtractScript => script.kind === 'extract' && script.id === load.extract)
}
