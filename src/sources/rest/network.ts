import { Agent, type Dispatcher } from 'undici'
import { publicLookup, refusePrivateHost } from './addresses.ts'
import { acceptedEncodings, decodeBody } from './decode-body.ts'
import { type HttpAnswer, type HttpRequest, requestLabel, type Transport } from './exchange.ts'
import { invalid, translated } from './failures.ts'
import { receive, SpareBodies } from './receive.ts'

/** How long each part of an exchange may take, in milliseconds. */
export interface Timeouts {
  readonly connectMs: number
  /** From the request until the answer begins. */
  readonly headersMs: number
  /** Between two pieces of the answer. */
  readonly idleMs: number
  /** The whole exchange, redirects included. */
  readonly totalMs: number
}

/** What a network transport may do. */
export interface NetworkOptions {
  /** Where requests and redirects may go: scheme, host and port. */
  readonly origins: ReadonlySet<string>
  readonly allowPrivate: boolean
  readonly timeouts: Timeouts
  readonly maxPageBytes: number
  /** Certificates to trust besides, in PEM; undefined: only those that Node trusts. */
  readonly authority: string | undefined
}

const redirects = new Set([301, 302, 303, 307, 308])
const mostRedirects = 5
/** What may be said to another origin; everything else may be a credential. */
const plainHeaders = new Set(['accept', 'content-type', 'user-agent'])

/** Sends requests over HTTP/1.1; follows redirects only to the allowed origins, and never with credentials to another one. */
export class NetworkTransport implements Transport {
  readonly isLive = true
  readonly #options: NetworkOptions
  readonly #agent: Agent
  readonly #spares = new SpareBodies()

  constructor(options: NetworkOptions) {
    this.#options = options
    const { timeouts, maxPageBytes, allowPrivate, authority } = options
    this.#agent = new Agent({
      allowH2: false,
      connectTimeout: timeouts.connectMs,
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      maxResponseSize: maxPageBytes,
      connect: {
        timeout: timeouts.connectMs,
        ...(!allowPrivate && { lookup: publicLookup }),
        ...(authority !== undefined && { ca: authority }),
      },
    })
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted()
    const { totalMs } = this.#options.timeouts
    const ending = new AbortController()
    const end = () => ending.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    const timer = setTimeout(() => ending.abort(new Error(`the answer took longer than ${totalMs} ms`)), totalMs)
    try {
      return await this.#follow(request, ending.signal)
    } catch (cause) {
      signal.throwIfAborted()
      throw translated(cause, request)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #follow(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let next = request
    for (let count = 0; count <= mostRedirects; count++) {
      this.#refuseOrigin(next, request)
      const answer = await this.#exchange(next, signal)
      if (!redirects.has(answer.status)) return answer
      next = redirected(next, answer)
    }
    throw invalid(request.label, `redirects more than ${mostRedirects} times`, 'Correct the path to where the records are.')
  }

  #refuseOrigin({ url }: HttpRequest, { label }: HttpRequest): void {
    if (!this.#options.origins.has(url.origin)) {
      const hint = `If it is meant, list '${url.origin}' in \`allowOrigins\` of the connection; it gets no credentials.`
      throw invalid(label, `leads to ${url.origin}, another origin`, hint)
    }
    if (!this.#options.allowPrivate) refusePrivateHost(url.hostname)
  }

  async #exchange({ method, url, headers, body, label }: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const request: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { ...headers, 'accept-encoding': acceptedEncodings },
      body: body ?? null,
    }
    const { status, body: raw, headers: given } = await receive(this.#agent, request, signal, this.#spares)
    const named = namedHeaders(given)
    const decoded = await decodeBody(raw, named['content-encoding'], label, this.#options.maxPageBytes)
    const release = () => this.#spares.give(raw)
    if (decoded !== raw) release()
    return { status, headers: named, body: decoded, url, ...(decoded === raw && raw.length > 0 && { release }) }
  }
}

function redirected(request: HttpRequest, { status, headers, url }: HttpAnswer): HttpRequest {
  const location = headers['location']
  const target = location === undefined ? null : URL.parse(location, url.href)
  const { label } = request
  if (target === null) throw invalid(label, `redirects (${status}) to nowhere`, 'Correct the path to where the records are.')
  if (url.protocol === 'https:' && target.protocol !== 'https:') {
    throw invalid(label, `redirects from https to ${requestLabel('', target).trim()}`, 'Have the API answer over https.')
  }
  const isRead = request.method === 'GET' || status === 303
  if (!isRead && status < 307) {
    throw invalid(label, `redirects a POST with ${status}`, 'Correct the path to where the records are.')
  }
  const isSame = target.origin === url.origin
  const kept = Object.entries(request.headers).filter(([name]) => isSame || plainHeaders.has(name.toLowerCase()))
  const plain = isRead ? kept.filter(([name]) => name.toLowerCase() !== 'content-type') : kept
  return {
    method: isRead ? 'GET' : request.method,
    url: target,
    headers: Object.fromEntries(plain),
    body: isRead ? undefined : request.body,
    label,
  }
}

function namedHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const named: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) named[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  }
  return named
}
