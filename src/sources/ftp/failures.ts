import { isSluiceError, type SluiceError } from '../../errors.ts'
import {
  connectionLost,
  factsOf,
  loginRefused,
  notAllowed,
  notGiven,
  notReached,
  notThere,
  type Server,
  serverRefused,
} from '../files/remote-failures.ts'

/** Who logs in where. */
export interface Login extends Server {
  readonly tls: 'explicit' | 'implicit' | 'none'
}

const unknownIssuer = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

/** What an error of TLS says about the certificate, and what clears it. */
function certificateFault(code: unknown, host: string): { readonly what: string; readonly hint: string } | undefined {
  if (typeof code !== 'string') return undefined
  if (unknownIssuer.includes(code)) {
    return {
      what: 'shows a certificate that no known authority has signed',
      hint: "Get the authority's certificate from the operator of the server, and give its file as ca in the project file.",
    }
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      what: `shows a certificate for another name than ${host}`,
      hint: 'Write the host in the project file as it stands in the certificate.',
    }
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return {
      what: `shows a certificate that ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}`,
      hint: 'Have the operator of the server renew it, and look at the clock of this machine.',
    }
  }
  return undefined
}

/** The code that an error before the session stands for. */
export function notConnected(cause: unknown, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, message } = factsOf(cause)
  const fault = certificateFault(code, login.host)
  if (fault !== undefined) return serverRefused(cause, login, fault.what, fault.hint)
  if (code === 530 || code === 332) {
    return loginRefused(cause, login, 'password', 'Correct the user and the variable that holds the password.')
  }
  if (isNoTls(code)) {
    const hint = "Correct port and tls in the project file: 'explicit' is usually at port 21, 'implicit' at port 990."
    return serverRefused(cause, login, `does not speak TLS as ${login.tls} asks for it: ${message}`, hint)
  }
  if (typeof code === 'number' && code >= 500) {
    return serverRefused(
      cause,
      login,
      `refused the connection: ${message}`,
      'Look at the log of the server, or ask its operator.',
    )
  }
  return notReached(cause, login)
}

/** The answers to AUTH TLS of a server that has none, and what TLS says of an answer that is none of TLS. */
function isNoTls(code: unknown): boolean {
  if (typeof code === 'string') return code.startsWith('ERR_SSL_') || code === 'EPROTO'
  return code === 500 || code === 502 || code === 504 || code === 534
}

/** The code that an error of a command stands for; `what` is how the message begins. */
export function notAnswered(cause: unknown, what: string, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, message } = factsOf(cause)
  const isDenied = /permission|denied|not allowed|not permitted|access/i.test(message)
  if (code === 550) return isDenied ? notAllowed(cause, what, login) : notThere(cause, what)
  if (typeof code === 'number' && code >= 500) return notGiven(cause, what, login)
  return connectionLost(message, login, cause)
}
