import { posix } from 'node:path'
import type { FileInfo } from 'basic-ftp'
import { SluiceError } from '../../errors.ts'
import type { FoundFile, Listing, WantedFiles } from '../files/file-store.ts'
import type { FtpConnection } from './connection.ts'

/** Where the files are. */
export interface Folder {
  /** The path as the project names it; undefined: where the server puts the user. */
  readonly path: string | undefined
  /** What messages call it. */
  readonly label: string
}

const looks = 5

/**
 * The files of the folder that match; those of the folders below it when they are wanted. A link counts when it leads to
 * a file of the folder, under its own name only when that file does not match itself.
 */
export async function listFiles(connection: FtpConnection, folder: Folder, wanted: WantedFiles): Promise<Listing> {
  const root = rootOf(connection, folder)
  const byPath = new Map<string, FoundFile>()
  const links: Name[] = []
  let seen = 0
  for await (const name of namesBelow(connection, folder, root, '', wanted.isDeep)) {
    seen += 1
    if (!wanted.matches(name.id)) continue
    if (name.info.isSymbolicLink) links.push(name)
    else byPath.set(posix.join(root, name.id), await found(connection, folder, name.id, posix.join(root, name.id), name.info))
  }
  for (const { id, info } of links) {
    const path = targetOf(id, info, root, folder)
    if (!byPath.has(path)) byPath.set(path, await found(connection, folder, id, path, undefined))
  }
  const files = [...byPath.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  return { files, seen }
}

/** The folder's own path on the server. */
export function rootOf(connection: FtpConnection, { path }: Folder): string {
  return path === undefined ? connection.home : posix.resolve(connection.home, path)
}

/** The size and time of a file, as the server has them now. */
export async function factsOf(connection: FtpConnection, path: string, what: string) {
  const bytes = await connection.size(path, what)
  const modified = await connection.modified(path, what)
  return { bytes, modifiedNs: nanoseconds(modified) }
}

interface Name {
  readonly id: string
  readonly info: FileInfo
}

/** Files, and links whatever these lead to. */
async function* namesBelow(
  connection: FtpConnection,
  folder: Folder,
  root: string,
  below: string,
  isDeep: boolean,
): AsyncGenerator<Name> {
  const what = below === '' ? `The folder ${folder.label}` : `The folder ${below} in ${folder.label}`
  for (const info of await wholeList(connection, posix.join(root, below), what)) {
    const id = below === '' ? info.name : `${below}/${info.name}`
    if (info.isFile || info.isSymbolicLink) yield { id, info }
    else if (isDeep && info.isDirectory) yield* namesBelow(connection, folder, root, id, isDeep)
  }
}

/** A list travels like a file, and has no size: one that was cut short shows only by not being the same again. */
async function wholeList(connection: FtpConnection, path: string, what: string): Promise<readonly FileInfo[]> {
  let before: string | undefined
  for (let look = 0; look < looks; look++) {
    const entries = await connection.list(path, what)
    const names = JSON.stringify(entries.map(({ name, type }) => `${type} ${name}`).sort())
    if (names === before) return entries
    before = names
  }
  throw new SluiceError('SOURCE_UNREACHABLE', `${what} was listed ${looks} times, and never twice with the same files.`, {
    hint: 'Run it again when files are no longer delivered; if it happens often, look at the network.',
  })
}

/** An old server's list gives sizes and times for people only; then each file is asked for its own. */
async function found(
  connection: FtpConnection,
  folder: Folder,
  id: string,
  path: string,
  info: FileInfo | undefined,
): Promise<FoundFile> {
  const facts =
    info?.modifiedAt === undefined
      ? await factsOf(connection, path, `${id} in ${folder.label}`)
      : { bytes: info.size, modifiedNs: nanoseconds(info.modifiedAt) }
  return { id, path, ...facts, version: undefined }
}

function nanoseconds(moment: Date): bigint {
  return BigInt(moment.getTime()) * 1_000_000n
}

function targetOf(id: string, { link }: FileInfo, root: string, { label }: Folder): string {
  const path = link === undefined ? undefined : posix.resolve(root, posix.dirname(id), link)
  if (path?.startsWith(root.endsWith('/') ? root : `${root}/`)) return path
  const where = path === undefined ? 'the server does not say where' : `${path}, which is outside of the folder`
  throw new SluiceError('SOURCE_FAILED', `${id} in ${label} is a link that leads to ${where}.`, {
    hint: 'Have the file copied into the folder, or narrow the pattern in the extract script.',
    details: { file: id, folder: label },
  })
}
