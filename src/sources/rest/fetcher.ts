import type { Fetcher, FetchOptions } from '../../contracts/fetch.ts'
import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { failureOf, RestClient } from './client.ts'
import { credentialsOf } from './credentials.ts'
import { requestLabel } from './exchange.ts'
import { statusFailure } from './failures.ts'
import { NetworkTransport } from './network.ts'
import { RateBudget } from './rate-budget.ts'

const timeouts = { connectMs: 10_000, headersMs: 60_000, idleMs: 30_000, totalMs: 300_000 }
const maxPageBytes = 64 * 1024 * 1024
const maxWaitMs = 300_000
/** Statuses whose answers have no body: `Response` takes none for them. */
const bodiless = new Set([204, 205, 304])

/** Asks over HTTP for custom code; connections are kept per origin until it is closed. */
export function openFetcher(): Fetcher {
  return new HttpFetcher()
}

interface Way {
  readonly client: RestClient
  readonly transport: NetworkTransport
}

class HttpFetcher implements Fetcher {
  readonly #ways = new Map<string, Way>()

  async fetch(
    url: string | URL,
    options: FetchOptions,
    { signal, retry }: Pick<ReadRequest, 'signal' | 'retry'>,
  ): Promise<Response> {
    const target = addressOf(url)
    const { method = 'GET', headers = {}, body, statuses = [], allowPrivate = false } = options
    const isIdempotent = method === 'GET' || options.idempotent === true
    const { client } = this.#way(target.origin, allowPrivate)
    const ask = async (): Promise<Response> => {
      const answer = await client.call({ method, url: target, headers, body, isIdempotent }, signal)
      const isExpected = (answer.status >= 200 && answer.status < 300) || statuses.includes(answer.status)
      if (!isExpected) throw failureOf(statusFailure({ label: requestLabel(method, target) }, answer), isIdempotent)
      // What was said about the body on its way is no longer true.
      const { 'content-encoding': _, 'content-length': __, 'transfer-encoding': ___, ...rest } = answer.headers
      const bytes = bodiless.has(answer.status) ? null : Uint8Array.from(answer.body)
      return new Response(bytes, { status: answer.status, headers: rest })
    }
    return isIdempotent ? retry(ask) : ask()
  }

  async close(): Promise<void> {
    for (const { transport } of this.#ways.values()) await transport.close()
    this.#ways.clear()
  }

  #way(origin: string, allowPrivate: boolean): Way {
    const key = `${origin} ${allowPrivate}`
    const known = this.#ways.get(key)
    if (known) return known
    const origins = new Set([origin])
    const transport = new NetworkTransport({ origins, allowPrivate, timeouts, maxPageBytes, authority: undefined })
    const credentials = credentialsOf(undefined, transport)
    const client = new RestClient({
      transport,
      credentials,
      budget: new RateBudget({}),
      origin,
      headers: {},
      query: {},
      maxWaitMs,
    })
    const way = { client, transport }
    this.#ways.set(key, way)
    return way
  }
}

function addressOf(address: string | URL): URL {
  const url = URL.parse(String(address))
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url
  const what =
    url === null ? 'is no address' : /^https?:$/.test(url.protocol) ? 'has credentials in it' : 'is no http or https address'
  const shown = url === null ? 'What fetch was given' : `${url.protocol}//${url.host}${url.pathname}`
  throw new SluiceError('SOURCE_FAILED', `${shown} ${what}.`, {
    hint: 'Give fetch a whole address such as https://api.example.com/rates; send credentials in headers.',
  })
}
