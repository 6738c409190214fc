import type { ReadRequest } from './source.ts'

/** How one request of custom code is sent. */
export interface FetchOptions {
  /** By default GET. */
  readonly method?: 'GET' | 'POST'
  /** Sent to the address' own origin alone: a redirect to another origin is refused. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whether a POST may be sent again after a failure: it only reads. */
  readonly idempotent?: boolean
  /** Statuses besides 200 to 299 that are an answer and no failure, such as 404 where it means that there is nothing. */
  readonly statuses?: readonly number[]
  /** Whether the address may be in a private network or on this host. */
  readonly allowPrivate?: boolean
}

/**
 * Asks over HTTP within limits: timeouts, 64 MiB an answer, waiting where the server asks for it, further tries by the
 * project's policy. Resolves to whole answers of success; every other one rejects by name, so that an error page is no rows.
 */
export interface Fetcher {
  fetch(url: string | URL, options: FetchOptions, run: Pick<ReadRequest, 'signal' | 'retry'>): Promise<Response>
  close(): Promise<void>
}
