import { constants, type FileHandle, open, opendir } from 'node:fs/promises'
import type { FileStore, FoundFile, Listing, WantedFiles } from '../files/file-store.ts'
import { changedWhileRead } from '../files/identity.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { translated } from './failures.ts'
import { listFiles } from './list-files.ts'

const chunkBytes = 256 * 1024

/** A folder of this host. A link that leaves it is refused. */
export class LocalStore implements FileStore {
  readonly label: string

  constructor(folder: string) {
    this.label = folder
  }

  async check(): Promise<void> {
    try {
      const folder = await opendir(this.label)
      await folder.close()
    } catch (cause) {
      throw translated(cause, `The folder ${this.label}`, { folder: this.label })
    }
  }

  list(wanted: WantedFiles): Promise<Listing> {
    return listFiles(this.label, wanted)
  }

  async *read(file: FoundFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    throwIfAborted(signal)
    // The path is free of links; one that stands there now was put there since.
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
      throw translated(cause, file.id, { file: file.id })
    })
    try {
      await refuseChanged(handle, file)
      const buffer = Buffer.allocUnsafeSlow(chunkBytes)
      let total = 0
      for (let read = await readInto(buffer, handle, file); read > 0; read = await readInto(buffer, handle, file)) {
        total += read
        // A file that somebody appends to might never end.
        if (total > file.bytes) throw changedWhileRead(file)
        yield buffer.subarray(0, read)
        throwIfAborted(signal)
      }
      await refuseChanged(handle, file)
      if (total !== file.bytes) throw changedWhileRead(file)
    } finally {
      await handle.close()
    }
  }

  async close(): Promise<void> {}
}

async function readInto(buffer: Buffer, handle: FileHandle, file: FoundFile): Promise<number> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, null).catch((cause: unknown) => {
    throw translated(cause, file.id, { file: file.id })
  })
  return bytesRead
}

async function refuseChanged(handle: FileHandle, file: FoundFile): Promise<void> {
  const now = await handle.stat({ bigint: true })
  const isSame = now.size === BigInt(file.bytes) && now.mtimeNs === file.modifiedNs && String(now.ino) === file.version
  if (!isSame) throw changedWhileRead(file)
}
