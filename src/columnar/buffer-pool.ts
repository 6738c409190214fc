const smallest = 4096

/**
 * Buffers that come back: sizes are in steps, contents are not cleared.
 * Garbage of this kind would be taken for the process's own memory until the collector finds it.
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>()

  /** A buffer of at least `bytes` bytes. */
  take(bytes: number): Buffer {
    const size = sizeOf(bytes)
    return this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size)
  }

  /** Takes back a buffer, or the buffer of which this is a part, that nobody looks at any more. */
  give(part: Buffer): void {
    const buffer = Buffer.from(part.buffer)
    const free = this.#free.get(buffer.length)
    if (free === undefined) this.#free.set(buffer.length, [buffer])
    else free.push(buffer)
  }
}

/** Four sizes between a power of two and the next: at most a fifth is left over. */
function sizeOf(bytes: number): number {
  if (bytes <= smallest) return smallest
  const step = 2 ** (29 - Math.clz32(bytes - 1))
  return Math.ceil(bytes / step) * step
}
