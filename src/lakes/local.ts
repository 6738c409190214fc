import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { FileLocation, Lake, LakeFile, LakeWriter } from '../contracts/lake.ts'
import { SluiceError } from '../errors.ts'
import type { StoredFile } from '../model/manifest.ts'

/** Files on their way; beside the lake's own, so that a link can give them their name, and too hidden to be listed. */
const unfinishedFolder = '.unfinished'
const abandonedAfterMs = 24 * 60 * 60 * 1000
const readChunkBytes = 1024 * 1024

/** A lake in a folder of this machine. The folder is made by the first file. */
export interface LocalLakeOptions {
  /** Absolute, or relative to the working directory. */
  readonly path: string
}

/** Opens a folder as a lake; touches no file yet. The file system must know hard links: `check` finds out. */
export async function openLocalLake(options: LocalLakeOptions): Promise<Lake> {
  return new LocalLake(resolve(options.path))
}

class LocalLake implements Lake {
  readonly #root: string
  #swept: Promise<void> | undefined

  constructor(root: string) {
    this.#root = root
  }

  async check(): Promise<void> {
    const path = `sluice-check-${randomUUID()}`
    const writer = await this.create(path)
    try {
      await writer.write([Buffer.from('Sluice can write here.')])
      await this.verify(await writer.commit())
    } finally {
      await writer.abort()
      await this.remove([path])
    }
  }

  async *list(prefix: string): AsyncIterable<LakeFile> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    if (folder !== '') requireInside(folder.slice(0, -1))
    for await (const file of this.#walk(folder)) if (file.path.startsWith(prefix)) yield file
  }

  /** In the order of the whole paths, where `a-b` comes before `a/b`. */
  async *#walk(folder: string): AsyncIterable<LakeFile> {
    for (const { name, isFolder } of await this.#entries(folder)) {
      if (isFolder) {
        yield* this.#walk(folder + name)
        continue
      }
      const bytes = await fileSize(this.#absolute(folder + name))
      // Another process may have removed it meanwhile.
      if (bytes !== undefined) yield { path: folder + name, bytes }
    }
  }

  async #entries(folder: string): Promise<{ readonly name: string; readonly isFolder: boolean }[]> {
    const absolute = this.#absolute(folder)
    const entries = await readdir(absolute, { withFileTypes: true })
      .catch(ignoreMissing)
      .catch((cause: unknown) => {
        throw ioError(`The folder ${absolute} could not be read`, cause)
      })
    return (entries ?? [])
      .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
      .map((entry) => ({ name: entry.isDirectory() ? `${entry.name}/` : entry.name, isFolder: entry.isDirectory() }))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  async create(path: string): Promise<LakeWriter> {
    requireInside(path)
    const target = this.#absolute(path)
    const temporary = join(this.#root, unfinishedFolder, randomUUID())
    try {
      if ((await fileSize(target)) !== undefined) throw alreadyThere(target)
      await mkdir(dirname(temporary), { recursive: true })
      this.#swept ??= removeAbandoned(dirname(temporary))
      await this.#swept
      return new LocalWriter(path, target, temporary, await open(temporary, 'wx'))
    } catch (cause) {
      throw ioError(`The file ${target} could not be created`, cause)
    }
  }

  async *read(path: string): AsyncIterable<Uint8Array> {
    requireInside(path)
    const absolute = this.#absolute(path)
    const handle = await open(absolute, 'r').catch((cause: unknown) => {
      throw readError(absolute, cause)
    })
    try {
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(readChunkBytes))
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
      }
    } catch (cause) {
      throw readError(absolute, cause)
    } finally {
      await handle.close()
    }
  }

  async verify(file: StoredFile): Promise<void> {
    requireInside(file.path)
    const bytes = await fileSize(this.#absolute(file.path))
    if (bytes === undefined) throw altered(file, 'is not there')
    if (bytes !== file.bytes) throw altered(file, `has ${bytes} bytes, not ${file.bytes}`)
    const hash = createHash('sha256')
    for await (const chunk of this.read(file.path)) hash.update(chunk)
    const sha256 = hash.digest('hex')
    if (sha256 !== file.sha256) throw altered(file, `has the SHA-256 ${sha256}, not ${file.sha256}`)
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) requireInside(path)
    for (const path of paths) {
      const absolute = this.#absolute(path)
      await rm(absolute, { force: true }).catch((cause: unknown) => {
        throw ioError(`The file ${absolute} could not be removed`, cause)
      })
      await removeEmptyFolders(dirname(absolute), this.#root)
    }
  }

  locate(path: string): FileLocation {
    requireInside(path)
    return { kind: 'file', path: this.#absolute(path) }
  }

  async close(): Promise<void> {}

  #absolute(path: string): string {
    return join(this.#root, ...path.split('/'))
  }
}

class LocalWriter implements LakeWriter {
  readonly #path: string
  readonly #target: string
  readonly #temporary: string
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  #bytes = 0
  #failure: SluiceError | undefined
  #done = false

  constructor(path: string, target: string, temporary: string, handle: FileHandle) {
    this.#path = path
    this.#target = target
    this.#temporary = temporary
    this.#handle = handle
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#attempt(async () => {
      const writing = writeAll(this.#handle, chunks)
      // Hashes while the disk works; the promise is awaited right below.
      for (const chunk of chunks) {
        this.#hash.update(chunk)
        this.#bytes += chunk.byteLength
      }
      await writing
    })
  }

  async commit(): Promise<StoredFile> {
    await this.#attempt(async () => {
      await this.#handle.sync()
      await this.#handle.close()
      await publish(this.#temporary, this.#target)
    })
    this.#done = true
    return { path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }

  async abort(): Promise<void> {
    if (this.#done) return
    this.#done = true
    await this.#handle.close().catch(() => undefined)
    await rm(this.#temporary, { force: true }).catch((cause: unknown) => {
      throw ioError(`The unfinished file ${this.#temporary} could not be removed`, cause)
    })
  }

  /** A file of which a piece is missing must not be committed, whoever swallowed the failure. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#done) throw ioError(`The file ${this.#target} could not be written`, new Error('it was finished before'))
    await work().catch((cause: unknown) => {
      this.#failure = ioError(`The file ${this.#target} could not be written`, cause)
      throw this.#failure
    })
  }
}

async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks)
  const total = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  if (bytesWritten === total) return
  // A full disk takes a piece first; the next call says so.
  let rest = Buffer.concat(chunks).subarray(bytesWritten)
  while (rest.byteLength > 0) rest = rest.subarray((await handle.write(rest)).bytesWritten)
}

/** Gives the file its name, unless the name is taken, and makes the name durable; without it when that fails. */
async function publish(temporary: string, target: string): Promise<void> {
  await linkInFolder(temporary, target)
  try {
    await rm(temporary)
    await syncFolder(dirname(target))
  } catch (cause) {
    await rm(target, { force: true })
    throw cause
  }
}

async function linkInFolder(temporary: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const made = await mkdir(dirname(target), { recursive: true })
    try {
      if (made !== undefined) await syncNewFolders(dirname(target), dirname(made))
      await link(temporary, target)
      return
    } catch (cause) {
      if (errorCode(cause) === 'EEXIST') throw alreadyThere(target)
      // Another process may have removed the folder while it was still empty.
      if (errorCode(cause) !== 'ENOENT' || attempt === 3) throw cause
    }
  }
}

