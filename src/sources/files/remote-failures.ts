import { SluiceError } from '../../errors.ts'

/** A server as messages name it. */
export interface Server {
  /** `SFTP`, `FTP`, `FTPS`. */
  readonly protocol: string
  readonly host: string
  readonly port: number
  readonly user: string
}

/** `SFTP server host:22`, to be put behind an article. */
function serverName({ protocol, host, port }: Server): string {
  return `${protocol} server ${host}:${port}`
}

/** What an error of a driver says about itself. */
export function factsOf(cause: unknown): { readonly code: unknown; readonly level: unknown; readonly message: string } {
  const { code, level } = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: unknown; level?: unknown }
  return { code, level, message: cause instanceof Error ? cause.message.trim().replace(/\.$/, '') : String(cause) }
}

/** The server, or the way to it, is not there. */
export function notReached(cause: unknown, server: Server): SluiceError {
  const { code, message } = factsOf(cause)
  const { host, port } = server
  const details = { host, port }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('SOURCE_UNREACHABLE', `The host ${host} is not known here.`, {
      hint: 'Correct the host in the project file, or look at the name service of this machine.',
      details,
      cause,
    })
  }
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : message
  return new SluiceError('SOURCE_UNREACHABLE', `The ${serverName(server)} could not be reached: ${why}.`, {
    hint: 'Check host, port and firewall, and whether the server runs.',
    details,
    cause,
  })
}

/** The server does not take what is to prove the user. */
export function loginRefused(cause: unknown, server: Server, credential: string, hint: string): SluiceError {
  const { host, port, user } = server
  return new SluiceError('SOURCE_DENIED', `The ${serverName(server)} refused the login of ${user} by ${credential}.`, {
    hint,
    details: { host, port, user },
    cause,
  })
}

/** The server itself is not as it should be; `what` it does stands behind its name. */
export function serverRefused(cause: unknown, server: Server, what: string, hint: string): SluiceError {
  const { host, port } = server
  return new SluiceError('SOURCE_FAILED', `The ${serverName(server)} ${what}.`, { hint, details: { host, port }, cause })
}

/** A file or folder that the server does not have. */
export function notThere(cause: unknown, what: string): SluiceError {
  return new SluiceError('FILE_NOT_FOUND', `${what} is not there.`, {
    hint: 'Correct the folder in the project file, or have the file delivered again.',
    cause,
  })
}

/** A file or folder that the user has no right to. */
export function notAllowed(cause: unknown, what: string, { user }: Server): SluiceError {
  return new SluiceError('SOURCE_DENIED', `${what} may not be read by the user ${user}.`, {
    hint: `Have ${user} granted the right to read the file and to list its folder.`,
    cause,
  })
}

/** A file or folder that the server does not give for another reason. */
export function notGiven(cause: unknown, what: string, server: Server): SluiceError {
  return new SluiceError('SOURCE_FAILED', `${what} cannot be read: the ${serverName(server)} says ${factsOf(cause).message}.`, {
    hint: 'Look at the log of the server, or ask its operator.',
    cause,
  })
}

/** The connection ended or fell silent before everything was read. */
export function connectionLost(why: string, server: Server, cause?: unknown): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `The connection to the ${serverName(server)} was lost: ${why}.`, {
    hint: 'Run it again; if it happens often, look at the network and the log of the server.',
    details: { host: server.host, port: server.port },
    cause,
  })
}
