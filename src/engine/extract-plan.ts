import type { KeptPlan } from '../contracts/control-store.ts'
import type { ManifestColumn } from '../model/manifest.ts'
import type { ExtractScript } from '../model/script.ts'
import type { EngineContext } from './context.ts'
import { canonicalJson, sha256 } from './extract-schema.ts'
import type { Attempt, Where } from './extract-start.ts'

/** What the partitions of a plan have in common: the version and script that read them, and the columns that they found. */
export function planHash(context: EngineContext, script: ExtractScript, columns: readonly ManifestColumn[]): string {
  return `${scriptHash(context, script)} ${sha256(canonicalJson(columns))}`
}

function scriptHash({ settings }: EngineContext, { contentHash }: ExtractScript): string {
  return sha256(canonicalJson([settings.engineVersion, contentHash]))
}

/** Why the plan is not one of what this run is to read; undefined when it is. */
export function otherRequest({ context, script, run, force }: Attempt, where: Where, plan: KeptPlan): string | undefined {
  // An earlier try of this run has planned anew already.
  if (force && run.attempt === 1) return 'the batch is read again by force'
  if (!plan.schemaHash.startsWith(`${scriptHash(context, script)} `)) return 'the script or Sluice itself has changed'
  const { column, lower, upper } = plan.window ?? {}
  const isSame = column === script.cursor?.column && lower === where.lower && (where.upper ?? upper) === upper
  return isSame ? undefined : 'the batch has another window now'
}

/** Why a part that the plan names cannot be taken up; undefined when all are in the lake in their full size. */
export async function lostFile({ lake }: EngineContext, { kept }: KeptPlan): Promise<string | undefined> {
  const files = kept.flatMap(({ parts, rejects }) => [...parts, ...rejects])
  const sizes = new Map<string, number>()
  for (const folder of new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf('/') + 1)))) {
    for await (const { path, bytes } of lake.list(folder)) sizes.set(path, bytes)
  }
  const lost = files.find(({ path, bytes }) => sizes.get(path) !== bytes)
  if (!lost) return undefined
  return `${lost.path} ${sizes.has(lost.path) ? 'has another size' : 'is no longer in the lake'}`
}
