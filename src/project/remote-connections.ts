import { FileSource } from './connections.ts'
import type { Setting } from './setting.ts'

/** What servers with files have in common. */
interface RemoteOptions {
  /** The server's name or address. */
  readonly host: Setting
  /** Who logs in. */
  readonly user: Setting
  /** The folder of the files; by default where the server puts the user. */
  readonly folder?: Setting
  /** How many connections are open at once, at most; by default 4. One reads, one stays free for another script, the others read the next files ahead, up to 4 MiB each; with 1 or 2 none does. */
  readonly connections?: number
  /** How long connecting and logging in may take, in milliseconds; by default 20,000. */
  readonly connectTimeoutMs?: number
  /** How long an answer, or the next bytes of a file, may take, in milliseconds; by default 60,000. */
  readonly idleTimeoutMs?: number
}

/** An SFTP server: the login by one of `password`, `key` and `agent`, the server known by one of `hostKey` and `knownHosts`. */
export interface SftpOptions extends RemoteOptions {
  /** By default 22. */
  readonly port?: Setting | number
  /** The user's password. */
  readonly password?: Setting
  /** The text of a private key file, OpenSSH or PEM. */
  readonly key?: Setting
  /** The passphrase of the key, if it has one. */
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
  /** The user's password. */
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
