import type { Client, ConnectConfig, FileEntryWithStats, ServerHostKeyAlgorithm, SFTPWrapper, Stats } from 'ssh2'
import { SluiceError } from '../../errors.ts'
import { connectionLost, serverRefused } from '../files/remote-failures.ts'
import { aborted } from '../throw-if-aborted.ts'
import { type Login, notAnswered, notConnected } from './failures.ts'
import type { TrustedKeys } from './host-keys.ts'

/** A login with what proves it. */
export interface SftpLogin extends Login {
  readonly password: string | undefined
  /** A private key, as its file has it. */
  readonly key: string | undefined
  readonly passphrase: string | undefined
  /** The path of an agent's socket. */
  readonly agent: string | undefined
  /** How long connecting may take. */
  readonly connectTimeoutMs: number
  /** How long an answer may take. */
  readonly idleTimeoutMs: number
}

const keepAliveMs = 15_000

/** Connects and logs in, to a host that shows a trusted key. The error says which of these failed. */
export async function connectSftp(login: SftpLogin, keys: TrustedKeys, signal: AbortSignal): Promise<SftpConnection> {
  const { Client } = await importSsh2()
  const client = new Client()
  let refusal: string | undefined
  const hostVerifier = (key: Buffer) => {
    refusal = keys.refusal(key, `${login.host}:${login.port}`)
    return refusal === undefined
  }
  const stop = () => client.destroy()
  signal.addEventListener('abort', stop)
  try {
    await connected(client, { ...configOf(login, keys), hostVerifier })
    const sftp = await subsystem(client, login)
    return new SftpConnection(client, sftp, login)
  } catch (cause) {
    client.destroy()
    if (signal.aborted) throw aborted(signal)
    throw refusal === undefined ? notConnected(cause, login) : refused(refusal)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function refused(refusal: string): SluiceError {
  return new SluiceError('SOURCE_FAILED', `The SFTP server ${refusal}; no login was tried.`, {
    hint: 'Ask the operator of the server whether this is its key; only if it is, write it into hostKey or knownHosts.',
  })
}

async function importSsh2(): Promise<typeof import('ssh2')> {
  return import('ssh2').catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', 'SFTP needs the package ssh2, which is not installed.', {
      hint: 'Install it: npm install ssh2',
      cause,
    })
  })
}

function configOf(login: SftpLogin, { types }: TrustedKeys): ConnectConfig {
  const { host, port, user, password, key, passphrase, agent } = login
  // A host has several keys; it is to show one that is known.
  const serverHostKey = types?.flatMap((type) => signatures[type] ?? []) ?? []
  return {
    host,
    port,
    username: user,
    readyTimeout: login.connectTimeoutMs,
    keepaliveInterval: keepAliveMs,
    ...(password !== undefined && { password }),
    ...(key !== undefined && { privateKey: key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(agent !== undefined && { agent }),
    ...(serverHostKey.length > 0 && { algorithms: { serverHostKey } }),
  }
}

/** How hosts sign with a key of each type. */
const signatures: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
}

async function connected(client: Client, config: ConnectConfig): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.once('ready', resolve)
  // It stays: an error without a listener would end the process.
  client.on('error', reject)
  client.once('close', () => reject(new Error('it ended the connection')))
  try {
    client.connect(config)
  } catch (cause) {
    throw keyUnreadable(cause)
  }
  // Without, each request waits for the peer's delayed acknowledgement: 40 ms.
  client.setNoDelay(true)
  await promise
}

/** The only thing that the client checks before it connects. */
function keyUnreadable(cause: unknown): SluiceError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('CONFIG_INVALID', `The private key for sftp cannot be used: ${message}.`, {
    hint: 'Give the whole text of the private key file as key, and its passphrase where it has one.',
    cause,
  })
}

async function subsystem(client: Client, login: SftpLogin): Promise<SFTPWrapper> {
  const { promise, resolve, reject } = Promise.withResolvers<SFTPWrapper>()
  client.once('close', () => reject(new Error('it ended the connection')))
  const timer = setTimeout(() => reject(new Error('it did not answer in time')), login.connectTimeoutMs)
  client.sftp((error, sftp) => {
    if (error === undefined) resolve(sftp)
    else reject(noSubsystem(error, login))
  })
  return promise.finally(() => clearTimeout(timer))
}

