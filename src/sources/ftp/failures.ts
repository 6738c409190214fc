import { isSluiceError, SluiceError } from '../../errors.ts'

/** Who logs in where: what messages say. */
export interface Login {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly tls: 'explicit' | 'implicit' | 'none'
}

/** What `host:port` is called in messages. */
export function serverName({ host, port, tls }: Pick<Login, 'host' | 'port' | 'tls'>): string {
  return `the ${tls === 'none' ? 'FTP' : 'FTPS'} server ${host}:${port}`
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
  const { host, port, user } = login
  const server = sentence(serverName(login))
  const failed = (what: string, hint: string) =>
    new SluiceError('SOURCE_FAILED', `${server} ${what}.`, { hint, details: { host, port }, cause })
  const fault = certificateFault(code, host)
  if (fault !== undefined) return failed(fault.what, fault.hint)
  if (code === 530 || code === 332) {
    return new SluiceError('SOURCE_DENIED', `${server} refused the login of ${user} by password.`, {
      hint: 'Correct the user and the variable that holds the password.',
      details: { host, port, user },
      cause,
    })
  }
  if (isNoTls(code)) {
    return failed(
      `does not speak TLS as ${login.tls} asks for it: ${message}`,
      "Correct port and tls in the project file: 'explicit' is usually at port 21, 'implicit' at port 990.",
    )
  }
  if (typeof code === 'number' && code >= 500) {
    return failed(`refused the connection: ${message}`, 'Look at the log of the server, or ask its operator.')
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('SOURCE_UNREACHABLE', `The host ${host} is not known here.`, {
      hint: 'Correct the host in the project file, or look at the name service of this machine.',
      details: { host, port },
      cause,
    })
  }
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : message
  return new SluiceError('SOURCE_UNREACHABLE', `${server} could not be reached: ${why}.`, {
    hint: 'Check host, port and firewall, and whether the server runs.',
    details: { host, port },
    cause,
  })
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
  if (code === 550 && /permission|denied|not allowed|not permitted|access/i.test(message)) {
    return new SluiceError('SOURCE_DENIED', `${what} may not be read by the user ${login.user}.`, {
      hint: `Have ${login.user} granted the right to read the file and to list its folder.`,
      cause,
    })
  }
  if (code === 550) {
    return new SluiceError('FILE_NOT_FOUND', `${what} is not there.`, {
      hint: 'Correct the folder in the project file, or have the file delivered again.',
      cause,
    })
  }
  if (typeof code === 'number' && code >= 500) {
    return new SluiceError('SOURCE_FAILED', `${what} cannot be read: ${serverName(login)} says ${message}.`, {
      hint: 'Look at the log of the server, or ask its operator.',
      cause,
    })
  }
  return connectionLost(message, login, cause)
}

/** The connection ended or fell silent before everything was read. */
export function connectionLost(why: string, login: Login, cause?: unknown): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `The connection to ${serverName(login)} was lost: ${why}.`, {
    hint: 'Run it again; if it happens often, look at the network and the log of the server.',
    details: { host: login.host, port: login.port },
    cause,
  })
}

function factsOf(cause: unknown) {
  const { code } = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: unknown }
  return { code, message: cause instanceof Error ? cause.message.trim().replace(/\.$/, '') : String(cause) }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
