import { readFile as readLocalFile } from 'node:fs/promises'
import type { Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import { openFileSource } from './files/file-source.ts'
import type { FoundFile } from './files/file-store.ts'
import { changedWhileRead } from './files/identity.ts'
import { RemoteStore, type Transport } from './files/remote-store.ts'
import { connectFtp, type FtpConnection, type FtpLogin } from './ftp/connection.ts'
import { type Folder, factsOf, listFiles, rootOf } from './ftp/list-files.ts'

/** The files of an FTP server. */
export interface FtpOptions {
  readonly host: string
  /** By default 21, with implicit TLS 990. */
  readonly port?: number
  readonly user: string
  readonly password: string
  /** `explicit`, the default, asks for TLS after connecting; `implicit` begins with it; `none` needs `allowPlaintext`. */
  readonly tls?: 'explicit' | 'implicit' | 'none'
  /** Lets password and files travel unencrypted, for anyone on the way to read and to change. */
  readonly allowPlaintext?: boolean
  /** The path of a file with the authorities, in PEM, that may have signed the server's certificate, instead of the usual ones. */
  readonly ca?: string
  /** By default where the server puts the user. */
  readonly folder?: string
  /** How many connections are open at once, at most; by default 4. */
  readonly connections?: number
  /** How long connecting may take; by default 20,000. */
  readonly connectTimeoutMs?: number
  /** How long the server may be silent; by default 60,000. */
  readonly idleTimeoutMs?: number
}

/**
 * Reads the files of a folder of an FTP server, in binary and over passive connections. The server must show a valid
 * certificate for its host; as many bytes must come as it says that the file has, whatever it says at the end.
 */
export async function openFtp(options: FtpOptions): Promise<Source> {
  const login = await loginOf(options)
  const shown = options.folder === undefined ? '/' : `${options.folder.startsWith('/') ? '' : '/~/'}${options.folder}`
  const scheme = login.tls === 'none' ? 'ftp' : 'ftps'
  const folder = { path: options.folder, label: `${scheme}://${login.host}:${login.port}${shown}` }
  const transport: Transport<FtpConnection> = {
    label: folder.label,
    connect: (signal) => connectFtp(login, signal),
    check: async (connection) => {
      await connection.list(rootOf(connection, folder), `The folder ${folder.label}`)
    },
    list: (connection, wanted) => listFiles(connection, folder, wanted),
    read: (connection, file) => readFile(connection, folder, file),
  }
  return openFileSource(new RemoteStore(transport, options.connections ?? 4))
}

async function loginOf(options: FtpOptions): Promise<FtpLogin> {
  const { host, user, password, tls = 'explicit', allowPlaintext = false } = options
  if (tls === 'none' && !allowPlaintext) {
    throw new SluiceError('CONFIG_INVALID', `The password and the files of ${host} would travel unencrypted.`, {
      hint: "Remove tls: 'none' in the project file, or accept it with allowPlaintext: true.",
    })
  }
  const { port = tls === 'implicit' ? 990 : 21, connectTimeoutMs = 20_000, idleTimeoutMs = 60_000 } = options
  const ca = options.ca === undefined ? undefined : await authorities(options.ca)
  return { protocol: tls === 'none' ? 'FTP' : 'FTPS', host, port, user, password, tls, ca, connectTimeoutMs, idleTimeoutMs }
}

async function authorities(path: string): Promise<string> {
  return readLocalFile(path, 'utf8').catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', `The file of authorities ${path} cannot be read.`, {
      hint: 'Correct ca in the project file.',
      cause,
    })
  })
}

async function* readFile(connection: FtpConnection, { label }: Folder, file: FoundFile): AsyncGenerator<Uint8Array> {
  const what = `${file.id} in ${label}`
  await refuseChanged(connection, file, what)
  let total = 0
  for await (const chunk of connection.download(file.path, what)) {
    total += chunk.length
    yield chunk
  }
  await refuseChanged(connection, file, what)
  if (total !== file.bytes) throw cut(file, label, total)
}

async function refuseChanged(connection: FtpConnection, file: FoundFile, what: string): Promise<void> {
  const now = await factsOf(connection, file.path, what)
  if (now.bytes !== file.bytes || now.modifiedNs !== file.modifiedNs) throw changedWhileRead(file)
}

/** The server had handed out everything, and said so, when the data connection broke on the way. */
function cut({ id, bytes }: FoundFile, label: string, total: number): SluiceError {
  return new SluiceError('SOURCE_UNREACHABLE', `Of ${id} in ${label} ${total} bytes came instead of ${bytes}.`, {
    hint: 'Run it again; if it happens often, look at the network and the log of the server.',
    details: { file: id, bytes, received: total },
  })
}
