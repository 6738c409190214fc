import { crc32 } from 'node:zlib'
import type { Entry, ZipFile } from 'yauzl'
import { type ErrorCode, isSluiceError, SluiceError } from '../errors.ts'
import { type UnpackLimit, UnpackMeter } from './unpack-limit.ts'

const fileType = 0xf000
const linkType = 0xa000

/** The files of a zip archive; entries that are folders are none. */
export interface ZipReading {
  /** In the order of the archive; each name stands there once. */
  readonly names: readonly string[]
  /** The bytes of one of them. FILE_CORRUPT when they are encrypted or not those that were packed. */
  read(name: string): AsyncIterable<Uint8Array>
  close(): void
}

/**
 * Opens a zip archive that lies on this host. FILE_CORRUPT when it is none or was cut, when a name leads out of it or stands
 * there twice, when an entry is a link, or when more comes out than the limit allows.
 */
export async function openZip(
  path: string,
  { name, bytes, limit }: { readonly name: string; readonly bytes: number; readonly limit: UnpackLimit },
): Promise<ZipReading> {
  const { openPromise } = await import('yauzl')
  const meter = new UnpackMeter(name, limit)
  const archive = await openPromise(path, { autoClose: false, strictFileNames: true }).catch((cause: unknown) => {
    throw translated(cause, name)
  })
  const entries = await entriesOf(archive, name).catch((cause: unknown) => {
    archive.close()
    throw translated(cause, name)
  })
  return {
    names: [...entries.keys()],
    read: (entryName) => entryBytes(archive, entryOf(entries, entryName, name), { name, bytes, meter }),
    close: () => archive.close(),
  }
}

async function entriesOf(archive: ZipFile, name: string): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>()
  for await (const entry of archive.eachEntry()) {
    const { fileName } = entry
    if (fileName.endsWith('/')) continue
    if (((entry.externalFileAttributes >>> 16) & fileType) === linkType) throw refused(name, `its entry ${fileName} is a link`)
    if (entries.has(fileName)) throw refused(name, `it holds ${fileName} twice`)
    entries.set(fileName, entry)
  }
  return entries
}

function entryOf(entries: ReadonlyMap<string, Entry>, entryName: string, name: string): Entry {
  const entry = entries.get(entryName)
  if (entry === undefined) throw refused(name, `it holds no ${entryName}`)
  if (entry.isEncrypted()) throw refused(name, `its entry ${entryName} is encrypted`)
  return entry
}

interface Counted {
  readonly name: string
  /** Of the whole archive. */
  readonly bytes: number
  readonly meter: UnpackMeter
}

async function* entryBytes(archive: ZipFile, entry: Entry, { name, bytes, meter }: Counted): AsyncGenerator<Uint8Array> {
  try {
    const stream = await archive.openReadStreamPromise(entry)
    let checksum = 0
    for await (const chunk of stream) {
      meter.add(chunk.length, bytes)
      checksum = crc32(chunk, checksum)
      yield chunk
    }
    if (checksum !== entry.crc32) throw refused(name, `its entry ${entry.fileName} does not have the checksum that it says`)
  } catch (cause) {
    throw translated(cause, name)
  }
}

function translated(cause: unknown, name: string): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, message } = factsOf(cause)
  // The system's errors have a code, those of the archive have none.
  const isSystem = typeof code === 'string' && !code.startsWith('Z_')
  return refused(name, `${isSystem ? 'its copy cannot be read' : 'it is no sound zip archive'}: ${message}`, {
    code: isSystem ? 'LOCAL_IO' : 'FILE_CORRUPT',
    cause,
  })
}

function refused(
  name: string,
  what: string,
  { code = 'FILE_CORRUPT' as ErrorCode, cause = undefined as unknown } = {},
): SluiceError {
  return new SluiceError(code, `${name} cannot be read: ${what}.`, {
    hint: 'Have the file delivered again, packed without links, passwords and names that lead out of it.',
    details: { file: name },
    cause,
  })
}

function factsOf(cause: unknown): { readonly code: unknown; readonly message: string } {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return { code, message: cause instanceof Error ? cause.message : String(cause) }
}
