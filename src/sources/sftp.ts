import type { Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import { openFileSource } from './files/file-source.ts'
import type { FoundFile } from './files/file-store.ts'
import { changedWhileRead } from './files/identity.ts'
import { RemoteStore, type Transport } from './files/remote-store.ts'
import { connectSftp, type SftpConnection, type SftpLogin } from './sftp/connection.ts'
import { fileBlocks } from './sftp/file-blocks.ts'
import { type HostTrust, trustedKeys } from './sftp/host-keys.ts'
import { type Folder, factsOf, listFiles } from './sftp/list-files.ts'

/** The files of an SFTP server. One of password, key and agent; one of hostKey and knownHosts. */
export interface SftpOptions extends HostTrust {
  readonly host: string
  /** By default 22. */
  readonly port?: number
  readonly user: string
  readonly password?: string
  /** The text of a private key. */
  readonly key?: string
  /** The passphrase of the key. */
  readonly passphrase?: string
  /** The path of the socket of an SSH agent. */
  readonly agent?: string
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
 * Reads the files of a folder of an SFTP server. The server must show a trusted key; a connection that is cut or falls
 * silent is SOURCE_UNREACHABLE, and never the end of a file.
 */
export async function openSftp(options: SftpOptions): Promise<Source> {
  const login = loginOf(options)
  const keys = await trustedKeys(options, login.host, login.port)
  const path = options.folder ?? '.'
  const shown = path === '.' ? '/' : `${path.startsWith('/') ? '' : '/~/'}${path}`
  const folder = { path, label: `sftp://${login.host}:${login.port}${shown}` }
  const transport: Transport<SftpConnection> = {
    label: folder.label,
    connect: (signal) => connectSftp(login, keys, signal),
    check: async (connection) => {
      await connection.list(folder.path, `The folder ${folder.label}`)
    },
    list: (connection, wanted) => listFiles(connection, folder, wanted),
    read: (connection, file) => readFile(connection, folder, file),
  }
  return openFileSource(new RemoteStore(transport, options.connections ?? 4))
}

function loginOf(options: SftpOptions): SftpLogin {
  const { host, port = 22, user, password, key, passphrase, agent } = options
  const credentials = { password, key, agent }
  const given = (['password', 'key', 'agent'] as const).filter((name) => credentials[name] !== undefined)
  const [credential] = given
  if (credential === undefined || given.length > 1) {
    throw new SluiceError(
      'CONFIG_INVALID',
      `The login at ${host} has ${credential === undefined ? 'none' : given.join(' and ')}.`,
      {
        hint: 'Give one of password, key and agent to sftp in the project file.',
      },
    )
  }
  const { connectTimeoutMs = 20_000, idleTimeoutMs = 60_000 } = options
  return { protocol: 'SFTP', host, port, user, credential, password, key, passphrase, agent, connectTimeoutMs, idleTimeoutMs }
}

async function* readFile(connection: SftpConnection, { label }: Folder, file: FoundFile): AsyncGenerator<Uint8Array> {
  const what = `${file.id} in ${label}`
  const handle = await connection.open(file.path, what)
  try {
    await refuseChanged(connection, handle, file, what)
    let total = 0
    for await (const block of fileBlocks(connection, handle, file.bytes, what)) {
      total += block.length
      yield block
    }
    await refuseChanged(connection, handle, file, what)
    if (total !== file.bytes) throw changedWhileRead(file)
  } finally {
    await connection.release(handle)
  }
}

async function refuseChanged(connection: SftpConnection, handle: Buffer, file: FoundFile, what: string): Promise<void> {
  const now = factsOf(await connection.fstat(handle, what))
  if (now.bytes !== file.bytes || now.modifiedNs !== file.modifiedNs) throw changedWhileRead(file)
}
