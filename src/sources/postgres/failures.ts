import { isSluiceError, SluiceError } from '../../errors.ts'

/** A database as messages name it; never with its password. */
export interface Server {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** `Postgres server db.example.com:5432`, to be put behind an article. */
function serverName({ host, port }: Server): string {
  return `Postgres server ${host}:${port}`
}

/** The code that an error of the driver or of the server stands for. */
export function translated(cause: unknown, server: Server): SluiceError {
  if (isSluiceError(cause)) return cause
  const { code, message } = factsOf(cause)
  if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) return refused(code, message, server, cause)
  if (/SASL|password must be a string/i.test(message)) return loginRefused(server, cause)
  if (/does not support SSL|certificate|self.signed|tls/i.test(`${code} ${message}`)) {
    return failed(
      server,
      `offers no connection that can be trusted: ${message}`,
      'Correct sslmode and sslrootcert in the url.',
      cause,
    )
  }
  return unreachable(server, code, message, cause)
}

/** The server said nothing for too long and is not at work for us either. */
export function fellSilent(server: Server, idleTimeoutMs: number): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `The ${serverName(server)} said nothing for ${idleTimeoutMs} ms.`, {
    hint: 'Look at the network between here and the server, then run it again.',
    details: { host: server.host, port: server.port },
  })
}

/** What came is not what the server counted, or not how it writes rows. */
export function brokenOff(server: Server, what: string): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `The rows of the ${serverName(server)} broke off: ${what}.`, {
    hint: 'Run it again; if it happens again, look at the log of the server.',
    details: { host: server.host, port: server.port },
  })
}

/** The server's own code of the refusal that an error of ours stands for; empty without one. */
export function sqlState(cause: unknown): string {
  return factsOf(cause instanceof Error ? cause.cause : cause).code
}

function factsOf(cause: unknown): { readonly code: string; readonly message: string } {
  // An attempt at several addresses fails with all their errors.
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause
  const code = typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : ''
  return { code, message: (first instanceof Error ? first.message : String(first)).trim().replace(/\.$/, '') }
}

/** Classes and codes of SQLSTATE after which the same reading can succeed: connection, resources, operator, conflict. */
const passing = /^(08|53|57P0|40|57014|25P03)/

function refused(state: string, message: string, server: Server, cause: unknown): SluiceError {
  if (state.startsWith('28')) return loginRefused(server, cause)
  if (state === '42501') {
    return new SluiceError('SOURCE_DENIED', `${server.user} may not read that: ${message}.`, {
      hint: `Have the owner run: GRANT SELECT ON <table> TO ${server.user}`,
      details: { state },
      cause,
    })
  }
  if (state === '3D000') {
    return failed(server, `has no database ${server.database}`, 'Correct the database in the url.', cause)
  }
  if (state === '42P01') {
    return new SluiceError('RESOURCE_NOT_FOUND', `The Postgres source says: ${message}.`, {
      hint: 'Correct the name of the table or view.',
      details: { state },
      cause,
    })
  }
  if (state === '57014' && message.includes('statement timeout')) {
    return failed(
      server,
      `stopped the query: ${message}`,
      `Raise the limit: ALTER ROLE ${server.user} SET statement_timeout = 0`,
      cause,
    )
  }
  if (passing.test(state)) {
    return new SluiceError('SOURCE_UNREACHABLE', `The ${serverName(server)} ended the work: ${message}.`, {
      hint: 'Run it again; if it happens again, ask the operator of the server.',
      details: { state },
      cause,
    })
  }
  return failed(server, `refused a query (${state}): ${message}`, 'Look at the log of the server.', cause)
}

function loginRefused(server: Server, cause: unknown): SluiceError {
  const { host, port, user } = server
  return new SluiceError('SOURCE_DENIED', `The ${serverName(server)} refused the login of ${user}.`, {
    hint: 'Correct user and password in the url, or have pg_hba.conf let this host in.',
    details: { host, port, user },
    cause,
  })
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
  }
  const why = reasons[code] ?? message
  return new SluiceError('SOURCE_UNREACHABLE', `The ${serverName(server)} could not be reached, or was lost: ${why}.`, {
    hint: 'Check host, port and firewall, and whether the server runs.',
    details: { host, port },
    cause,
  })
}
