import type { ErrorCode, ErrorDetails } from '../../errors.ts'
import type { ReadBatch } from '../../model/column-batch.ts'
import type { DeclaredColumn } from '../../model/script.ts'
import type { FileContent } from './file-resource.ts'

/** What the thread begins with. */
export interface ContentTask {
  readonly name: string
  readonly columns: readonly DeclaredColumn[]
  readonly content: FileContent
}

/** What the thread is told. */
export type ToThread =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** A batch was taken, so another one may come. */
  | { readonly kind: 'more' }

/** What the thread tells. */
export type FromThread =
  | { readonly kind: 'batch'; readonly batch: ReadBatch }
  | { readonly kind: 'notice'; readonly message: string }
  /** A chunk's memory, to be used again. */
  | { readonly kind: 'taken'; readonly memory: ArrayBuffer }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: ThreadFailure }

export interface ThreadFailure {
  /** Undefined: an error that is none of ours. */
  readonly code: ErrorCode | undefined
  readonly message: string
  readonly hint: string
  readonly details: ErrorDetails
}

/** How many chunks, and how many batches, are under way at most. */
export const chunksAhead = 4
export const batchesAhead = 2

/** Messages in the order in which they came, each waited for. */
export class Inbox<Message> {
  readonly #messages: Message[] = []
  #failure: { readonly cause: unknown } | undefined
  #wake: () => void = () => {}

  add(message: Message): void {
    this.#messages.push(message)
    this.#wake()
  }

  /** Every later call of {@link next} rejects with it, once the messages are taken. */
  fail(cause: unknown): void {
    this.#failure ??= { cause }
    this.#wake()
  }

  async next(): Promise<Message> {
    while (true) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      if (this.#failure !== undefined) throw this.#failure.cause
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
