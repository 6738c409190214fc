import { isSluiceError, SluiceError } from '../../errors.ts'
import type { HttpAnswer, HttpRequest } from './exchange.ts'

const shownBody = 200

/** What an error of the network stands for. Whatever may pass by itself is retryable, a certificate that is not accepted is not. */
export function translated(cause: unknown, { label, url }: Pick<HttpRequest, 'label' | 'url'>): SluiceError {
  if (isSluiceError(cause)) return cause
  const code = codeOf(cause)
  const message = cause instanceof Error ? cause.message : String(cause)
  const details = { request: label, ...(code !== undefined && { code }) }
  const certificate = code === undefined ? undefined : certificates[code]
  if (certificate !== undefined) {
    return new SluiceError('SOURCE_FAILED', `${label}: the certificate of ${url.host} is not accepted: ${certificate}.`, {
      hint: 'Have the certificate renewed; for an authority of your own, name its file in the option `authority` of the connection.',
      details,
      cause,
    })
  }
  const handshake = code === undefined ? undefined : handshakes[code]
  if (handshake !== undefined) {
    return new SluiceError('SOURCE_FAILED', `${label}: ${url.host} ${handshake}.`, {
      hint: 'Correct the address of the connection, or have the server speak TLS 1.2 or newer.',
      details,
      cause,
    })
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new SluiceError('CONFIG_INVALID', `${label} cannot be sent: ${message}.`, {
      hint: 'Correct the headers and the address of the connection and the extract script.',
      details,
      cause,
    })
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge(label)
  const what = code === undefined ? message : (reasons[code] ?? message)
  return new SluiceError('SOURCE_UNREACHABLE', `${label}: ${what}.`, {
    hint: `See whether ${url.host} answers from this host, then run it again.`,
    details,
    cause,
  })
}

const certificates: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is signed by an authority that is not known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is signed by an authority that is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is signed by an authority that is not known',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
}

const handshakes: Readonly<Record<string, string>> = {
  EPROTO: 'does not speak TLS there',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS there',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'does not speak TLS there',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'has no version of TLS that is safe',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'has no version of TLS that is safe',
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer began in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
  UND_ERR_SOCKET: 'the connection ended before the answer did',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is shorter or longer than it says',
  ECONNRESET: 'the connection was reset',
}

/** The code of an error, or of what caused it: of several addresses, of the first. */
function codeOf(cause: unknown): string | undefined {
  for (let at: unknown = cause; typeof at === 'object' && at !== null; at = 'cause' in at ? at.cause : undefined) {
    const inner: unknown = at instanceof AggregateError ? at.errors[0] : at
    if (typeof inner === 'object' && inner !== null && 'code' in inner && typeof inner.code === 'string') return inner.code
  }
  return undefined
}

/** What a status other than success means. */
export function statusFailure({ label }: Pick<HttpRequest, 'label'>, { status, body }: HttpAnswer): SluiceError {
  const said = `${label} was answered with ${status}${shown(body)}`
  const details = { request: label, status }
  if (status === 401 || status === 403) {
    return new SluiceError('SOURCE_DENIED', `${said}.`, {
      hint: 'Renew the credentials of the connection, or have them given the right to read this resource.',
      details,
    })
  }
  if (status === 404 || status === 410) {
    return new SluiceError('RESOURCE_NOT_FOUND', `${said}.`, {
      hint: 'Correct the path in the extract script; where this answer means that there are no rows, list it in `emptyOn`.',
      details,
    })
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new SluiceError('SOURCE_UNREACHABLE', `${said}.`, { hint: 'Run it again when the API has recovered.', details })
  }
  if (status >= 200 && status < 300) {
    return new SluiceError('RESPONSE_INVALID', `${said} where an answer with records was expected.`, {
      hint: 'Look at what the API means by it; where it means that there are no rows, list it in `emptyOn`.',
      details,
    })
  }
  return new SluiceError('SOURCE_FAILED', `${said}.`, {
    hint: 'Correct the parameters, headers or body in the extract script.',
    details,
  })
}

/** An answer over the limit. */
export function tooLarge(label: string): SluiceError {
  return new SluiceError('RESPONSE_INVALID', `${label} was answered with more bytes than a page may have.`, {
    hint: 'Ask for smaller pages, or raise `maxPageBytes` of the connection.',
    details: { request: label },
  })
}

/** An answer that is not what the resource declares; `what` ends the sentence. */
export function invalid(label: string, what: string, hint: string): SluiceError {
  return new SluiceError('RESPONSE_INVALID', `${label} ${what}.`, { hint, details: { request: label } })
}

/** The beginning of a body, where it is something to read: a reason in words helps more than a number. */
function shown(body: Buffer): string {
  const text = body
    .toString('utf8', 0, shownBody * 4)
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  if (text === '' || text.startsWith('<') || text.includes('\ufffd')) return ''
  return `: ${text.length > shownBody ? `${text.slice(0, shownBody)}…` : text}`
}
