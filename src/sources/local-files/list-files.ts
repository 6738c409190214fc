import { opendir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { SluiceError } from '../../errors.ts'
import type { FoundFile, Listing, WantedFiles } from '../files/file-store.ts'
import { translated } from './failures.ts'

/**
 * The files of the folder that match; folders below it when they are wanted.
 * A link counts when it leads to a file of the folder, under its own name only when the file does not match itself.
 */
export async function listFiles(folder: string, wanted: WantedFiles): Promise<Listing> {
  const { pattern } = wanted
  try {
    const root = await realpath(folder)
    const { ids, seen } = await matching(root, wanted)
    const byPath = new Map<string, FoundFile>()
    for (const id of ids.sort()) {
      const file = await inspect(folder, root, id)
      if (file === undefined) continue
      const isItself = file.path === join(root, id)
      if (isItself || !byPath.has(file.path)) byPath.set(file.path, file)
    }
    const files = [...byPath.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
    return { files, seen }
  } catch (cause) {
    throw translated(cause, `The folder ${folder} of the files ${pattern}`, { folder, pattern })
  }
}

async function matching(root: string, { matches, isDeep }: WantedFiles) {
  const ids: string[] = []
  let seen = 0
  for await (const id of filesBelow(root, '', isDeep)) {
    seen += 1
    if (matches(id)) ids.push(id)
  }
  return { ids, seen }
}

/** Files and links, whatever these lead to. */
async function* filesBelow(root: string, below: string, isDeep: boolean): AsyncGenerator<string> {
  for await (const entry of await opendir(join(root, below))) {
    const id = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isFile() || entry.isSymbolicLink()) yield id
    else if (isDeep && entry.isDirectory()) yield* filesBelow(root, id, isDeep)
  }
}

async function inspect(folder: string, root: string, id: string): Promise<FoundFile | undefined> {
  try {
    const path = await realpath(join(root, id))
    if (isOutside(root, path)) throw leaves(folder, id, path)
    const facts = await stat(path, { bigint: true })
    if (!facts.isFile()) return undefined
    return { id, path, bytes: Number(facts.size), modifiedNs: facts.mtimeNs, version: String(facts.ino) }
  } catch (cause) {
    throw translated(cause, `${id} in ${folder}`, { file: id, folder })
  }
}

function isOutside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

function leaves(folder: string, id: string, path: string): SluiceError {
  return new SluiceError('SOURCE_FAILED', `${id} in ${folder} is a link that leaves the folder, to ${path}.`, {
    hint: 'Copy the file into the folder, or remove the link.',
    details: { file: id, folder },
  })
}
