import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import type { FileIdentity } from '../../model/manifest.ts'
import { inOrder, newest } from './choose-files.ts'
import type { FileResource } from './file-resource.ts'
import type { FileStore, FoundFile } from './file-store.ts'
import { bytesText, fileChanged, modifiedText } from './identity.ts'
import { checksumOf, type Look, look, readyFiles } from './ready-files.ts'

/** A file that is to be read, with what only its bytes can decide. */
export interface PlannedFile {
  readonly file: FoundFile
  /** The file with its checksum, where one is asked for. */
  readonly checksum: FoundFile | undefined
  /** The files of other batches that are as long: it may be one of them. */
  readonly twins: readonly FileIdentity[]
  /** What was loaded under its name, of the same length, but modified at another time. */
  readonly before: FileIdentity | undefined
}

/**
 * The files to read, in their order. FILE_NOT_FOUND when there is none and one is expected, FILES_TIED when more than one
 * has a claim to be the newest, FILE_EMPTY when a chosen one has no byte, FILE_CHANGED by the resource's policy.
 */
export async function planFiles(store: FileStore, resource: FileResource, request: ReadRequest): Promise<readonly PlannedFile[]> {
  const lookAgain = () => look(store, resource, request.signal)
  const first = await lookAgain()
  const again = filesAgain(resource, request)
  const planned = again
    ? await plannedAgain(again, first, resource, request)
    : resource.select === 'new'
      ? await plannedNew(first, lookAgain, resource, request)
      : await plannedOfAll(first, lookAgain, { store, resource, request })
  const empty = planned.find(({ file }) => file.bytes === 0)?.file
  if (empty !== undefined && !resource.allowEmpty) throw isEmpty(empty, store)
  return planned.map((plan) => withChecksum(plan, first, resource))

  function withChecksum(plan: PlannedFile, seen: Look, asked: FileResource): PlannedFile {
    return { ...plan, checksum: checksumOf(plan.file, asked, seen) }
  }
}

/** The files of this batch's package; a package from before files were recorded has none. */
function filesAgain({ select }: FileResource, { filesAgain: paths }: ReadRequest): readonly string[] | undefined {
  return select !== 'new' && paths?.length === 0 ? undefined : paths
}

async function plannedAgain(
  paths: readonly string[],
  { files }: Look,
  { select, renamed }: FileResource,
  { seenFiles }: ReadRequest,
): Promise<readonly PlannedFile[]> {
  const byId = new Map(files.map((file) => [file.id, file]))
  const missing = paths.filter((path) => !byId.has(path))
  if (missing.length > 0) throw goneSince(missing)
  const chosen = inOrder(paths.flatMap((path) => byId.get(path) ?? []))
  const isSelective = select === 'new' && renamed === 'ignore'
  // A file of another batch that staged no row may be one of these under another name.
  const loaded = isSelective ? [...(await seenFiles()).values()].filter(({ sameAs }) => sameAs === undefined) : []
  return chosen.map((file) => ({ ...plain(file), twins: asLong(loaded, file) }))
}

async function plannedOfAll(
  first: Look,
  lookAgain: () => Promise<Look>,
  { store, resource, request }: { readonly store: FileStore; readonly resource: FileResource; readonly request: ReadRequest },
): Promise<readonly PlannedFile[]> {
  if (first.files.length === 0) throw notFound(first, store, resource)
  const ready = await readyFiles(first.files, resource, first, lookAgain, request)
  if (ready.length === 0) throw noneReady(first, store, resource)
  const chosen = resource.select === 'all' ? inOrder(ready) : [newest(ready, resource.newestBy, request.notice)]
  return chosen.map(plain)
}

async function plannedNew(
  first: Look,
  lookAgain: () => Promise<Look>,
  resource: FileResource,
  request: ReadRequest,
): Promise<readonly PlannedFile[]> {
  const seen = await request.seenFiles()
  const { pattern } = resource
  if (first.files.length === 0) request.notice(`No file matches ${pattern}; ${othersText(first)}.`)
  const unread = first.files.filter((file) => {
    const known = seen.get(file.id)
    return known?.bytes !== file.bytes || known.modifiedAt !== modifiedText(file.modifiedNs)
  })
  const ready = await readyFiles(unread, resource, first, lookAgain, request)
  const loaded = resource.renamed === 'ignore' ? [...seen.values()] : []
  return inOrder(ready).flatMap((file) => {
    const known = seen.get(file.id)
    if (known === undefined) return [{ ...plain(file), twins: asLong(loaded, file) }]
    if (known.bytes === file.bytes) return [{ ...plain(file), twins: [known], before: known }]
    if (resource.changed === 'refuse') throw fileChanged(file, known)
    if (resource.changed === 'read') return [plain(file)]
    request.notice(`${file.id} was loaded with ${bytesText(known.bytes)} and has ${bytesText(file.bytes)} now: not read again.`)
    return []
  })
}

function plain(file: FoundFile): PlannedFile {
  return { file, checksum: undefined, twins: [], before: undefined }
}

function asLong(loaded: readonly FileIdentity[], { bytes }: FoundFile): readonly FileIdentity[] {
  return loaded.filter((known) => known.bytes === bytes && bytes > 0)
}

function othersText({ seen }: Pick<Look, 'seen'>): string {
  return seen === 1 ? 'there is 1 other file' : `there are ${seen} other files`
}

function notFound({ seen }: Look, { label }: FileStore, { pattern }: FileResource): SluiceError {
  return new SluiceError('FILE_NOT_FOUND', `No file in ${label} matches ${pattern}; ${othersText({ seen })}.`, {
    hint: 'Correct the pattern in the extract script, or have the file delivered.',
    details: { folder: label, pattern, files: seen },
  })
}

function noneReady({ files }: Look, { label }: FileStore, { pattern }: FileResource): SluiceError {
  const what = files.length === 1 ? 'The only file' : `None of the ${files.length} files`
  return new SluiceError(
    'FILE_NOT_FOUND',
    `${what} in ${label} that matches ${pattern} is ${files.length === 1 ? 'not ' : ''}ready.`,
    {
      hint: 'Run it again when the file is complete, or look at settleMs, marker and checksum in the extract script.',
      details: { folder: label, pattern, files: files.length },
    },
  )
}

function goneSince(paths: readonly string[]): SluiceError {
  const [first = ''] = paths
  const what = paths.length === 1 ? `${first} is` : `${first} and ${paths.length - 1} more are`
  return new SluiceError('FILE_NOT_FOUND', `${what} not there any more, but this batch is to read them again.`, {
    hint: 'Have the files of the batch delivered again, or extract without --force.',
    details: { files: paths.slice(0, 5) },
  })
}

function isEmpty({ id }: FoundFile, { label }: FileStore): SluiceError {
  return new SluiceError('FILE_EMPTY', `${id} in ${label} has no byte in it.`, {
    hint: 'Have the file delivered again, or set `allowEmpty: true` in the extract script.',
    details: { file: id, folder: label },
  })
}
