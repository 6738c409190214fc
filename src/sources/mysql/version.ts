import { SluiceError } from '../../errors.ts'
import type { Server } from './server.ts'

/** What the server is. */
export interface ServerVersion {
  readonly isMariadb: boolean
  readonly major: number
  readonly minor: number
}

/** The oldest that have all that is asked of them. */
const oldest = { mariadb: [10, 3], mysql: [5, 7] } as const

/** What `SELECT VERSION()` says. SOURCE_FAILED for a server before MariaDB 10.3 or MySQL 5.7. */
export function supported(text: string, { host, port }: Server): ServerVersion {
  const isMariadb = /mariadb/i.test(text)
  // Some proxies put this before a version of MariaDB, for old clients.
  const [major = 0, minor = 0] = text
    .replace(/^5\.5\.5-/, '')
    .split(/[.-]/)
    .map(Number)
  const [leastMajor, leastMinor] = isMariadb ? oldest.mariadb : oldest.mysql
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return { isMariadb, major, minor }
  const product = isMariadb ? 'MariaDB' : 'MySQL'
  throw new SluiceError('SOURCE_FAILED', `The MySQL server ${host}:${port} is ${text}, which is too old to be read.`, {
    hint: `Use ${product} ${leastMajor}.${leastMinor} or later.`,
    details: { host, port, version: text },
  })
}
