import { isSluiceError, SluiceError } from '../../errors.ts'
import type { Server } from './server.ts'

/** `MySQL server db.example.com:3306`, to be put behind an article. */
function serverName({ host, port }: Server): string {
  return `MySQL server ${host}:${port}`
}

/** The code that an error of the driver or of the server stands for. */
export function translated(cause: unknown, server: Server): SluiceError {
  if (isSluiceError(cause)) return cause
  const { number, code, message } = factsOf(cause)
  if (
    /SSL|TLS|CERT|self.signed|secure_transport/i.test(code) ||
    /certificate|secure.transport|does not support secure/i.test(message)
  ) {
    return failed(
      server,
      `offers no connection that can be trusted: ${message}`,
      'Correct ssl-mode and ssl-ca in the url.',
      cause,
    )
  }
  return (number >= 1000 && number < 2000) || number >= 3000
    ? refused(number, message, server, cause)
    : unreachable(server, code, message, cause)
}

/** The number of the server's error, 0 for others. */
export function errorNumber(cause: unknown): number {
  return isSluiceError(cause) ? factsOf(cause.cause).number : factsOf(cause).number
}

/** The server said nothing for too long and is not at work for us either. */
export function fellSilent(server: Server, idleTimeoutMs: number): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `The ${serverName(server)} said nothing for ${idleTimeoutMs} ms.`, {
    hint: 'Look at the network between here and the server, then run it again.',
    details: { host: server.host, port: server.port },
  })
}

/** The rows ended before the server said that they were all, or are not as the protocol has them. */
export function brokenOff(server: Server, what: string): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `The rows of the ${serverName(server)} broke off: ${what}.`, {
    hint: 'Run it again; if it happens again, look at the log of the server.',
    details: { host: server.host, port: server.port },
  })
}

function factsOf(cause: unknown): { readonly number: number; readonly code: string; readonly message: string } {
  // An attempt at several addresses fails with all their errors.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
  if (typeof first !== 'object' || first === null) return { number: 0, code: '', message: String(first) }
  return {
    number: 'errno' in first && typeof first.errno === 'number' ? first.errno : 0,
    code: 'code' in first ? String(first.code) : '',
    message: (first instanceof Error ? first.message : String(first)).trim().replace(/\.$/, ''),
  }
}

const wrongLogin = [1045, 1130, 1251, 1524, 1698, 4151]
const missingRight = [1044, 1142, 1143, 1227, 1345, 1356, 1370]
/** Connections, resources, operator, conflict: after these the same reading can succeed. */
const passing = [1040, 1053, 1077, 1079, 1080, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1213, 1226, 1317, 1927, 3169]
const outOfTime = [1969, 3024]

function refused(number: number, message: string, server: Server, cause: unknown): SluiceError {
  const { host, port, user, database } = server
  const details = { host, port, number }
  if (wrongLogin.includes(number)) {
    return new SluiceError('SOURCE_DENIED', `The ${serverName(server)} refused the login of ${user}: ${message}.`, {
      hint: 'Correct user and password in the url, or let the user log in from this host.',
      details,
      cause,
    })
  }
  if (missingRight.includes(number)) {
    return new SluiceError('SOURCE_DENIED', `${user} may not read that: ${message}.`, {
      hint: `Have an administrator run: GRANT SELECT, SHOW VIEW ON \`${database}\`.* TO '${user}'@'<host>'`,
      details,
      cause,
    })
  }
  if (number === 1049) return failed(server, `has no database ${database}`, 'Correct the database in the url.', cause)
  if (number === 1146) {
    return new SluiceError('RESOURCE_NOT_FOUND', `The MySQL source says: ${message}.`, {
      hint: 'Correct the name of the table or view.',
      details,
      cause,
    })
  }
  if (number === 1412) {
    return new SluiceError('SOURCE_CHANGED', `The ${serverName(server)} says: ${message}.`, {
      hint: 'Run it again when the table is no longer altered.',
      details,
      cause,
    })
  }
  if (outOfTime.includes(number)) {
    return failed(server, `stopped the query: ${message}`, 'Raise statementTimeoutMs, or the limit of the server.', cause)
  }
  if (passing.includes(number)) {
    return new SluiceError('SOURCE_UNREACHABLE', `The ${serverName(server)} ended the work: ${message}.`, {
      hint: 'Run it again; if it happens again, ask the operator of the server.',
      details,
      cause,
    })
  }
  return failed(server, `refused a query (${number}): ${message}`, 'Look at the log of the server.', cause)
}

function failed(server: Server, what: string, hint: string, cause: unknown): SluiceError {
  const { host, port } = server
  return new SluiceError('SOURCE_FAILED', `The ${serverName(server)} ${what}.`, { hint, details: { host, port }, cause })
}

function unreachable(server: Server, code: string, message: string, cause: unknown): SluiceError {
  const { host, port } = server
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: 'the host is not known here',
    EAI_AGAIN: 'the name service does not answer',
    ECONNREFUSED: 'nothing listens there',
    ETIMEDOUT: 'it does not answer',
  }
  return new SluiceError(
    'SOURCE_UNREACHABLE',
    `The ${serverName(server)} could not be reached, or was lost: ${reasons[code] ?? message}.`,
    {
      hint: 'Check host, port and firewall, and whether the server runs.',
      details: { host, port },
      cause,
    },
  )
}
