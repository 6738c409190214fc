import { FileSource } from './connections.ts'
import type { Setting } from './setting.ts'

/** What servers with files have in common. */
interface RemoteOptions {
  readonly host: Setting
  readonly user: Setting
  /** The folder of the files; by default where the server puts the user. */
  readonly folder?: Setting
  /** How many connections are open at once, at most; by default 4. With 1 or 2, nothing is read ahead. */
  readonly connections?: number
  /** How long connecting may take, in milliseconds; by default 20,000. */
  readonly connectTimeoutMs?: number
  /** How long the server may be silent, in milliseconds; by default 60,000. */
  readonly idleTimeoutMs?: number
}

/** An SFTP server: the login by one of `password`, `key` and `agent`, the server known by one of `hostKey` and `knownHosts`. */
export interface SftpOptions extends RemoteOptions {
  /** By default 22. */
  readonly port?: Setting | number
  readonly password?: Setting
  /** The text of the private key file. */
  readonly key?: Setting
  /** The passphrase of the key. */
  readonly passphrase?: Setting
  /** The path of the socket of an SSH agent, such as `env('SSH_AUTH_SOCK')`. */
  readonly agent?: Setting
  /** The server's fingerprint, `SHA256:…`, or its public key, `ssh-ed25519 AAAA…`. */
  readonly hostKey?: Setting
  /** A file as OpenSSH's `known_hosts`; a relative path begins at the project's folder. */
  readonly knownHosts?: Setting
}

/** Files of an SFTP server. Needs the package `ssh2` beside Sluice. */
export function sftp(options: SftpOptions): FileSource {
  return new FileSource('sftp', options)
}

/** An FTP server. */
export interface FtpOptions extends RemoteOptions {
  /** By default 21, with implicit TLS 990. */
  readonly port?: Setting | number
  readonly password: Setting
  /** `explicit`, the default, asks for TLS after connecting; `implicit` begins with it; `none` needs `allowPlaintext`. */
  readonly tls?: 'explicit' | 'implicit' | 'none'
  /** Lets password and files travel unencrypted, for anyone on the way to read and to change. */
  readonly allowPlaintext?: boolean
  /** A PEM file of the authorities to trust instead of the known ones; a relative path begins at the project's folder. */
  readonly ca?: Setting
}

/** Files of an FTP server, encrypted by TLS unless it is told otherwise. Needs the package `basic-ftp` beside Sluice. */
export function ftp(options: FtpOptions): FileSource {
  return new FileSource('ftp', options)
}
