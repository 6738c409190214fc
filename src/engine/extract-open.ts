import type { KeptPlan } from '../contracts/control-store.ts'
import type { Reading, Source } from '../contracts/source.ts'
import { asSluiceError, SluiceError } from '../errors.ts'
import type { ManifestColumn } from '../model/manifest.ts'
import { lostFile, otherRequest, planHash } from './extract-plan.ts'
import { manifestColumns } from './extract-schema.ts'
import type { Attempt, Where } from './extract-start.ts'
import { fencedError } from './lease.ts'

/** What an attempt reads from. */
export interface OpenReading {
  readonly reading: Reading
  readonly columns: readonly ManifestColumn[]
  /** The plan that this reading goes on with; undefined: it reads everything. */
  readonly kept: KeptPlan | undefined
  /** Aborts what the source does for this reading. */
  readonly stop: AbortController
}

/** Opens what is missing of a plan that an earlier try left, while that holds; else everything. FENCED when overtaken. */
export async function openReading(attempt: Attempt, where: Where): Promise<OpenReading> {
  const { context, script, run } = attempt
  const source = await context.source(script.resource.source)
  const kept = await context.control.extractions.partitions.kept(script.id, run.key.batch)
  if (!kept || kept.kept.length === 0) return openWhole(attempt, where, source)
  const facts = { kept: kept.kept.length, planned: kept.partitions.length }
  const missing = await openMissing(attempt, where, source, kept)
  if (typeof missing !== 'string') {
    run.log.info('only the partitions that are missing are read', facts)
    return missing
  }
  run.log.warn('partitions that were kept are read again', { ...facts, reason: missing })
  return openWhole(attempt, where, source)
}

/** What was staged, or why it was not, is the run's outcome: not how the source took its leave. */
export async function closeReading({ run }: Attempt, reading: Reading): Promise<void> {
  await reading.close().catch((cause: unknown) => {
    run.log.warn('the source could not be closed', { reason: asSluiceError(cause).message })
  })
}

async function openWhole(attempt: Attempt, where: Where, source: Source): Promise<OpenReading> {
  const { context, script, run } = attempt
  const stop = new AbortController()
  const reading = await ask(attempt, where, source, stop, { upper: where.upper, partitionsAgain: undefined })
  try {
    refuseUnclear(attempt, reading)
    const columns = manifestColumns(script, reading.schema)
    if (reading.keepsPartitions) {
      const { window } = reading
      const plan = { schemaHash: planHash(context, script, columns), window, partitions: idsOf(reading) }
      if (!(await run.retry(() => context.control.extractions.partitions.plan(run.key, plan)))) throw fencedError(run.key)
    }
    return { reading, columns, kept: undefined, stop }
  } catch (error) {
    await closeReading(attempt, reading)
    throw error
  }
}

/** A text is the reason why what was kept is of no use any more. */
async function openMissing(attempt: Attempt, where: Where, source: Source, kept: KeptPlan): Promise<OpenReading | string> {
  const { context, script, run } = attempt
  const obstacle = otherRequest(attempt, where, kept) ?? (await lostFile(context, kept))
  if (obstacle !== undefined) return obstacle
  const done = new Set(kept.kept.map(({ id }) => id))
  const partitionsAgain = kept.partitions.filter((id) => !done.has(id))
  const stop = new AbortController()
  const asked = { upper: kept.window?.upper, partitionsAgain }
  const reading = await ask(attempt, where, source, stop, asked).catch((cause: unknown) => {
    const { retryable, message } = asSluiceError(cause)
    // A column that bounded the partitions may be gone: only reading everything shows whether more is wrong.
    if (retryable || run.signal.aborted) throw cause
    return message
  })
  if (typeof reading === 'string') return reading
  const closed = { isDue: true }
  try {
    const columns = manifestColumns(script, reading.schema)
    if (planHash(context, script, columns) !== kept.schemaHash) return 'its columns have changed'
    if (!reading.keepsPartitions || JSON.stringify(idsOf(reading)) !== JSON.stringify(partitionsAgain)) {
      return 'the source answered with other partitions'
    }
    closed.isDue = false
    return { reading, columns, kept, stop }
  } finally {
    if (closed.isDue) await closeReading(attempt, reading)
  }
}

interface Asked {
  readonly upper: string | undefined
  readonly partitionsAgain: readonly string[] | undefined
}

function ask(
  { context, script, run }: Attempt,
  where: Where,
  source: Source,
  stop: AbortController,
  asked: Asked,
): Promise<Reading> {
  const { batch } = run.key
  return run.statement(() =>
    source.open({
      resource: script.resource,
      batch,
      cursor: script.cursor,
      lower: where.lower,
      ...asked,
      seenFiles: () => {
        where.newFilesOnly = true
        return context.control.extractions.files(script.id, batch)
      },
      filesAgain: where.filesAgain,
      signal: AbortSignal.any([run.signal, stop.signal]),
      retry: run.retry,
      notice: (message) => run.log.warn(message),
      log: (level, message, facts) => run.log[level](message, facts),
    }),
  )
}

/** A partition is known by its id where several are open or kept, and nobody keeps which files it read: one would be lost. */
function refuseUnclear({ script }: Attempt, reading: Reading): void {
  if (reading.keepsPartitions && reading.readFiles) {
    throw new SluiceError(
      'INTERNAL',
      `The source of ${script.id} keeps partitions and tells files, which does not go together.`,
      {
        hint: 'Leave readFiles out of a reading that keeps its partitions.',
      },
    )
  }
  if (!reading.keepsPartitions && (reading.parallel ?? 1) === 1) return
  const ids = idsOf(reading)
  const seen = new Set<string>()
  const twin = ids.find((id) => seen.size === seen.add(id).size)
  if (twin === undefined) return
  throw new SluiceError('INTERNAL', `The source of ${script.id} has two partitions that are called ${twin}.`, {
    hint: 'Give each partition of a reading an id of its own.',
    details: { partition: twin },
  })
}

function idsOf({ partitions }: Reading): readonly string[] {
  return partitions.map(({ id }) => id)
}
