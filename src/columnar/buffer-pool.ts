const smallest = 4096
const keptOfASize = 24

/** Page buffers that go to the compressor and come back: sizes are powers of two, contents are not cleared. */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>()

  /** A buffer of at least `bytes` bytes. */
  take(bytes: number): Buffer {
    let size = smallest
    while (size < bytes) size *= 2
    return this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size)
  }

  /** Takes back a buffer that nobody looks at any more. */
  give(buffer: Buffer): void {
    const kept = this.#free.get(buffer.length)
    if (kept === undefined) this.#free.set(buffer.length, [buffer])
    else if (kept.length < keptOfASize) kept.push(buffer)
  }
}
