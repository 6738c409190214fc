import { readFile } from 'node:fs/promises'
import type { Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import { stagedColumns } from '../formats/format-reading.ts'
import type { TableSchema } from '../model/schema.ts'
import type { Resource } from '../model/script.ts'
import { Redaction, recordingTransport, replayingTransport } from './rest/cassette.ts'
import { RestClient } from './rest/client.ts'
import { credentialsOf, type RestAuth, secretsOf } from './rest/credentials.ts'
import { requestLabel, type Transport } from './rest/exchange.ts'
import { statusFailure } from './rest/failures.ts'
import { NetworkTransport, type Timeouts } from './rest/network.ts'
import { RateBudget, type RateLimits, type TakeTurn } from './rest/rate-budget.ts'
import { RestReading } from './rest/reading.ts'
import { restResource } from './rest/resource.ts'

/** An HTTP API with JSON answers. */
export interface RestOptions {
  /** Where the paths of the resources begin; without query and credentials. */
  readonly baseUrl: string
  /** Sent with every request to the base address' origin, and to no other. */
  readonly headers?: Readonly<Record<string, string>>
  /** Parameters of every request to that origin. */
  readonly query?: Readonly<Record<string, string>>
  readonly auth?: RestAuth
  readonly rate?: RateLimits
  /** Shares `rate` with other processes; without it, this process has it alone. */
  readonly takeTurn?: TakeTurn
  /** By default 10 s to connect, 60 s until an answer begins, 30 s between its pieces, 5 minutes in all. */
  readonly timeouts?: Partial<Timeouts>
  /** How long one request may wait because the server says so; by default 5 minutes. */
  readonly maxWaitMs?: number
  /** The bytes that an answer may have, before and after it is unpacked; by default 64 MiB. */
  readonly maxPageBytes?: number
  /** Further origins that links and redirects may lead to; they get no credentials. */
  readonly allowOrigins?: readonly string[]
  /** Whether the API may be in a private network or on this host. */
  readonly allowPrivate?: boolean
  /** A PEM file of certificates to trust besides those that Node trusts. */
  readonly authority?: string
  /** A path whose answer shows that the API works and accepts the credentials. */
  readonly check?: string
  /** Keeps what is said in a file, or answers from it without a network. */
  readonly cassette?: { readonly path: string; readonly mode: 'off' | 'record' | 'replay' }
  /** Values that must not be written into a cassette, besides those of `auth`. */
  readonly secrets?: readonly string[]
}

const defaultTimeouts: Timeouts = { connectMs: 10_000, headersMs: 60_000, idleMs: 30_000, totalMs: 300_000 }

/**
 * Reads the resources of an HTTP API page by page. Values are staged as the API writes them: numbers as their digits, texts
 * without their escapes, nested values as JSON. All resources of one source share its rate.
 */
export async function openRest(options: RestOptions): Promise<Source> {
  const base = baseOf(options.baseUrl)
  const redaction = new Redaction()
  redaction.add([...(options.secrets ?? []), ...secretsOf(options.auth)])
  const network = new NetworkTransport({
    origins: new Set([base.origin, ...originsOf(options)]),
    allowPrivate: options.allowPrivate ?? false,
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    maxPageBytes: options.maxPageBytes ?? 64 * 1024 * 1024,
    authority: options.authority === undefined ? undefined : await readAuthority(options.authority),
  })
  const transport = await transportOf(options, network, redaction)
  const client = new RestClient({
    transport,
    // Tokens are kept on no cassette, and none is needed to play one.
    credentials: credentialsOf(
      transport.isLive || options.auth?.type !== 'clientCredentials' ? options.auth : undefined,
      network,
    ),
    budget: new RateBudget(options.rate ?? {}, options.takeTurn),
    origin: base.origin,
    headers: options.headers ?? {},
    query: options.query ?? {},
    maxWaitMs: options.maxWaitMs ?? 300_000,
  })
  return new RestSource(options, base.href, client, transport, redaction)
}

class RestSource implements Source {
  readonly #options: RestOptions
  readonly #baseUrl: string
  readonly #client: RestClient
  readonly #transport: Transport
  readonly #redaction: Redaction

  constructor(options: RestOptions, baseUrl: string, client: RestClient, transport: Transport, redaction: Redaction) {
    this.#options = options
    this.#baseUrl = baseUrl
    this.#client = client
    this.#transport = transport
    this.#redaction = redaction
  }

  /** Without a path to check, any answer shows that the API is there. */
  async check(): Promise<readonly string[]> {
    const { check } = this.#options
    const url = new URL(check === undefined ? this.#baseUrl : `${this.#baseUrl.replace(/\/+$/, '')}/${check.replace(/^\/+/, '')}`)
    const call = { method: 'GET', url, headers: {}, body: undefined, isIdempotent: true } as const
    const answer = await this.#client.call(call, new AbortController().signal)
    const isWell = check === undefined ? answer.status < 500 : answer.status >= 200 && answer.status < 300
    if (!isWell) throw statusFailure({ label: requestLabel('GET', url) }, answer)
    return []
  }

  async describe(resource: Resource): Promise<TableSchema> {
    return { columns: stagedColumns(restResource(resource).columns) }
  }

  async open(request: ReadRequest): Promise<Reading> {
    const resource = restResource(request.resource)
    this.#redaction.add(resource.secrets)
    const reading = new RestReading(this.#client, this.#baseUrl, resource, request)
    try {
      await reading.begin()
    } catch (error) {
      await reading.close()
      throw error
    }
    return reading
  }

  async close(): Promise<void> {
    await this.#transport.close()
  }
}

async function transportOf({ cassette }: RestOptions, network: Transport, redaction: Redaction): Promise<Transport> {
  if (cassette === undefined || cassette.mode === 'off') return network
  if (cassette.mode === 'record') return recordingTransport(network, cassette.path, redaction)
  if (cassette.mode === 'replay') return replayingTransport(cassette.path, redaction)
  throw new SluiceError('CONFIG_INVALID', `The cassette of the API has the mode ${JSON.stringify(cassette.mode)}.`, {
    hint: "Set it to 'off', 'record' or 'replay'.",
  })
}

function baseOf(text: string): URL {
  const url = URL.parse(text)
  const fault =
    url === null || !/^https?:$/.test(url.protocol)
      ? 'is no http or https address'
      : url.search !== '' || url.hash !== ''
        ? 'has a query'
        : url.username !== '' || url.password !== ''
          ? 'has credentials in it'
          : undefined
  if (url !== null && fault === undefined) return url
  const shown = url === null ? text : `${url.protocol}//${url.host}${url.pathname}`
  throw new SluiceError('CONFIG_INVALID', `The base address ${shown} of the API ${fault}.`, {
    hint: 'Write only where the paths begin, such as https://api.example.com/v2; parameters go to `query`, credentials to `auth`.',
  })
}

/** The origins of the options, besides that of the base address. */
function originsOf({ allowOrigins = [], auth }: RestOptions): readonly string[] {
  const addresses = auth?.type === 'clientCredentials' ? [...allowOrigins, auth.url] : allowOrigins
  return addresses.map((address) => {
    const origin = URL.parse(address)?.origin
    if (origin !== undefined && origin !== 'null') return origin
    throw new SluiceError('CONFIG_INVALID', `${JSON.stringify(address)} is no address.`, {
      hint: 'Write scheme and host, such as https://files.example.com, in `allowOrigins` and for tokens.',
    })
  })
}

async function readAuthority(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The certificates ${path} cannot be read.`, {
      hint: 'Correct `authority` of the connection, or grant the right to read the file.',
      details: { path },
      cause,
    })
  })
}
