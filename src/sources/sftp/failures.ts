import { isSluiceError, SluiceError } from '../../errors.ts'

/** Who logs in where: what messages say. */
export interface Login {
  readonly host: string
  readonly port: number
  readonly user: string
  /** How the user shows who it is. */
  readonly credential: 'password' | 'key' | 'agent'
}

/** Status codes of SFTP. */
const noSuchFile = 2
const permissionDenied = 3

/** What `host:port` is called in messages. */
export function serverName({ host, port }: Pick<Login, 'host' | 'port'>): string {
  return `the SFTP server ${host}:${port}`
}

/** The code that an error before the session stands for. */
export function notConnected(cause: unknown, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, level, message } = factsOf(cause)
  const server = serverName(login)
  const details = { host: login.host, port: login.port }
  if (level === 'client-authentication' || level === 'agent') {
    return new SluiceError('SOURCE_DENIED', `${sentence(server)} refused the login of ${login.user} by ${login.credential}.`, {
      hint: loginHints[login.credential],
      details: { ...details, user: login.user },
      cause,
    })
  }
  if (level === 'client-dns' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('SOURCE_UNREACHABLE', `The host ${login.host} is not known here.`, {
      hint: 'Correct the host in the project file, or look at the name service of this machine.',
      details,
      cause,
    })
  }
  if (level === 'handshake' && message.includes('no matching')) {
    return new SluiceError('SOURCE_FAILED', `${sentence(server)} and Sluice found no common way to encrypt: ${message}.`, {
      hint: 'Have the server offer current algorithms: it may be too old.',
      details,
      cause,
    })
  }
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : message
  return new SluiceError('SOURCE_UNREACHABLE', `${sentence(server)} could not be reached: ${why}.`, {
    hint: 'Check host, port and firewall, and whether the server runs.',
    details,
    cause,
  })
}

const loginHints: Readonly<Record<Login['credential'], string>> = {
  password: 'Correct the user and the variable that holds the password.',
  key: "Correct the user, or have the public key that belongs to the key added to the user's authorized keys.",
  agent: "Add the user's key to the agent with ssh-add, and see that it is among the user's authorized keys.",
}

/** The code that an error of a request stands for; `what` is how the message begins. */
export function notAnswered(cause: unknown, what: string, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, message } = factsOf(cause)
  if (code === noSuchFile) {
    return new SluiceError('FILE_NOT_FOUND', `${what} is not there.`, {
      hint: 'Correct the folder in the project file, or have the file delivered again.',
      cause,
    })
  }
  if (code === permissionDenied) {
    return new SluiceError('SOURCE_DENIED', `${what} may not be read by the user ${login.user}.`, {
      hint: `Have ${login.user} granted the right to read the file and to list its folder.`,
      cause,
    })
  }
  if (typeof code === 'number') {
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
  const { code, level } = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: unknown; level?: unknown }
  return { code, level, message: cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause) }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
