import type { NewExtraction } from '../contracts/control-store.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { Manifest } from '../model/manifest.ts'
import type { StepResult } from './active-run.ts'
import { expectedRows, type Staging } from './extract-copy.ts'
import type { OpenReading } from './extract-open.ts'
import { canonicalJson, sha256 } from './extract-schema.ts'
import type { Attempt, Where } from './extract-start.ts'
import { fencedError } from './lease.ts'

/** A package whose rows balance. */
interface Staged extends OpenReading {
  readonly staging: Staging
  readonly ledger: readonly LedgerEntry[]
}

/** Writes the manifest and makes the package durable. FENCED when a newer run took over. */
export async function commit(attempt: Attempt, where: Where, staged: Staged): Promise<StepResult> {
  const { context, run, folder } = attempt
  await context.failpoint('extract.before-manifest')
  const manifest = manifestOf(attempt, where, staged)
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
    window: manifest.window ?? undefined,
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

function manifestOf({ context, script, run }: Attempt, { newFilesOnly }: Where, staged: Staged): Manifest {
  const { reading, kept, staging, columns } = staged
  const parts = staging.parts.finished
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
    // What was kept was read up to the window that was planned.
    window: (kept ?? reading).window ?? null,
    columns,
    schemaHash: sha256(canonicalJson(columns)),
    parts,
    rejects: staging.rejects.finished,
    files: reading.readFiles?.() ?? [],
    ...(newFilesOnly && { newFilesOnly }),
    rowsRead: staging.read,
    rowsStaged: parts.reduce((sum, { rows }) => sum + rows, 0),
    rowsRejected: staging.rejected,
    expectedRows: expectedRows(staged, staging) ?? null,
    startedAt: run.startedAt,
    finishedAt: new Date().toISOString(),
  }
}
