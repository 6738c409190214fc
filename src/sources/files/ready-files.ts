import { setTimeout as pause } from 'node:timers/promises'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { fileMatcher, isDeep, namesText } from './file-patterns.ts'
import type { FileResource } from './file-resource.ts'
import type { FileStore, FoundFile, WantedFiles } from './file-store.ts'

/** Between the two looks at files that have to settle. */
const longestLookMs = 2_000

/** What a look into the folder showed. */
export interface Look {
  /** Those that match the pattern, markers and checksums aside. */
  readonly files: readonly FoundFile[]
  /** The markers and checksums, by their path from the folder. */
  readonly companions: ReadonlyMap<string, FoundFile>
  /** Every file that was looked at. */
  readonly seen: number
}

/** Looks into the folder once. */
export async function look(store: FileStore, resource: FileResource, signal: AbortSignal): Promise<Look> {
  const isCompanion = companionTest(resource)
  const matches = fileMatcher(resource.pattern)
  const { pattern } = resource
  const wanted: WantedFiles = { pattern, matches: (id) => isCompanion(id) || matches(id), isDeep: isDeep(pattern) }
  const { files, seen } = await store.list(wanted, signal)
  const companions = new Map(files.filter(({ id }) => isCompanion(id)).map((file) => [file.id, file]))
  return { files: files.filter(({ id }) => !companions.has(id)), companions, seen }
}

/** The file with the checksum of another one, where it is there. */
export function checksumOf({ id }: FoundFile, { checksum }: FileResource, { companions }: Look): FoundFile | undefined {
  return companions.get(`${id}.${checksum}`)
}

/** Those of the files that are complete as far as the resource's rules can tell; a notice names the others. */
export async function readyFiles(
  files: readonly FoundFile[],
  resource: FileResource,
  first: Look,
  lookAgain: () => Promise<Look>,
  { signal, notice }: { readonly signal: AbortSignal; readonly notice: (message: string) => void },
): Promise<readonly FoundFile[]> {
  const keep = (of: readonly FoundFile[], isReady: (file: FoundFile) => boolean, what: string) => {
    const waiting = of.filter((file) => !isReady(file)).map(({ id }) => id)
    if (waiting.length > 0) notice(`${namesText(waiting)}: not read yet, ${what}.`)
    return waiting.length === 0 ? of : of.filter(isReady)
  }
  let ready = files
  const { marker, checksum, settleMs } = resource
  if (marker !== undefined) {
    ready = keep(ready, ({ id }) => markersOf(id, marker).some((name) => first.companions.has(name)), `no ${marker} is there`)
  }
  if (checksum !== undefined) {
    ready = keep(ready, (file) => checksumOf(file, resource, first) !== undefined, `no ${checksum} file lies beside it`)
  }
  if (settleMs === 0 || ready.length === 0) return ready
  const youngest = BigInt(Date.now() - settleMs) * 1_000_000n
  ready = keep(ready, ({ modifiedNs }) => modifiedNs <= youngest, `modified less than ${settleMs} ms ago`)
  if (ready.length === 0) return ready
  await pause(Math.min(settleMs, longestLookMs), undefined, { signal }).catch(() => throwIfAborted(signal))
  const second = new Map((await lookAgain()).files.map((file) => [file.id, file]))
  return keep(ready, (file) => isSame(file, second.get(file.id)), 'it changed between two looks')
}

function isSame(file: FoundFile, later: FoundFile | undefined): boolean {
  return file.bytes === later?.bytes && file.modifiedNs === later.modifiedNs && file.version === later.version
}

/** `*` stands for the file's name, with or without its endings; a marker without one speaks for its whole folder. */
function markersOf(id: string, marker: string): readonly string[] {
  const slash = id.lastIndexOf('/') + 1
  const [before = '', after] = marker.split('*')
  if (after === undefined) return [id.slice(0, slash) + marker]
  const names = [id.slice(slash)]
  for (let name = id.slice(slash); name.lastIndexOf('.') > 0; ) {
    name = name.slice(0, name.lastIndexOf('.'))
    names.push(name)
  }
  return names.map((name) => id.slice(0, slash) + before + name + after)
}

function companionTest({ marker, checksum }: FileResource): (id: string) => boolean {
  const [before = '', after] = marker?.split('*') ?? []
  return (id) => {
    if (checksum !== undefined && id.endsWith(`.${checksum}`)) return true
    if (marker === undefined) return false
    const name = id.slice(id.lastIndexOf('/') + 1)
    if (after === undefined) return name === marker
    return name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after)
  }
}