async function syncNewFolders(folder: string, oldest: string): Promise<void> {
  for (let current = folder; current !== oldest; ) {
    current = dirname(current)
    await syncFolder(current)
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and keeps names durable by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What a killed process left behind a day ago; nobody else removes it, since `list` does not show it. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(ignoreMissing)
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { force: true })
  }
}

async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let current = folder; current.startsWith(root + sep); current = dirname(current)) {
    const removed = await rmdir(current).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

function requireInside(path: string): void {
  // A leading dot would reach out of the lake or into its unfinished files.
  const inside = path.split('/').every((segment) => /^[^.\\\0][^\\\0]*$/.test(segment))
  if (inside) return
  throw new SluiceError('INTERNAL', `The path ${JSON.stringify(path)} is not one inside of the lake.`, {
    hint: 'Look for what made this path: its segments must not be empty or begin with a dot.',
    details: { path },
  })
}

async function fileSize(absolute: string): Promise<number | undefined> {
  const found = await stat(absolute)
    .catch(ignoreMissing)
    .catch((cause: unknown) => {
      throw ioError(`The file ${absolute} could not be looked at`, cause)
    })
  return found?.size
}

function errorCode(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code
}

function isMissing(cause: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(cause) ?? '')
}

function ignoreMissing(cause: unknown): undefined {
  if (!isMissing(cause)) throw cause
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space on the disk of the lake, then run the same command again.',
  EDQUOT: 'Free space in the quota of this user, then run the same command again.',
  EACCES: 'Give this user the right to read and write the lake, then run the same command again.',
  EPERM: 'Put the lake on a file system that knows hard links and that this user may write.',
  ENOTSUP: 'Put the lake on a file system that knows hard links.',
  EROFS: 'Mount the file system of the lake for writing, or set the path of the lake to another folder.',
}

function ioError(what: string, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  const hint = hints[errorCode(cause) ?? ''] ?? 'Look at the disk of the lake and its path, then run the same command again.'
  return new SluiceError('LOCAL_IO', `${what}: ${reason}.`, { hint, cause })
}

function alreadyThere(target: string): SluiceError {
  return new SluiceError('LOCAL_IO', `The file ${target} is there already, and staged files are never replaced.`, {
    hint: 'Run the step again: each run writes under paths of its own.',
    details: { path: target },
  })
}

function readError(absolute: string, cause: unknown): SluiceError {
  if (!isMissing(cause)) return ioError(`The file ${absolute} could not be read`, cause)
  return new SluiceError('FILE_NOT_FOUND', `There is no file ${absolute} in the lake.`, {
    hint: 'Extract the batch again with sluice extract --force, or restore the file from a backup of the lake.',
    details: { path: absolute },
    cause,
  })
}

function altered(file: StoredFile, how: string): SluiceError {
  return new SluiceError('STAGED_FILE_ALTERED', `The staged file ${file.path} is not the one that was written: it ${how}.`, {
    hint: 'Restore the file from a backup of the lake, or extract the batch again with sluice extract --force.',
    details: { path: file.path },
  })
}
