import type { Duplex } from 'node:stream'
import type { Connection, Submittable } from 'pg'

/** So many chunks may wait before no more are read. */
const mostWaiting = 16

/**
 * A COPY to here, whose messages are taken from the socket as they come: the driver would make an object of every row.
 * Its reader finds the end of the rows in them, and hands back what comes behind.
 */
export class CopyOut implements Submittable {
  readonly #sql: string
  readonly #waiting: Buffer[] = []
  readonly #ended = Promise.withResolvers<number>()
  #stream: Duplex | undefined
  #theirs: ((chunk: Buffer) => void) | undefined
  #wake = () => {}
  #failure: Error | undefined
  #rows = -1

  constructor(sql: string) {
    this.#sql = sql
    // Who waits for a chunk is told as well.
    this.#ended.promise.catch(() => {})
  }

  /** Called by the driver when it is this query's turn. */
  submit(connection: Connection): void {
    const { stream } = connection
    const [theirs] = stream.listeners('data')
    if (theirs === undefined) throw new Error('the driver does not listen to its socket')
    this.#theirs = theirs as (chunk: Buffer) => void
    this.#stream = stream
    stream.removeListener('data', this.#theirs)
    stream.on('data', this.#take)
    connection.query(this.#sql)
  }

  /** The bytes that the server sent next. */
  async next(): Promise<Buffer> {
    while (this.#waiting.length === 0) {
      if (this.#failure) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const chunk = this.#waiting.shift() ?? Buffer.alloc(0)
    if (this.#waiting.length === 0) this.#stream?.resume()
    return chunk
  }

  /** Lets the driver read on, from `rest`: the message that ends the rows. Answers how many rows the server says it has sent. */
  async finish(rest: Buffer): Promise<number> {
    const [stream, theirs] = [this.#stream, this.#theirs]
    if (stream !== undefined && theirs !== undefined) {
      stream.removeListener('data', this.#take)
      stream.on('data', theirs)
      for (const chunk of [rest, ...this.#waiting.splice(0)]) theirs(chunk)
      stream.resume()
    }
    return this.#ended.promise
  }

  handleError(failure: Error): void {
    this.#failure = failure
    this.#ended.reject(failure)
    this.#wake()
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? -1)
  }

  handleReadyForQuery(): void {
    this.#ended.resolve(this.#rows)
  }

  readonly #take = (chunk: Buffer) => {
    this.#waiting.push(chunk)
    if (this.#waiting.length >= mostWaiting) this.#stream?.pause()
    this.#wake()
  }
}
