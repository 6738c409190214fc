import type { CommittedExtraction, NewExtraction } from '../contracts/control-store.ts'
import type { Reading } from '../contracts/source.ts'
import { asSluiceError, isSluiceError, SluiceError } from '../errors.ts'
import { type LedgerEntry, unbalanced } from '../model/ledger.ts'
import type { Manifest, ManifestColumn } from '../model/manifest.ts'
import type { ExtractScript } from '../model/script.ts'
import type { ActiveRun, StepResult } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { PartSeries } from './extract-parts.ts'
import { rejectColumns, rejectRecords } from './extract-rejects.ts'
import { canonicalJson, compareColumns, manifestColumns, readManifest, sha256 } from './extract-schema.ts'
import { fencedError } from './lease.ts'
import { runStep } from './run-step.ts'
import type { StepOutcome, StepRequest } from './step.ts'

interface Attempt {
  readonly context: EngineContext
  readonly script: ExtractScript
  readonly run: ActiveRun
  readonly folder: string
}

interface Where {
  readonly lower: string | undefined
  readonly upper: string | undefined
  readonly movesCursor: boolean
  /** The files of this batch's package, when it is read again. */
  readonly filesAgain: readonly string[] | undefined
  /** The package to compare the schema with. */
  readonly last: Manifest | undefined
  /** Whether the source leaves out what earlier batches read; it says so by asking for it. */
  newFilesOnly: boolean
}

interface Staging {
  readonly parts: PartSeries
  readonly rejects: PartSeries
  read: number
  rejected: number
  /** Whether the control store may name these files: a commit was asked for, and not refused. */
  mayBeNamed: boolean
}

/** Reads the script's resource into the lake and commits the package; the cursor moves with the commit. */
export function extract(context: EngineContext, request: StepRequest<ExtractScript>): Promise<StepOutcome> {
  return runStep(context, request, async (run) => {
    await context.failpoint('extract.after-lease')
    const { script, batch } = request
    const folder = `${script.name}/${batch}/${run.key.runId}/${run.attempt}`
    const attempt = { context, script, run, folder }
    const where = await startOf(attempt)
    const source = await context.source(script.resource.source)
    const reading = await run.statement(() =>
      source.open({
        resource: script.resource,
        batch,
        cursor: script.cursor,
        lower: where.lower,
        upper: where.upper,
        seenFiles: () => {
          where.newFilesOnly = true
          return context.control.extractions.files(script.id, batch)
        },
        filesAgain: where.filesAgain,
        signal: run.signal,
        retry: run.retry,
        notice: (message) => run.log.warn(message),
        log: (level, message, facts) => run.log[level](message, facts),
      }),
    )
    try {
      return await stage(attempt, where, reading)
    } finally {
      // What was staged, or why it was not, is the run's outcome: not how the source took its leave.
      await reading.close().catch((cause: unknown) => {
        run.log.warn('the source could not be closed', { reason: asSluiceError(cause).message })
      })
    }
  })
}

async function startOf(attempt: Attempt): Promise<Where> {
  const { context, script, run } = attempt
  const { extractions } = context.control
  const { batch } = run.key
  const again = await extractions.latest(script.id, batch)
  const before = await extractions.before(script.id, batch)
  const last = await lastManifest(attempt, again ?? before)
  const filesAgain = again && last?.files.map(({ path }) => path)
  const common = { last, filesAgain, newFilesOnly: again !== undefined && last?.newFilesOnly === true }
  if (!script.cursor) return { lower: undefined, upper: undefined, movesCursor: false, ...common }
  refuseOtherCursor(script, script.cursor.column, (again ?? before)?.window?.column)
  if (again?.window) return { lower: again.window.lower, upper: again.window.upper, movesCursor: false, ...common }
  const cursor = await extractions.cursor(script.id)
  if (cursor && cursor.batch > batch) {
    // The newer batches went on from the one before this, so an empty window is what they left.
    const bound = before?.window?.next ?? cursor.value
    run.log.warn(`batch ${cursor.batch} has read everything that this older one could hold`, { batch })
    return { lower: bound, upper: bound, movesCursor: false, ...common }
  }
  return { lower: cursor?.value, upper: undefined, movesCursor: true, ...common }
}

/** The bounds of one column say nothing about another. */
function refuseOtherCursor({ id }: ExtractScript, column: string, before: string | undefined): void {
  if (before === undefined || before === column) return
  throw new SluiceError('CURSOR_INVALID', `${id} has been read by ${before} so far, and ${column} is its cursor now.`, {
    hint: `Declare ${before} as the cursor again, or give ${column} an extract script of its own beside ${id}.`,
    details: { column, before },
  })
}

/** A damaged manifest must not keep a batch from being extracted again, which is what mends it. */
async function lastManifest({ context, run }: Attempt, last: CommittedExtraction | undefined): Promise<Manifest | undefined> {
  if (!last) return undefined
  return readManifest(context.lake, last.manifestPath, last.manifestSha256).catch((cause: unknown) => {
    if (!isSluiceError(cause, 'MANIFEST_INVALID')) throw cause
    run.log.warn('the columns could not be compared with those of the last package', { reason: cause.message })
    return undefined
  })
}

