import { isSluiceError, SluiceError } from '../../errors.ts'
import type { Credentials, Proof } from './credentials.ts'
import { type HttpAnswer, type HttpRequest, requestLabel, type Transport } from './exchange.ts'
import type { RateBudget } from './rate-budget.ts'
import { retryAfterMs } from './retry-after.ts'
import { unlessAborted } from './unless-aborted.ts'

/** A request as a resource asks it. */
export interface RestCall {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string | undefined
  /** Whether asking twice does the same as asking once. */
  readonly isIdempotent: boolean
}

/** What all requests of a connection have in common. */
export interface RestClientOptions {
  readonly transport: Transport
  readonly credentials: Credentials
  readonly budget: RateBudget
  /** The only origin that gets the connection's headers, parameters and credentials. */
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** How long one request may wait because the server says so, in all. */
  readonly maxWaitMs: number
}

const firstPauseMs = 250
const longestPauseMs = 30_000

/** Sends requests with the connection's credentials, within its rate, and waits where the server asks for it. */
export class RestClient {
  readonly #options: RestClientOptions

  constructor(options: RestClientOptions) {
    this.#options = options
  }

  /**
   * Resolves to the answer, whatever its status. What fails in a way that another try may mend is retryable, if the call is
   * idempotent. CONTROL_FAILED comes from a budget that is shared, before anything is sent.
   */
  async call(call: RestCall, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      return await this.#answer(call, signal)
    } catch (error) {
      throw isSluiceError(error) ? failureOf(error, call.isIdempotent) : error
    }
  }

  async #answer(call: RestCall, signal: AbortSignal): Promise<HttpAnswer> {
    const { transport, credentials, budget, maxWaitMs } = this.#options
    let isRenewed = false
    let waitedMs = 0
    for (let pauses = 0; ; ) {
      if (transport.isLive) await budget.take(signal)
      const proof = await unlessAborted(credentials.current(), signal)
      const request = this.#request(call, proof)
      const answer = await transport.send(request, signal)
      if (answer.status === 401 && !isRenewed && credentials.renew(proof)) {
        isRenewed = true
        continue
      }
      const pauseMs = call.isIdempotent ? pauseOf(answer, pauses) : undefined
      if (pauseMs === undefined) return answer
      waitedMs += pauseMs
      if (waitedMs > maxWaitMs) throw tooLong(request, answer, maxWaitMs)
      if (transport.isLive) budget.pause(pauseMs)
      pauses += 1
    }
  }

  #request({ method, url, headers, body }: RestCall, proof: Proof): HttpRequest {
    const { origin, headers: common, query } = this.#options
    const target = new URL(url)
    const isOwn = target.origin === origin
    const plain = {
      accept: 'application/json',
      'user-agent': 'sluice-etl',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    if (!isOwn) return { method, url: target, headers: plain, body, label: requestLabel(method, target) }
    for (const [name, value] of Object.entries(query)) if (!target.searchParams.has(name)) target.searchParams.set(name, value)
    for (const [name, value] of Object.entries(proof.query)) target.searchParams.set(name, value)
    const named = [plain, common, headers, proof.headers].flatMap((some) => Object.entries(some))
    // The later of two headers wins, however its name is written.
    const merged = Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), value]))
    return { method, url: target, headers: merged, body, label: requestLabel(method, target) }
  }
}

/** How long the server asks to wait before the request is sent again; undefined when it does not. */
function pauseOf({ status, headers }: HttpAnswer, pauses: number): number | undefined {
  if (status !== 408 && status !== 429 && status < 500) return undefined
  const asked = askedMs(headers)
  // 429 is a request to wait even where it does not say how long.
  if (asked === undefined && status !== 429) return undefined
  const boundMs = Math.min(firstPauseMs * 2 ** pauses, longestPauseMs)
  return Math.max(asked ?? 0, boundMs / 2 + Math.random() * (boundMs / 2))
}

function askedMs(headers: HttpAnswer['headers']): number | undefined {
  return retryAfterMs(headers['retry-after'], Date.now())
}

function tooLong({ label }: HttpRequest, { status, headers }: HttpAnswer, maxWaitMs: number): SluiceError {
  const [askedS, mostS] = [Math.ceil((askedMs(headers) ?? 0) / 1000), maxWaitMs / 1000]
  const isOnce = askedS > mostS
  const what = isOnce ? `asks to wait ${askedS} s, longer than ${mostS} s` : `asks to wait again after ${mostS} s in all`
  return new SluiceError(isOnce ? 'SOURCE_FAILED' : 'SOURCE_UNREACHABLE', `${label} was answered with ${status} and ${what}.`, {
    hint: isOnce
      ? `Run it again in ${askedS} s, or raise \`maxWaitMs\` of the connection.`
      : 'Lower `rate` of the connection, or raise `maxWaitMs`.',
    details: { request: label, status },
  })
}

/**
 * The failure of a call: one that must not be sent again by itself has a code with which nobody tries. Without a turn from
 * the control store it was not sent at all.
 */
export function failureOf(error: SluiceError, isIdempotent: boolean): SluiceError {
  if (isIdempotent || !error.retryable || error.code === 'CONTROL_FAILED') return error
  return new SluiceError('SOURCE_FAILED', error.message, {
    hint: 'Run it again when nothing was done twice; if the request only reads, declare `idempotent: true` and it is tried again.',
    details: error.details,
    cause: error,
  })
}
