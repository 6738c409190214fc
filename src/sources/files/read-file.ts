import { createHash } from 'node:crypto'
import { SluiceError } from '../../errors.ts'
import type { ChecksumKind } from './file-resource.ts'
import type { FileStore, FoundFile } from './file-store.ts'

const largestChecksumFile = 1024 * 1024
const hexLength: Readonly<Record<ChecksumKind, number>> = { md5: 32, sha256: 64 }

/** What is to be compared with a file's bytes. */
export interface Expected {
  readonly kind: ChecksumKind
  /** Hexadecimal, lower case. */
  readonly hex: string
  /** The file that says so. */
  readonly from: string
}

/** The bytes of a file; behind the last one stands its SHA-256. FILE_CORRUPT unless they have the checksum that is expected. */
export class HashedFile {
  readonly #bytes: AsyncIterable<Uint8Array>
  readonly #name: string
  readonly #expected: Expected | undefined
  #sha256: string | undefined

  constructor(bytes: AsyncIterable<Uint8Array>, name: string, expected: Expected | undefined) {
    this.#bytes = bytes
    this.#name = name
    this.#expected = expected
  }

  /** Hexadecimal; undefined before all bytes were read. */
  get sha256(): string | undefined {
    return this.#sha256
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256')
    const other = this.#expected?.kind === 'md5' ? createHash('md5') : undefined
    for await (const chunk of this.#bytes) {
      hash.update(chunk)
      other?.update(chunk)
      yield chunk
    }
    const sha256 = hash.digest('hex')
    const found = other?.digest('hex') ?? sha256
    if (this.#expected !== undefined && found !== this.#expected.hex) throw differs(this.#name, this.#expected, found)
    this.#sha256 = sha256
  }
}

/** What a checksum file says about its file: the digits alone, or a line of `md5sum`, `sha256sum` or their like. */
export async function expectedOf(
  store: FileStore,
  { id }: FoundFile,
  { file, kind }: { readonly file: FoundFile; readonly kind: ChecksumKind },
  signal: AbortSignal,
): Promise<Expected> {
  if (file.bytes > largestChecksumFile) throw unreadable(file.id, kind)
  const parts: Buffer[] = []
  for await (const chunk of store.read(file, signal)) parts.push(Buffer.from(chunk))
  const name = id.slice(id.lastIndexOf('/') + 1)
  const digits = new RegExp(`(?<![0-9a-f])[0-9a-f]{${hexLength[kind]}}(?![0-9a-f])`, 'i')
  const lines = Buffer.concat(parts)
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => digits.test(line))
  const line = lines.length === 1 ? lines[0] : lines.find((text) => isOf(text, name))
  const hex = line && digits.exec(line)?.[0].toLowerCase()
  if (hex === undefined) throw unreadable(file.id, kind)
  return { kind, hex, from: file.id }
}

/** Whether a line of `md5sum`, or of its `--tag` form, is about the file. */
function isOf(line: string, name: string): boolean {
  const [tagged] = /(?<=\().+(?=\) = )/.exec(line) ?? []
  const path = tagged ?? line.trim().replace(/^\\?[0-9a-f]+ [ *]/i, '')
  return path === name || path.endsWith(`/${name}`)
}

function unreadable(id: string, kind: ChecksumKind): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${id} holds no ${kind} checksum of its file.`, {
    hint: `Have it delivered with the ${hexLength[kind]} hexadecimal digits, as ${kind}sum writes them.`,
    details: { file: id },
  })
}

function differs(name: string, { kind, hex, from }: Expected, found: string): SluiceError {
  return new SluiceError('FILE_CORRUPT', `${name} is not what ${from} says: its ${kind} is ${found}, not ${hex}.`, {
    hint: 'Have the file delivered again with its checksum.',
    details: { file: name },
  })
}
