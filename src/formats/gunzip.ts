import { createGunzip, type Gunzip } from 'node:zlib'
import { isSluiceError, SluiceError } from '../errors.ts'
import { type UnpackLimit, UnpackMeter } from './unpack-limit.ts'

const chunkSize = 256 * 1024

/**
 * The bytes of all members of a gzip file, one behind the other; zeros may follow the last one. FILE_CORRUPT when anything
 * else follows, when it is cut, when a checksum is wrong, or when more comes out than the limit allows.
 */
export async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  { name, limit }: { readonly name: string; readonly limit: UnpackLimit },
): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize })
  const meter = new UnpackMeter(name, limit)
  const feed = new Feed(stream)
  const fed = feed.run(chunks)
  // The reader below is told by the stream.
  fed.catch((cause: unknown) => stream.destroy(cause instanceof Error ? cause : new Error(String(cause))))
  try {
    for await (const chunk of stream) {
      meter.add(chunk.length, feed.bytes)
      yield chunk
    }
    // The rest, behind the last member.
    await fed
  } catch (cause) {
    throw translated(cause, name)
  } finally {
    stream.destroy()
    await fed.catch(() => {})
  }
}

class Feed {
  bytes = 0
  readonly #stream: Gunzip

  constructor(stream: Gunzip) {
    this.#stream = stream
  }

  /** A chunk is asked for when the one before has been unpacked: its memory may be used again then. */
  async run(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      if (this.#stream.destroyed && !this.#stream.readableEnded) return
      const before = this.bytes
      this.bytes += chunk.length
      const hasEnded = this.#stream.bytesWritten < before
      if (!hasEnded) await this.#write(chunk)
      const taken = Math.max(0, this.#stream.bytesWritten - before)
      if (chunk.subarray(taken).some((byte) => byte !== 0)) throw new Error('something follows its last member')
    }
    if (this.#stream.bytesWritten === this.bytes) this.#stream.end()
  }

  #write(chunk: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onEnd = () => resolve()
    this.#stream.once('close', onEnd)
    this.#stream.write(chunk, (cause) => {
      this.#stream.off('close', onEnd)
      if (cause) reject(cause)
      else resolve()
    })
    return promise
  }
}

function translated(cause: unknown, name: string): SluiceError {
  if (isSluiceError(cause)) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('FILE_CORRUPT', `${name} cannot be unpacked as gzip: ${message}.`, {
    hint: "Have the file delivered again; if it is no gzip file, set `compression: 'none'` in the extract script.",
    details: { file: name },
    cause,
  })
}
