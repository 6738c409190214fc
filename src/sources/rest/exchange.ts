/** One request as it goes out. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** What messages call it; without what stands behind the question mark. */
  readonly label: string
}

/** One whole answer. */
export interface HttpAnswer {
  readonly status: number
  /** By their names in lower case; of several with one name, all, joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** Decoded, when it came compressed. */
  readonly body: Buffer
  /** Where it came from, after redirects. */
  readonly url: URL
  /** Gives the body's memory back: nobody may look at the body, or a part of it, from then on. Undefined when it is not to be given. */
  readonly release?: () => void
}

/** Sends requests: over the network, or from a cassette. */
export interface Transport {
  /** Whether asking again later may bring another answer, so that it is worth a pause. */
  readonly isLive: boolean
  /** Resolves to any answer, whatever its status; rejects when there is none. Rejects within a second of an abort. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
  close(): Promise<void>
}

/** The request's method and address for messages: no query, which may hold keys. */
export function requestLabel(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`
}
