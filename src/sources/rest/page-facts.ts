import type { HttpAnswer } from './exchange.ts'

/** What a page held, besides its rows. */
export interface PageFacts {
  readonly rows: number
  /** Whether the answer itself is one that means that there are no rows. */
  readonly isNone: boolean
  /** A value of the body (`$.meta.next`): undefined when it is not there. */
  readonly fact: (path: string) => string | null | undefined
  readonly headers: HttpAnswer['headers']
  /** Where the page came from. */
  readonly url: URL
  readonly body: Buffer
  /** See {@link HttpAnswer.release}. */
  readonly release: HttpAnswer['release']
  /** The bytes of the first and the last record; undefined without rows. */
  readonly ends: readonly [first: Buffer, last: Buffer] | undefined
  /** What messages call the request. */
  readonly label: string
}

/** The address of `rel="next"` in a `Link` header. */
export function nextLink(header: string | undefined): string | undefined {
  // Each link is <address>; name=value; …, and addresses may have commas.
  for (const [, address, parameters = ''] of (header ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\s*(?:[;,]|$))/i.test(parameters)) return address
  }
  return undefined
}
