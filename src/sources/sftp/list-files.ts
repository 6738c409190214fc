import { SluiceError } from '../../errors.ts'
import type { FoundFile, Listing, WantedFiles } from '../files/file-store.ts'
import type { SftpConnection } from './connection.ts'

/** The bits of a mode that say what a name stands for. */
const kindBits = 0o170000
const kinds = { folder: 0o040000, file: 0o100000, link: 0o120000 }

/** Where the files are. */
export interface Folder {
  /** The path as the project names it. */
  readonly path: string
  /** What messages call it. */
  readonly label: string
}

/**
 * The files of the folder that match; those of the folders below it when they are wanted. A link counts when it leads to
 * a file of the folder, under its own name only when that file does not match itself.
 */
export async function listFiles(connection: SftpConnection, folder: Folder, wanted: WantedFiles): Promise<Listing> {
  const root = await connection.realpath(folder.path, `The folder ${folder.label}`)
  const byPath = new Map<string, FoundFile>()
  const links: string[] = []
  let seen = 0
  for await (const { id, kind, ...facts } of namesBelow(connection, folder, root, '', wanted.isDeep)) {
    seen += 1
    if (!wanted.matches(id)) continue
    const path = `${withSlash(root)}${id}`
    if (kind === kinds.file) byPath.set(path, { id, path, ...facts, version: undefined })
    else links.push(id)
  }
  for (const id of links.sort()) {
    const file = await behindLink(connection, folder, root, id)
    if (file !== undefined && !byPath.has(file.path)) byPath.set(file.path, file)
  }
  const files = [...byPath.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  return { files, seen }
}

/** What is known of an open or listed file: its size, and its time to the second. */
export function factsOf({ size, mtime }: { readonly size: number; readonly mtime: number }) {
  return { bytes: size, modifiedNs: BigInt(mtime) * 1_000_000_000n }
}

interface Name {
  readonly id: string
  readonly kind: number
  readonly bytes: number
  readonly modifiedNs: bigint
}

/** Files, and links whatever these lead to. */
async function* namesBelow(
  connection: SftpConnection,
  folder: Folder,
  root: string,
  below: string,
  isDeep: boolean,
): AsyncGenerator<Name> {
  const what = below === '' ? `The folder ${folder.label}` : `The folder ${below} in ${folder.label}`
  for (const { filename, attrs } of await connection.list(`${withSlash(root)}${below}`, what)) {
    if (filename === '.' || filename === '..') continue
    if (/[/\0]/.test(filename) || filename === '') throw unclear(filename, folder, 'is no name of a file')
    if (![attrs.mode, attrs.size, attrs.mtime].every(Number.isInteger))
      throw unclear(filename, folder, 'has no kind, size or time')
    const id = below === '' ? filename : `${below}/${filename}`
    const kind = attrs.mode & kindBits
    if (kind === kinds.file || kind === kinds.link) yield { id, kind, ...factsOf(attrs) }
    else if (isDeep && kind === kinds.folder) yield* namesBelow(connection, folder, root, id, isDeep)
  }
}

async function behindLink(connection: SftpConnection, folder: Folder, root: string, id: string): Promise<FoundFile | undefined> {
  const what = `${id} in ${folder.label}`
  const path = await connection.realpath(`${withSlash(root)}${id}`, what)
  if (!path.startsWith(withSlash(root))) throw leaves(id, path, folder)
  const facts = await connection.stat(path, what)
  if ((facts.mode & kindBits) !== kinds.file) return undefined
  return { id, path, ...factsOf(facts), version: undefined }
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

function leaves(id: string, path: string, { label }: Folder): SluiceError {
  return new SluiceError('SOURCE_FAILED', `${id} in ${label} is a link that leaves the folder, to ${path}.`, {
    hint: 'Have the file copied into the folder, or narrow the pattern in the extract script.',
    details: { file: id, folder: label },
  })
}

function unclear(name: string, { label }: Folder, what: string): SluiceError {
  return new SluiceError('SOURCE_FAILED', `The server lists ${JSON.stringify(name)} in ${label}, which ${what}.`, {
    hint: 'Ask the operator of the server: by its answers no file can be told from another.',
    details: { folder: label },
  })
}
