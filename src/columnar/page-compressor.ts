import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'

const compress = promisify(zstdCompress)

/** So much may wait for the thread pool: each page in work holds a zstd context besides its bytes. */
const maxPages = 32
const maxBytes = 16 << 20

/** Compresses pages on Node's thread pool and says when to wait for it. */
export class PageCompressor {
  readonly #level: number
  #pages = 0
  #bytes = 0
  #waiting: (() => void) | undefined

  constructor(level: number) {
    this.#level = level
  }

  /**
   * The zstd frame of `page`, with a checksum. `page` must not change until then.
   * `expected` is about how long the frame will be: Node takes memory in pieces of this size.
   */
  async compress(page: Uint8Array, expected: number): Promise<Uint8Array> {
    this.#pages++
    this.#bytes += page.length
    try {
      const frame = await compress(page, {
        chunkSize: Math.max(1024, Math.min(expected, page.length + (page.length >> 8) + 64)),
        pledgedSrcSize: page.length,
        params: { [constants.ZSTD_c_compressionLevel]: this.#level, [constants.ZSTD_c_checksumFlag]: 1 },
      })
      // The frame may be a view on such a piece, which would live as long.
      return frame.length * 2 < frame.buffer.byteLength ? Buffer.from(frame) : frame
    } finally {
      this.#pages--
      this.#bytes -= page.length
      if (this.#pages <= maxPages / 2 && this.#bytes <= maxBytes / 2) this.#waiting?.()
    }
  }

  /** Resolves when more pages may come. For one caller at a time. */
  async ready(): Promise<void> {
    if (this.#pages <= maxPages && this.#bytes <= maxBytes) return
    await new Promise<void>((resolve) => {
      this.#waiting = resolve
    })
    this.#waiting = undefined
  }
}