async function stage(attempt: Attempt, where: Where, reading: Reading): Promise<StepResult> {
  const { context, script, run, folder } = attempt
  const columns = manifestColumns(script, reading.schema)
  if (where.last) compareColumns(script, where.last.columns, columns)
  const { batch, runId } = run.key
  const common = { lake: context.lake, folder, batch, runId, extractedAt: run.startedAt }
  const staging: Staging = {
    parts: new PartSeries({ ...common, name: 'part', columns: reading.schema.columns }),
    rejects: new PartSeries({ ...common, name: 'rejects', columns: rejectColumns }),
    read: 0,
    rejected: 0,
    mayBeNamed: false,
  }
  try {
    await copy(attempt, reading, staging)
    const ledger = balanced(script, reading, staging)
    return await commit(attempt, where, reading, { staging, ledger, columns })
  } catch (error) {
    if (!staging.mayBeNamed) await discard(attempt, staging)
    throw error
  }
}

async function copy({ context, run }: Attempt, reading: Reading, staging: Staging): Promise<void> {
  for (const partition of reading.partitions) {
    let ordinal = 0
    for await (const { batch, rowNumbers, rejects } of reading.read(partition)) {
      run.signal.throwIfAborted()
      const first = ordinal + 1
      const full = await staging.parts.write(partition.id, batch, (index) => rowNumbers?.[index] ?? first + index)
      if (full) await context.failpoint('extract.after-part')
      const records = rejectRecords(rejects, partition.id)
      await staging.rejects.write(partition.id, records.batch, (index) => records.rowNumbers[index] ?? 0)
      ordinal += batch.rows + rejects.length
      staging.read += batch.rows + rejects.length
      staging.rejected += rejects.length
      run.progress('reading', staging.read, reading.expectedRows)
      await context.failpoint('extract.mid-part')
    }
    if (await staging.parts.close()) await context.failpoint('extract.after-part')
    await staging.rejects.close()
  }
}

function balanced(script: ExtractScript, reading: Reading, staging: Staging): readonly LedgerEntry[] {
  const staged = staging.parts.finished.reduce((sum, { rows }) => sum + rows, 0)
  const { expectedRows } = reading
  const ledger: LedgerEntry[] = [
    ...(expectedRows === undefined ? [] : [{ hop: 'source-read', term: 'expected', rows: expectedRows } as const]),
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

interface Staged {
  readonly staging: Staging
  readonly ledger: readonly LedgerEntry[]
  readonly columns: readonly ManifestColumn[]
}

async function commit(attempt: Attempt, where: Where, reading: Reading, staged: Staged): Promise<StepResult> {
  const { context, run, folder } = attempt
  await context.failpoint('extract.before-manifest')
  const manifest = manifestOf(attempt, where, reading, staged)
  const bytes = new TextEncoder().encode(canonicalJson(manifest))
  const manifestPath = `${folder}/manifest.json`
  const writer = await context.lake.create(manifestPath)
  try {
    await writer.write([bytes])
    await writer.commit()
  } catch (error) {
    await writer.abort()
    throw error
  }
  await context.failpoint('extract.after-manifest')
  run.signal.throwIfAborted()
  await context.failpoint('extract.before-commit')
  const exitCode = manifest.rowsRejected > 0 ? 4 : 0
  await record(attempt, staged.staging, {
    manifestPath,
    manifestSha256: sha256(bytes),
    schemaHash: manifest.schemaHash,
    window: reading.window,
    movesCursor: where.movesCursor,
    rowsStaged: manifest.rowsStaged,
    rowsRejected: manifest.rowsRejected,
    exitCode,
    ledger: staged.ledger,
    files: manifest.files,
  })
  await context.failpoint('extract.after-commit')
  return { exitCode, ledger: staged.ledger, recorded: true }
}

/** Commits the package once, however often the answer gets lost. FENCED when a newer run took over. */
async function record({ context, run }: Attempt, staging: Staging, extraction: NewExtraction): Promise<void> {
  const { extractions } = context.control
  const { script, batch, runId } = run.key
  const isCommitted = async () => staging.mayBeNamed && (await extractions.latest(script, batch))?.runId === runId
  const asking = run.retry(async () => {
    if (await isCommitted()) return true
    const isFirst = !staging.mayBeNamed
    staging.mayBeNamed = true
    const held = await extractions.commit(run.key, extraction)
    // Only the first answer tells a newer run's lease from the one that our own commit has freed.
    if (!held && isFirst) staging.mayBeNamed = false
    return held
  })
  const held = await asking.catch(async (cause: unknown) => {
    // The freed lease may have stopped the run before it could ask again.
    if (await isCommitted().catch(() => false)) return true
    throw cause
  })
  if (!held) throw fencedError(run.key)
}

function manifestOf(
  { context, script, run }: Attempt,
  { newFilesOnly }: Where,
  reading: Reading,
  { staging, columns }: Staged,
): Manifest {
  return {
    format: 1,
    project: context.settings.project,
    script: script.id,
    batch: run.key.batch,
    runId: run.key.runId,
    token: run.key.token,
    attempt: run.attempt,
    engineVersion: context.settings.engineVersion,
    source: { type: context.sourceType(script.resource.source), locator: script.resource.locator },
    window: reading.window ?? null,
    columns,
    schemaHash: sha256(canonicalJson(columns)),
    parts: staging.parts.finished,
    rejects: staging.rejects.finished,
    files: reading.readFiles?.() ?? [],
    ...(newFilesOnly && { newFilesOnly }),
    rowsRead: staging.read,
    rowsStaged: staging.parts.finished.reduce((sum, { rows }) => sum + rows, 0),
    rowsRejected: staging.rejected,
    expectedRows: reading.expectedRows ?? null,
    startedAt: run.startedAt,
    finishedAt: new Date().toISOString(),
  }
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
