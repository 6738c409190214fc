/** The branches' SFTP server, in this process: one user, one folder, reading only. */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import ssh, { type AuthContext, type Connection, type SFTPWrapper } from 'ssh2'
import { closed, isKey, portOf, type RunningServer } from './api-server.ts'

export interface SftpOptions {
  /** What clients see as `/`. */
  readonly folder: string
  readonly user: string
  readonly password: string
  readonly port?: number
}

export interface RunningSftp extends RunningServer {
  /** `SHA256:…`, as `ssh-keygen -lf` shows it. */
  readonly hostKey: string
}

/** Starts the server with a new host key. */
export function startSftp({ folder, user, password, port = 0 }: SftpOptions): Promise<RunningSftp> {
  const keys = ssh.utils.generateKeyPairSync('ed25519')
  const clients = new Set<Connection>()
  const server = new ssh.Server({ hostKeys: [keys.private] }, (client) => {
    clients.add(client)
    client.on('authentication', (context) => authenticate(context, user, password))
    client.on('error', () => clients.delete(client))
    client.on('close', () => clients.delete(client))
    client.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => serve(acceptSftp(), new SharedFolder(folder)))
    })
  })
  const close = () => {
    for (const client of clients) client.end()
    return closed(server)
  }
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(port, '127.0.0.1', () => resolve({ port: portOf(server.address()), hostKey: fingerprint(keys.public), close }))
  })
}

function fingerprint(publicKey: string): string {
  const key = ssh.utils.parseKey(publicKey)
  if (key instanceof Error) throw key
  return `SHA256:${createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '')}`
}

function authenticate(context: AuthContext, user: string, password: string): void {
  if (context.method === 'password' && context.username === user && isKey(context.password, password)) context.accept()
  else context.reject(['password'])
}

/** What one client has open of the folder. Whatever is not there throws. */
class SharedFolder {
  readonly #root: string
  readonly #files = new Map<number, number>()
  readonly #listings = new Map<number, string[]>()
  #opened = 0

  constructor(root: string) {
    this.#root = root
  }

  attributes(path: string) {
    return attributesOf(statSync(this.#local(path)))
  }

  openFolder(path: string): Buffer {
    const handle = this.#handle()
    this.#listings.set(
      this.#opened,
      readdirSync(this.#local(path)).map((name) => posix.join('/', path, name)),
    )
    return handle
  }

  openFile(path: string): Buffer {
    const handle = this.#handle()
    this.#files.set(this.#opened, openSync(this.#local(path), 'r'))
    return handle
  }

  /** The paths that were not listed yet. */
  list(handle: Buffer): readonly string[] {
    return this.#listings.get(handle.readUInt32BE())?.splice(0) ?? []
  }

  read(handle: Buffer, offset: number, length: number): Buffer {
    const buffer = Buffer.alloc(Math.min(length, 256 * 1024))
    return buffer.subarray(0, readSync(this.#file(handle), buffer, 0, buffer.length, offset))
  }

  fileAttributes(handle: Buffer) {
    return attributesOf(fstatSync(this.#file(handle)))
  }

  close(handle: Buffer): void {
    const number = handle.readUInt32BE()
    const file = this.#files.get(number)
    if (file !== undefined) closeSync(file)
    this.#files.delete(number)
    this.#listings.delete(number)
  }

  #handle(): Buffer {
    this.#opened += 1
    const handle = Buffer.alloc(4)
    handle.writeUInt32BE(this.#opened)
    return handle
  }

  #file(handle: Buffer): number {
    const file = this.#files.get(handle.readUInt32BE())
    if (file === undefined) throw new Error('no such handle')
    return file
  }

  /** Normalised as an absolute path, a path cannot leave the folder. */
  #local(path: string): string {
    return join(this.#root, posix.normalize(`/${path}`))
  }
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats) {
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
}

/** Answers a client that lists and reads; the library refuses everything else. */
function serve(sftp: SFTPWrapper, folder: SharedFolder): void {
  const { EOF, NO_SUCH_FILE, OK } = ssh.utils.sftp.STATUS_CODE
  const entry = (path: string) => ({ filename: posix.basename(path), longname: path, attrs: folder.attributes(path) })
  const guarded = (request: number, work: () => unknown) => {
    try {
      work()
    } catch {
      sftp.status(request, NO_SUCH_FILE)
    }
  }
  sftp.on('REALPATH', (request, path) => {
    const filename = posix.normalize(`/${path}`)
    guarded(request, () => sftp.name(request, [{ filename, longname: filename, attrs: folder.attributes(filename) }]))
  })
  sftp.on('STAT', (request, path) => guarded(request, () => sftp.attrs(request, folder.attributes(path))))
  sftp.on('LSTAT', (request, path) => guarded(request, () => sftp.attrs(request, folder.attributes(path))))
  sftp.on('FSTAT', (request, handle) => guarded(request, () => sftp.attrs(request, folder.fileAttributes(handle))))
  sftp.on('OPENDIR', (request, path) => guarded(request, () => sftp.handle(request, folder.openFolder(path))))
  sftp.on('OPEN', (request, path) => guarded(request, () => sftp.handle(request, folder.openFile(path))))
  sftp.on('READDIR', (request, handle) =>
    guarded(request, () => {
      const paths = folder.list(handle)
      return paths.length === 0 ? sftp.status(request, EOF) : sftp.name(request, paths.map(entry))
    }),
  )
  sftp.on('READ', (request, handle, offset, length) =>
    guarded(request, () => {
      const bytes = folder.read(handle, offset, length)
      return bytes.length === 0 ? sftp.status(request, EOF) : sftp.data(request, bytes)
    }),
  )
  sftp.on('CLOSE', (request, handle) => {
    folder.close(handle)
    sftp.status(request, OK)
  })
}
