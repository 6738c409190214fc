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
  /** How the user shows who it is. */
  readonly credential: 'password' | 'key' | 'agent'
}

/** Status codes of SFTP. */
const noSuchFile = 2
const permissionDenied = 3

const loginHints: Readonly<Record<Login['credential'], string>> = {
  password: 'Correct the user and the variable that holds the password.',
  key: "Correct the user, or have the public key that belongs to the key added to the user's authorized keys.",
  agent: "Add the user's key to the agent with ssh-add, and see that it is among the user's authorized keys.",
}

/** The code that an error before the session stands for. */
export function notConnected(cause: unknown, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const { level, message } = factsOf(cause)
  if (level === 'client-authentication' || level === 'agent') {
    return loginRefused(cause, login, login.credential, loginHints[login.credential])
  }
  if (level === 'handshake' && message.includes('no matching')) {
    return serverRefused(
      cause,
      login,
      `has no way to encrypt in common with Sluice: ${message}`,
      'Have the server offer current algorithms.',
    )
  }
  return notReached(cause, login)
}

/** The code that an error of a request stands for; `what` is how the message begins. */
export function notAnswered(cause: unknown, what: string, login: Login): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, message } = factsOf(cause)
  if (code === noSuchFile) return notThere(cause, what)
  if (code === permissionDenied) return notAllowed(cause, what, login)
  return typeof code === 'number' ? notGiven(cause, what, login) : connectionLost(message, login, cause)
}
