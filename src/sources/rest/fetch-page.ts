import { isUtf8 } from 'node:buffer'
import { failureOf, type RestCall, type RestClient } from './client.ts'
import { type HttpAnswer, requestLabel } from './exchange.ts'
import { invalid, statusFailure } from './failures.ts'
import type { RestResource } from './resource.ts'

/**
 * Gets one page: an answer with a body, or one whose status the resource lists as empty. Everything else rejects, with
 * SOURCE_DENIED, RESOURCE_NOT_FOUND, SOURCE_UNREACHABLE, SOURCE_FAILED or RESPONSE_INVALID.
 */
export async function fetchPage(
  client: RestClient,
  call: RestCall,
  { emptyOn }: RestResource,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await client.call(call, signal)
  const label = requestLabel(call.method, call.url)
  const { status, body, headers } = answer
  if (emptyOn.includes(status)) return answer
  if (status < 200 || status > 299 || status === 204 || status === 205) {
    throw failureOf(statusFailure({ label }, answer), call.isIdempotent)
  }
  if (body.length === 0) {
    throw invalid(
      label,
      `was answered with ${status} and nothing else`,
      'Look at what the API means by it, and mend its address.',
    )
  }
  const first = body.subarray(0, 64).toString('latin1').trimStart()
  if (/^text\/html/i.test(headers['content-type'] ?? '') || first.startsWith('<')) {
    throw invalid(
      label,
      `was answered with ${status} and a page of HTML or XML`,
      'Look at the address and the credentials of the connection: this may be a page to log in.',
    )
  }
  if (body[0] === 0x1f && body[1] === 0x8b) {
    throw invalid(label, 'was answered with gzip data that do not say so', 'Have the API send `content-encoding: gzip`.')
  }
  if (/charset=(?!"?utf-?8)/i.test(headers['content-type'] ?? '') && !isUtf8(body)) {
    throw invalid(label, `was answered with ${headers['content-type']}`, 'Have the API answer in UTF-8, as JSON must be.')
  }
  return answer
}
