import type { CommittedExtraction } from '../contracts/control-store.ts'
import { isSluiceError, SluiceError } from '../errors.ts'
import type { Manifest } from '../model/manifest.ts'
import type { ExtractScript } from '../model/script.ts'
import type { ActiveRun } from './active-run.ts'
import type { EngineContext } from './context.ts'
import { readManifest } from './extract-schema.ts'

/** One try of an extraction. */
export interface Attempt {
  readonly context: EngineContext
  readonly script: ExtractScript
  readonly run: ActiveRun
  /** Whether everything is to be read again. */
  readonly force: boolean
  /** `<script>/<batch>/<run id>/<attempt>` in the lake. */
  readonly folder: string
}

/** From where to where an extraction reads. */
export interface Where {
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

/** Where the batch begins and ends, by what the script has committed so far. CURSOR_INVALID when that has another cursor. */
export async function startOf(attempt: Attempt): Promise<Where> {
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