function noSubsystem(cause: Error, login: SftpLogin): SluiceError {
  const what = `lets ${login.user} in, but not to SFTP: ${cause.message}`
  return serverRefused(cause, login, what, `Have the operator of the server switch SFTP on for ${login.user}.`)
}

type Answered<T> = (error: Error | null | undefined, value: T) => void

/** A session. Every request is answered, or rejects when the connection is lost or silent for too long. */
export class SftpConnection {
  readonly #client: Client
  readonly #sftp: SFTPWrapper
  readonly #login: SftpLogin
  readonly #waiting = new Set<(failure: SluiceError) => void>()
  #failure: SluiceError | undefined
  #answers = 0
  #watch: NodeJS.Timeout | undefined

  constructor(client: Client, sftp: SFTPWrapper, login: SftpLogin) {
    this.#client = client
    this.#sftp = sftp
    this.#login = login
    client.on('error', (cause: Error) => this.fail(connectionLost(cause.message, login, cause)))
    client.on('close', () => this.fail(connectionLost('the server ended it', login)))
    sftp.on('error', (cause: Error) => this.fail(connectionLost(cause.message, login, cause)))
  }

  get isUsable(): boolean {
    return this.#failure === undefined
  }

  /** Ends the connection; what waits for an answer, and what is asked later, rejects with this. */
  fail(failure: SluiceError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    clearTimeout(this.#watch)
    this.#client.destroy()
    for (const reject of this.#waiting) reject(failure)
    this.#waiting.clear()
  }

  list(path: string, what: string): Promise<readonly FileEntryWithStats[]> {
    return this.#ask<readonly FileEntryWithStats[]>(what, (sftp, done) => sftp.readdir(path, done))
  }

  realpath(path: string, what: string): Promise<string> {
    return this.#ask<string>(what, (sftp, done) => sftp.realpath(path, done))
  }

  stat(path: string, what: string): Promise<Stats> {
    return this.#ask<Stats>(what, (sftp, done) => sftp.stat(path, done))
  }

  open(path: string, what: string): Promise<Buffer> {
    return this.#ask<Buffer>(what, (sftp, done) => sftp.open(path, 'r', done))
  }

  fstat(handle: Buffer, what: string): Promise<Stats> {
    return this.#ask<Stats>(what, (sftp, done) => sftp.fstat(handle, done))
  }

  /** The bytes read into the buffer from its beginning: fewer than its length when the server likes, 0 at the end. */
  read(handle: Buffer, into: Buffer, position: number, what: string): Promise<number> {
    return this.#ask<number>(what, (sftp, done) => sftp.read(handle, into, 0, into.length, position, done))
  }

  /** Gives a handle back; a failure to do so concerns nobody. */
  async release(handle: Buffer): Promise<void> {
    if (this.isUsable)
      await this.#ask<unknown>('', (sftp, done) => sftp.close(handle, (error) => done(error, null))).catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#client.once('close', resolve)
    this.#client.end()
    const timer = setTimeout(() => this.#client.destroy(), 1000)
    await promise
    clearTimeout(timer)
  }

  #ask<T>(what: string, send: (sftp: SFTPWrapper, done: Answered<T>) => void): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.add(reject)
    this.#expectAnswer()
    try {
      send(this.#sftp, (error, value) => {
        this.#answers += 1
        this.#waiting.delete(reject)
        if (error) reject(notAnswered(error, what, this.#login))
        else resolve(value)
      })
    } catch (cause) {
      this.#waiting.delete(reject)
      reject(notAnswered(cause, what, this.#login))
    }
    return promise
  }

  /** While something is asked for, an answer has to come every so often. */
  #expectAnswer(): void {
    if (this.#watch !== undefined) return
    const before = this.#answers
    this.#watch = setTimeout(() => {
      // Answers may lie in the socket, unread since this process was busy: they come before this.
      setImmediate(() => {
        this.#watch = undefined
        if (this.#waiting.size === 0 || this.#failure !== undefined) return
        if (this.#answers === before) this.fail(connectionLost(`no answer for ${this.#login.idleTimeoutMs} ms`, this.#login))
        else this.#expectAnswer()
      })
    }, this.#login.idleTimeoutMs)
    this.#watch.unref()
  }
}
