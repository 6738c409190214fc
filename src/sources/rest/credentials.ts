import { SluiceError } from '../../errors.ts'
import { type HttpAnswer, type HttpRequest, requestLabel, type Transport } from './exchange.ts'
import { statusFailure } from './failures.ts'

/** How a connection proves who it is. */
export type RestAuth =
  | { readonly type: 'apiKey'; readonly key: string; readonly header?: string; readonly query?: string }
  | { readonly type: 'basic'; readonly user: string; readonly password: string }
  | { readonly type: 'bearer'; readonly token: string }
  | ClientCredentials

/** OAuth 2: a token for the client itself, asked for at `url`. */
interface ClientCredentials {
  readonly type: 'clientCredentials'
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope?: string
  /** What the server wants besides, such as an audience. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Where the client's id and secret are sent; by default in a header. */
  readonly sendIn?: 'header' | 'body'
}

/** What a request says about who sends it. */
export interface Proof {
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

/** The credentials of a connection, for requests to its own origin. */
export interface Credentials {
  /** SOURCE_DENIED when there are none to be had. */
  current(): Promise<Proof>
  /** Whether another try with new credentials makes sense after `refused` was not accepted. */
  renew(refused: Proof): boolean
}

/** The credentials that the options declare; without any, requests go out as they are. */
export function credentialsOf(auth: RestAuth | undefined, transport: Transport): Credentials {
  if (auth?.type === 'clientCredentials') return new TokenCredentials(auth, transport)
  const proof = fixedProof(auth)
  return { current: async () => proof, renew: () => false }
}

/** The values of the options that must never be written anywhere. */
export function secretsOf(auth: RestAuth | undefined): readonly string[] {
  if (auth === undefined) return []
  if (auth.type === 'apiKey') return [auth.key]
  if (auth.type === 'basic') return [auth.password, basic(auth.user, auth.password)]
  return [auth.type === 'bearer' ? auth.token : auth.clientSecret]
}

function fixedProof(auth: Exclude<RestAuth, ClientCredentials> | undefined): Proof {
  if (auth === undefined) return { headers: {}, query: {} }
  if (auth.type === 'basic') return authorization(`Basic ${basic(auth.user, auth.password)}`)
  if (auth.type === 'bearer') return authorization(`Bearer ${auth.token}`)
  if (auth.query !== undefined) return { headers: {}, query: { [auth.query]: auth.key } }
  return { headers: { [auth.header ?? 'x-api-key']: auth.key }, query: {} }
}

function authorization(value: string): Proof {
  return { headers: { authorization: value }, query: {} }
}

function basic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`, 'utf8').toString('base64')
}

interface Token {
  readonly proof: Proof
  /** By `performance.now()`. */
  readonly staleAt: number
}

/** So long before its end a token is not used any more. */
const marginMs = 30_000

class TokenCredentials implements Credentials {
  readonly #auth: ClientCredentials
  readonly #transport: Transport
  #token: Token | undefined
  #pending: Promise<Token> | undefined

  constructor(auth: ClientCredentials, transport: Transport) {
    this.#auth = auth
    this.#transport = transport
  }

  async current(): Promise<Proof> {
    if (this.#token !== undefined && performance.now() < this.#token.staleAt) return this.#token.proof
    // Requests that wait for a token at the same time wait for the same one.
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined
    })
    this.#token = await this.#pending
    return this.#token.proof
  }

  renew(refused: Proof): boolean {
    if (this.#token?.proof === refused) this.#token = undefined
    return true
  }

  async #ask(): Promise<Token> {
    const request = tokenRequest(this.#auth)
    const answer = await this.#transport.send(request, new AbortController().signal)
    if (answer.status === 400 || answer.status === 401 || answer.status === 403) throw denied(request, answer)
    if (answer.status !== 200) throw statusFailure(request, answer)
    const { token, seconds } = tokenIn(answer) ?? noToken(request)
    const lastsMs = seconds * 1000
    return {
      proof: authorization(`Bearer ${token}`),
      staleAt: performance.now() + Math.max(lastsMs - marginMs, lastsMs / 2),
    }
  }
}

function tokenRequest(auth: ClientCredentials): HttpRequest {
  const { clientId, clientSecret, scope, parameters = {}, sendIn = 'header' } = auth
  const url = new URL(auth.url)
  const inBody = sendIn === 'body' ? { client_id: clientId, client_secret: clientSecret } : {}
  const form = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }), ...inBody, ...parameters }
  const user = basic(encodeURIComponent(clientId), encodeURIComponent(clientSecret))
  return {
    method: 'POST',
    url,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(sendIn === 'header' && { authorization: `Basic ${user}` }),
    },
    body: new URLSearchParams(form).toString(),
    label: requestLabel('POST', url),
  }
}

function tokenIn({ body }: HttpAnswer): { readonly token: string; readonly seconds: number } | undefined {
  const answer: unknown = parsed(body.toString('utf8'))
  if (typeof answer !== 'object' || answer === null || !('access_token' in answer)) return undefined
  const { access_token: token } = answer
  const seconds = 'expires_in' in answer ? Number(answer.expires_in) : Number.NaN
  if (typeof token !== 'string' || token === '') return undefined
  return { token, seconds: seconds > 0 ? seconds : 3600 }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Neither says what the server answered: it may repeat what it was sent.
function denied({ label }: HttpRequest, { status }: HttpAnswer): SluiceError {
  return new SluiceError('SOURCE_DENIED', `${label} gave no token: it answered with ${status}.`, {
    hint: 'Renew the client id and secret of the connection, and look at the scope that it asks for.',
    details: { request: label, status },
  })
}

function noToken({ label }: HttpRequest): never {
  throw new SluiceError('SOURCE_DENIED', `${label} gave no token: there is no access_token in its answer.`, {
    hint: 'Correct the address of the tokens in the connection.',
    details: { request: label },
  })
}
