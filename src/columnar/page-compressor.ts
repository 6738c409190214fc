import { constants, createZstdCompress } from 'node:zlib'
import type { BufferPool } from './buffer-pool.ts'

/** Twice the threads of Node's pool, so that none waits for this one. */
const maxContexts = 8
const maxBytes = 8 << 20
const pieceBytes = 128 << 10

/** Compresses pages on Node's thread pool and says when to wait for it. */
export class PageCompressor {
  readonly #level: number
  readonly #pool: BufferPool
  readonly #contexts: ZstdContext[] = []
  readonly #idle: ZstdContext[] = []
  readonly #queue: ((context: ZstdContext) => void)[] = []
  #bytes = 0
  #waiting: (() => void) | undefined

  constructor(level: number, pool: BufferPool) {
    this.#level = level
    this.#pool = pool
  }

  /**
   * The zstd frame of `page`, with a checksum, at the beginning of a buffer of the pool.
   * `page` must not change until then.
   */
  async compress(page: Uint8Array): Promise<Buffer> {
    this.#bytes += page.length
    const context = await this.#context()
    try {
      const pieces = await context.frame(page)
      const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
      const buffer = this.#pool.take(bytes)
      pieces.reduce((at, piece) => {
        buffer.set(piece, at)
        return at + piece.length
      }, 0)
      release(pieces)
      return buffer.subarray(0, bytes)
    } finally {
      const next = this.#queue.shift()
      if (next) next(context)
      else this.#idle.push(context)
      this.#bytes -= page.length
      if (this.#bytes <= maxBytes / 2) this.#waiting?.()
    }
  }

  /** Resolves when more pages may come. For one caller at a time. */
  async ready(): Promise<void> {
    if (this.#bytes <= maxBytes) return
    await new Promise<void>((resolve) => {
      this.#waiting = resolve
    })
    this.#waiting = undefined
  }

  /** Gives the contexts' memory back. Nothing may be in work. */
  close(): void {
    for (const context of this.#contexts) context.close()
  }

  async #context(): Promise<ZstdContext> {
    const idle = this.#idle.pop()
    if (idle) return idle
    if (this.#contexts.length === maxContexts) return new Promise((resolve) => this.#queue.push(resolve))
    const context = new ZstdContext(this.#level)
    this.#contexts.push(context)
    return context
  }
}

/** Makes one frame after the other: a stream for each page would cost more than a small page's compression. */
class ZstdContext {
  readonly #stream: ReturnType<typeof createZstdCompress>
  #pieces: Uint8Array[] = []
  #fail: (error: Error) => void = () => {}

  constructor(level: number) {
    this.#stream = createZstdCompress({
      chunkSize: pieceBytes,
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    })
    this.#stream.on('data', (piece: Uint8Array) => this.#pieces.push(piece))
    this.#stream.on('error', (error) => this.#fail(error))
  }

  /** The pieces of the frame, which are good until the next call. */
  frame(page: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#pieces = []
    return new Promise((resolve, reject) => {
      this.#fail = reject
      this.#stream.write(page)
      this.#stream.flush(constants.ZSTD_e_end, () => {
        while (this.#stream.read() !== null);
        resolve(this.#pieces)
      })
    })
  }

  close(): void {
    this.#stream.close()
  }
}

/** Frees what Node wrote the pieces into, but for the last, which it goes on with. */
function release(pieces: readonly Uint8Array[]): void {
  const current = pieces.at(-1)?.buffer
  for (const { buffer } of pieces) {
    if (buffer !== current && buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
  }
}
