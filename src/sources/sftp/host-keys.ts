import { createHash, createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SluiceError } from '../../errors.ts'

/** How a project says which host it trusts: one of the two. */
export interface HostTrust {
  /** `SHA256:…`, or the key as a public key file has it: `ssh-ed25519 AAAA…`. */
  readonly hostKey?: string
  /** The path of a file as OpenSSH's `known_hosts`. */
  readonly knownHosts?: string
}

/** Which keys a host may show. */
export interface TrustedKeys {
  /** Their types, for the negotiation; undefined: any. */
  readonly types: readonly string[] | undefined
  /** Why the key is not accepted, as a sentence about `host`; undefined when it is. */
  refusal(key: Buffer, host: string): string | undefined
}

/** The keys that a host at this port may show. CONFIG_INVALID when that cannot be said. */
export async function trustedKeys({ hostKey, knownHosts }: HostTrust, host: string, port: number): Promise<TrustedKeys> {
  if (hostKey !== undefined && knownHosts !== undefined) throw invalid(`both hostKey and knownHosts are given for ${host}`)
  if (hostKey !== undefined) return hostKey.startsWith('SHA256:') ? byFingerprint(hostKey) : byKey(hostKey)
  if (knownHosts !== undefined) return byKnownHosts(knownHosts, host, port)
  throw invalid(`neither hostKey nor knownHosts is given for ${host}, so anybody could stand in for it`)
}

/** `SHA256:…` of a key, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** `ssh-ed25519`, `ssh-rsa` and the like: the first field of a key. */
export function keyType(key: Buffer): string {
  return key.subarray(4, 4 + (key.length < 4 ? 0 : key.readUInt32BE(0))).toString('latin1')
}

function byFingerprint(expected: string): TrustedKeys {
  const wanted = expected.trim().replace(/=+$/, '')
  return {
    types: undefined,
    refusal: (key, host) => (fingerprint(key) === wanted ? undefined : changed(host, key, [wanted])),
  }
}

function byKey(line: string): TrustedKeys {
  const key = publicKey(line.trim().split(/\s+/))
  if (key === undefined) {
    throw invalid(`hostKey is neither a fingerprint, SHA256:…, nor a public key, such as ssh-ed25519 AAAA…`)
  }
  return among([key])
}

async function byKnownHosts(path: string, host: string, port: number): Promise<TrustedKeys> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`the knownHosts file ${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`)
  })
  const name = (port === 22 ? host : `[${host}]:${port}`).toLowerCase()
  const lines = text.split('\n').flatMap((line) => knownHost(line))
  const matching = lines.filter(({ hosts }) => matchesHost(hosts, name))
  const revoked = matching.filter(({ marker }) => marker === '@revoked').map(({ key }) => fingerprint(key))
  const keys = matching.filter(({ marker }) => marker === undefined).map(({ key }) => key)
  const trusted = keys.length === 0 ? unknownHost(path) : among(keys)
  return {
    types: trusted.types,
    refusal: (key, shown) =>
      revoked.includes(fingerprint(key))
        ? `${shown} shows the key ${keyType(key)} ${fingerprint(key)}, which ${path} calls revoked`
        : trusted.refusal(key, shown),
  }
}

function among(keys: readonly Buffer[]): TrustedKeys {
  return {
    types: [...new Set(keys.map(keyType))],
    refusal: (key, host) => (keys.some((known) => known.equals(key)) ? undefined : changed(host, key, keys.map(fingerprint))),
  }
}

function unknownHost(path: string): TrustedKeys {
  return {
    types: undefined,
    refusal: (key, host) => `${host} is not in ${path}; it shows the key ${keyType(key)} ${fingerprint(key)}`,
  }
}

function changed(host: string, key: Buffer, expected: readonly string[]): string {
  return `${host} shows the key ${keyType(key)} ${fingerprint(key)}, but ${expected.join(' or ')} is expected`
}

interface KnownHost {
  readonly marker: string | undefined
  readonly hosts: string
  readonly key: Buffer
}

function knownHost(line: string): readonly KnownHost[] {
  if (line.startsWith('#')) return []
  const fields = line.trim().split(/\s+/)
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
  const [hosts = '', ...rest] = fields
  const key = publicKey(rest)
  return key === undefined ? [] : [{ marker, hosts, key }]
}

/** The key of `ssh-ed25519 AAAA… comment`; undefined when its type is not the one that it carries itself. */
function publicKey([type, base64]: readonly string[]): Buffer | undefined {
  const key = Buffer.from(base64 ?? '', 'base64')
  return type !== undefined && type !== '' && keyType(key) === type ? key : undefined
}

/** Names with `*` and `?`, one behind `!` excludes, or one name as `|1|salt|hash`. */
function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) {
    const [salt = '', hash = ''] = hosts.slice(3).split('|')
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
  }
  const patterns = hosts.toLowerCase().split(',')
  const excludes = patterns.some((pattern) => pattern.startsWith('!') && matchesName(pattern.slice(1), name))
  return !excludes && patterns.some((pattern) => matchesName(pattern, name))
}

function matchesName(pattern: string, name: string): boolean {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
}

function invalid(what: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The trusted host keys of sftp: ${what}.`, {
    hint: "Ask the operator of the host for its key, and set hostKey: 'SHA256:…' or knownHosts: '<file>' in the project file.",
  })
}
