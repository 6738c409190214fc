import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSluiceError, SluiceError } from '../../errors.ts'

/** A file's own copy in a private folder, for formats that do not read from the beginning to the end. */
export class LocalCopy {
  readonly path: string
  readonly #folder: string
  #bytes = 0

  constructor(folder: string) {
    this.#folder = folder
    this.path = join(folder, 'file')
  }

  static async make(): Promise<LocalCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-file-')).catch((cause: unknown) => {
      throw notWritten(cause)
    })
    return new LocalCopy(folder)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes all bytes. */
  async fill(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      const file = await open(this.path, 'wx', 0o600)
      try {
        for await (const chunk of chunks) {
          await file.writeFile(chunk)
          this.#bytes += chunk.length
        }
      } finally {
        await file.close()
      }
    } catch (cause) {
      throw isSluiceError(cause) ? cause : notWritten(cause)
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function notWritten(cause: unknown): SluiceError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('LOCAL_IO', `The copy of a file cannot be written: ${message}.`, {
    hint: `Make room in ${tmpdir()}, or set TMPDIR to a folder with more of it.`,
    cause,
  })
}
