import type { Dispatcher } from 'undici'

/** An answer as it came over the wire. */
export interface Received {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly body: Buffer
}

const firstBytes = 16 * 1024
/** One for the answer that comes while the one before is read. */
const mostSpares = 2

/** The memory of answers that nobody looks at any more: of new memory for each answer, the system would clear every page. */
export class SpareBodies {
  readonly #spares: Buffer[] = []

  /** At least so many bytes, in which anything may stand. */
  take(bytes: number): Buffer {
    const index = this.#spares.findIndex(({ length }) => length >= bytes && length <= bytes * 2)
    return this.#spares.splice(index, index < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(bytes + (bytes >> 3))
  }

  /** Takes back what `take` gave, or a part of it; the oldest make room. */
  give(body: Buffer): void {
    this.#spares.push(Buffer.from(body.buffer))
    if (this.#spares.length > mostSpares) this.#spares.shift()
  }
}

/**
 * Sends a request and gathers its answer; no stream in between, which would cost more than the rest. Who does not look at
 * the body any more may give it to `spares`.
 */
export function receive(
  agent: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  spares: SpareBodies,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const reception = new Reception(signal, spares, resolve, reject)
    agent.dispatch(request, reception)
  })
}

class Reception implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal
  readonly #spares: SpareBodies
  readonly #resolve: (received: Received) => void
  readonly #reject: (cause: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: Received['headers'] = {}
  #body: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(signal: AbortSignal, spares: SpareBodies, resolve: (received: Received) => void, reject: (cause: unknown) => void) {
    this.#signal = signal
    this.#spares = spares
    this.#resolve = resolve
    this.#reject = reject
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) this.#abort()
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Received['headers']): void {
    // Those below 200 come before the answer.
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    const length = Number(headers['content-length'])
    this.#body = this.#spares.take(length > 0 && length < 2 ** 30 ? length : firstBytes)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    const need = this.#length + chunk.length
    if (need > this.#body.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, this.#body.length * 2))
      this.#body.copy(grown, 0, 0, this.#length)
      this.#body = grown
    }
    chunk.copy(this.#body, this.#length)
    this.#length = need
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    this.#resolve({ status: this.#status, headers: this.#headers, body: this.#body.subarray(0, this.#length) })
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.#signal.removeEventListener('abort', this.#abort)
    this.#reject(cause)
  }

  readonly #abort = (): void => {
    const { reason } = this.#signal
    this.#controller?.abort(reason instanceof Error ? reason : new Error(String(reason)))
    // Before the request has its connection, nothing else would tell.
    this.#reject(reason)
  }
}
