import { constants, type FileHandle, open } from 'node:fs/promises'
import { SluiceError } from '../../errors.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import { translated } from './failures.ts'
import type { FoundFile } from './list-files.ts'

const chunkBytes = 256 * 1024

/**
 * The bytes of a file from its beginning to its end; a chunk's memory is used again for the next one.
 * FILE_CORRUPT when the file is not, before and after, the one that was chosen.
 */
export async function* fileChunks(file: FoundFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
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
      if (total > file.bytes) throw changed(file)
      yield buffer.subarray(0, read)
      throwIfAborted(signal)
    }
    await refuseChanged(handle, file)
    if (total !== file.bytes) throw changed(file)
  } finally {
    await handle.close()
  }
}

async function readInto(buffer: Buffer, handle: FileHandle, file: FoundFile): Promise<number> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, null).catch((cause: unknown) => {
    throw translated(cause, file.id, { file: file.id })
  })
  return bytesRead
}

async function refuseChanged(handle: FileHandle, file: FoundFile): Promise<void> {
  const now = await handle.stat({ bigint: true })
  const isSame = now.size === BigInt(file.bytes) && now.mtimeNs === file.modifiedNs && now.ino === file.inode
  if (!isSame) throw changed(file)
}

function changed({ id }: FoundFile): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${id} changed while it was read.`, {
    hint: 'Run it again when the file is complete; have files written under another name and renamed when they are.',
    details: { file: id },
  })
}
