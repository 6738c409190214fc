import { PassThrough } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { Client, FileInfo } from 'basic-ftp'
import { SluiceError } from '../../errors.ts'
import { connectionLost } from '../files/remote-failures.ts'
import { aborted } from '../throw-if-aborted.ts'
import { type Login, notAnswered, notConnected } from './failures.ts'

/** A login with what proves it, and how the server proves itself. */
export interface FtpLogin extends Login {
  readonly password: string
  /** Authorities in PEM instead of the usual ones. */
  readonly ca: string | undefined
  /** How long connecting may take. */
  readonly connectTimeoutMs: number
  /** How long an answer, or the next byte of a file, may take. */
  readonly idleTimeoutMs: number
}

const aheadBytes = 4 * 1024 * 1024
const refusalMs = 500

/** Connects, encrypts and logs in; the error says which of these failed. Data travels in binary, over passive connections. */
export async function connectFtp(login: FtpLogin, signal: AbortSignal): Promise<FtpConnection> {
  const { Client } = await importBasicFtp()
  const client = new Client(login.idleTimeoutMs)
  letServerSayWhy(client)
  const access = client.access({
    host: login.host,
    port: login.port,
    user: login.user,
    password: login.password,
    secure: login.tls === 'none' ? false : login.tls === 'explicit' || 'implicit',
    secureOptions: tlsOptions(login),
  })
  const stop = () => client.close()
  signal.addEventListener('abort', stop)
  try {
    await within(login.connectTimeoutMs, access)
    if (client.availableListCommands.includes('MLSD')) listByFacts(client)
    return new FtpConnection(client, login, await client.pwd())
  } catch (cause) {
    client.close()
    throw signal.aborted ? aborted(signal) : notConnected(cause, login)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function importBasicFtp(): Promise<typeof import('basic-ftp')> {
  return import('basic-ftp').catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', 'FTP needs the package basic-ftp, which is not installed.', {
      hint: 'Install it: npm install basic-ftp',
      cause,
    })
  })
}

/** The name or address of the host must stand in a certificate that a known authority has signed. */
function tlsOptions({ host, ca }: FtpLogin): ConnectionOptions {
  return { host, minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca !== undefined && { ca }) }
}

/**
 * A server that refuses a file may reset the data connection before it says no: the client would end everything at the
 * reset, and the refusal would look like a broken network.
 */
function letServerSayWhy({ ftp }: Client): void {
  const close = ftp.closeWithError.bind(ftp)
  ftp.closeWithError = (cause) => {
    const { dataSocket } = ftp
    if (dataSocket === undefined || !cause.message.includes('(data socket)')) close(cause)
    else setTimeout(() => ftp.dataSocket === dataSocket && close(cause), refusalMs)
  }
}

const factsAndName = /^(?:[^\s=;]+=[^;]*;)+ ./

/**
 * Takes the one list that is made for programs: after a refusal the client would ask for another one, which servers
 * answer with an empty list. A name with a line break stands on two lines, of which the parser would skip the second, and of
 * a list that was cut on its way the last line is no whole one.
 */
function listByFacts(client: Client): void {
  client.availableListCommands = ['MLSD']
  const parse = client.parseList
  client.parseList = (list) => {
    if (list !== '' && !list.endsWith('\n')) throw cutList()
    const odd = list.split(/\r?\n/).find((line) => line !== '' && !factsAndName.test(line))
    if (odd === undefined) return parse(list)
    throw new SluiceError('SOURCE_FAILED', `The server lists ${JSON.stringify(odd)}, which is no name or the rest of one.`, {
      hint: 'Have files whose names have a line break renamed, or read the folder over SFTP.',
    })
  }
}

function cutList(): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', "The server's list of files ends in the middle of a line.", {
    hint: 'Run it again; if it happens often, look at the network and the log of the server.',
  })
}

/** A session: one command, or one file, at a time. */
export class FtpConnection {
  readonly #client: Client
  readonly #login: FtpLogin
  /** The folder that the server puts the user into. */
  readonly home: string
  #failure: SluiceError | undefined

  constructor(client: Client, login: FtpLogin, home: string) {
    this.#client = client
    this.#login = login
    this.home = home
  }

  get isUsable(): boolean {
    return this.#failure === undefined && !this.#client.closed
  }

  /** Ends the connection; what is under way, and what is asked later, rejects with this. */
  fail(failure: SluiceError): void {
    this.#failure ??= failure
    this.#client.close()
  }

  /** What stands in a folder. */
  list(folder: string, what: string): Promise<readonly FileInfo[]> {
    return this.#ask(what, async () => {
      // A server may answer to the list of a folder that is not there with an empty one.
      await this.#client.cd(folder)
      return this.#client.list()
    })
  }

  /** The size of a file in bytes. */
  size(path: string, what: string): Promise<number> {
    return this.#ask(what, () => this.#client.size(path))
  }

  /** When a file was modified. */
  modified(path: string, what: string): Promise<Date> {
    return this.#ask(what, () => this.#client.lastMod(path))
  }

  /** The bytes of a file as they come: the server's end, or that of the way, is the end. */
  async *download(path: string, what: string): AsyncGenerator<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure
    const bytes = new PassThrough({ highWaterMark: aheadBytes })
    const failed = (cause: unknown) => this.#failure ?? notAnswered(cause, what, this.#login)
    // The client ends the stream also when the transfer fails, and then says so.
    const transfer = this.#client.downloadTo(bytes, path).then(() => undefined, failed)
    let isOver = false
    try {
      for await (const chunk of bytes) yield chunk
      isOver = true
    } catch (cause) {
      throw failed(cause)
    } finally {
      if (!isOver) this.fail(connectionLost('the file was not read to its end', this.#login))
    }
    const failure = await transfer
    if (failure !== undefined) throw this.#lost(failure)
  }

  close(): void {
    this.#client.close()
  }

  async #ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return await work()
    } catch (cause) {
      throw this.#lost(this.#failure ?? notAnswered(cause, what, this.#login))
    }
  }

  /** The failure; one that leaves the connection in an unknown state ends it. */
  #lost(failure: SluiceError): SluiceError {
    if (failure.code === 'SOURCE_UNREACHABLE') this.fail(failure)
    return failure
  }
}

/** The client itself watches each command and each transfer, but not the handshake of TLS. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('it did not answer in time')), limitMs)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
