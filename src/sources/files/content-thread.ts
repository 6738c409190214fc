import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { SluiceError } from '../../errors.ts'
import type { FormatRequest } from '../../formats/format-reading.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import { type ContentTask, chunksAhead, type FromThread, Inbox, type ThreadFailure, type ToThread } from './content-messages.ts'
import type { FileContent } from './file-resource.ts'

const lastWordMs = 1_000

/** As `readContent`, in a thread of its own, so that rows are made while the rows before them are written. */
export async function* readInThread(
  chunks: AsyncIterable<Uint8Array>,
  content: FileContent,
  { name, columns, notice }: FormatRequest,
): AsyncGenerator<ReadBatch> {
  const task: ContentTask = { name, columns, content }
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./content-worker.${extension}`, import.meta.url), { workerData: task })
  const inbox = new Inbox<FromThread>()
  const feed = new Feed((message, memory) => worker.postMessage(message, memory))
  worker.on('message', (message: FromThread) => (message.kind === 'taken' ? feed.reuse(message.memory) : inbox.add(message)))
  worker.on('error', (cause) => inbox.fail(cause))
  worker.on('exit', () => inbox.fail(new Error(`the thread that reads ${name} ended`)))
  const fed = feed.run(chunks)
  fed.catch((cause: unknown) => inbox.fail(cause))
  try {
    for (let message = await inbox.next(); message.kind !== 'done'; message = await inbox.next()) {
      if (message.kind === 'failed') throw failed(message.failure)
      if (message.kind === 'notice') notice(message.message)
      if (message.kind !== 'batch') continue
      yield message.batch
      worker.postMessage({ kind: 'more' } satisfies ToThread)
    }
    await fed
  } finally {
    feed.stop()
    await worker.terminate()
    // A chunk that is still on its way must not keep whoever gives up.
    await Promise.race([fed.catch(() => {}), pause(lastWordMs, undefined, { ref: false })])
  }
}

/** Hands chunks over, a few ahead of the thread. */
class Feed {
  readonly #post: (message: ToThread, memory: ArrayBuffer[]) => void
  readonly #free: ArrayBuffer[] = []
  #isStopped = false
  #underWay = 0
  #wake: () => void = () => {}

  constructor(post: (message: ToThread, memory: ArrayBuffer[]) => void) {
    this.#post = post
  }

  async run(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      while (this.#underWay >= chunksAhead && !this.#isStopped) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (this.#isStopped) return
      const bytes = this.#copy(chunk)
      this.#underWay += 1
      this.#post({ kind: 'chunk', bytes }, [bytes.buffer])
    }
    this.#post({ kind: 'end' }, [])
  }

  reuse(memory: ArrayBuffer): void {
    this.#free.push(memory)
    this.#underWay -= 1
    this.#wake()
  }

  stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  /** A store uses a chunk's memory again once the next one is asked for. */
  #copy(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    const free = this.#free.pop()
    const memory = free !== undefined && free.byteLength >= chunk.length ? free : new ArrayBuffer(chunk.length)
    const bytes = new Uint8Array(memory, 0, chunk.length)
    bytes.set(chunk)
    return bytes
  }
}

function failed({ code, message, hint, details }: ThreadFailure): Error {
  return code === undefined ? new Error(message) : new SluiceError(code, message, { hint, details })
}
