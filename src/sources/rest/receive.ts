import type { Dispatcher } from 'undici'

/** An answer as it came over the wire. */
export interface Received {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly body: Buffer
}

const firstBytes = 16 * 1024

/** Sends a request and gathers its answer; no stream in between, which would cost more than the rest. */
export function receive(agent: Dispatcher, request: Dispatcher.DispatchOptions, signal: AbortSignal): Promise<Received> {
  return new Promise((resolve, reject) => {
    const reception = new Reception(signal, resolve, reject)
    agent.dispatch(request, reception)
  })
}

class Reception implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal
  readonly #resolve: (received: Received) => void
  readonly #reject: (cause: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: Received['headers'] = {}
  #body = Buffer.alloc(0)
  #length = 0

  constructor(signal: AbortSignal, resolve: (received: Received) => void, reject: (cause: unknown) => void) {
    this.#signal = signal
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
    this.#body = Buffer.allocUnsafeSlow(length > 0 && length < 2 ** 30 ? length : firstBytes)
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
