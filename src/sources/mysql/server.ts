import { readFile } from 'node:fs/promises'
import type { SslOptions } from 'mysql2'
import { SluiceError } from '../../errors.ts'

/** A database as messages name it; never with its password. */
export interface Server {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** Where and how to log in, and how long to wait. */
export interface Login extends Server {
  readonly password: string
  readonly ssl: SslOptions | undefined
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  /** How long the server may work on a query; undefined: as it has it. */
  readonly statementTimeoutMs: number | undefined
}

const modes = ['disabled', 'required', 'verify-ca', 'verify-identity'] as const
const settings = ['ssl-mode', 'ssl-ca']
const ownHosts = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

/**
 * The login of `mysql://user:password@host:port/database`, with MySQL's own names for TLS: `ssl-mode` of disabled, required,
 * verify-ca and verify-identity, and `ssl-ca`, a PEM file. Without a mode: disabled for this host, verify-identity for others.
 */
export async function loginOf(url: string): Promise<Server & Pick<Login, 'password' | 'ssl'>> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isKnown = parsed?.protocol === 'mysql:' || parsed?.protocol === 'mariadb:'
  if (parsed === undefined || !isKnown || parsed.hostname === '') throw invalid('The url of a MySQL source is none of MySQL.')
  const unknown = [...parsed.searchParams.keys()].find((name) => !settings.includes(name))
  if (unknown !== undefined) throw invalid(`The url of a MySQL source says ${unknown}, which is none of ${settings.join(', ')}.`)
  const database = decodeURIComponent(parsed.pathname.slice(1))
  if (database === '' || parsed.username === '') throw invalid('The url of a MySQL source names no user or no database.')
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host,
    port: Number(parsed.port || 3306),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database,
    ssl: await sslOf(host, parsed.searchParams.get('ssl-mode') ?? undefined, parsed.searchParams.get('ssl-ca') ?? undefined),
  }
}

async function sslOf(host: string, asked: string | undefined, file: string | undefined): Promise<SslOptions | undefined> {
  const mode =
    asked?.toLowerCase().replace('_', '-') ?? (ownHosts.test(host) && file === undefined ? 'disabled' : 'verify-identity')
  if (!modes.some((known) => known === mode)) {
    throw invalid(`The ssl-mode of a MySQL source is ${mode}, which is none of ${modes.join(', ')}.`)
  }
  if (mode === 'disabled') return undefined
  const ca = file === undefined ? undefined : await authorities(file)
  const verifies = mode !== 'required'
  return { rejectUnauthorized: verifies, verifyIdentity: mode === 'verify-identity', ...(ca !== undefined && { ca }) }
}

async function authorities(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', `The file ${file} of a MySQL source's ssl-ca cannot be read.`, {
      hint: 'Correct ssl-ca in the url: the path of a PEM file.',
      cause,
    })
  })
}

function invalid(message: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', message, {
    hint: 'Write it as mysql://user:password@host:3306/database?ssl-mode=verify-identity, with special characters as %XX.',
  })
}
