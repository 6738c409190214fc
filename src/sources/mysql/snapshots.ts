import { isSluiceError } from '../../errors.ts'
import type { CatalogueTable } from './catalogue.ts'
import type { MysqlConnection } from './connection.ts'
import { errorNumber } from './failures.ts'

const mostTries = 100
/** While it waits for a lock, whoever wants to write waits behind it. */
const lockWaitSeconds = 3
/** Waited too long, deadlock. */
const lostLock = [1205, 1213]

/**
 * Begins a snapshot on each connection, all of one moment, and answers those that have it; the others are closed. By the
 * position in the binary log that MariaDB tells of each snapshot, else behind a lock that keeps writers out while the
 * snapshots begin: `more` opens a connection for it, if there may be one more. Where neither is to be had, one connection
 * remains, and it is said why.
 */
export async function beginTogether(
  connections: readonly MysqlConnection[],
  table: CatalogueTable,
  more: () => Promise<MysqlConnection | undefined>,
  notice: (message: string) => void,
): Promise<readonly MysqlConnection[]> {
  const [first] = connections
  if (first === undefined) return []
  if (connections.length > 1) {
    if ((await tellsPositions(first)) && (await atOnePosition(connections))) return connections
    const locked = await behindLock(connections, table, more)
    if (typeof locked !== 'string') return locked
    notice(`${table.name} is read over one connection, for no snapshot can be shared: ${locked}`)
    await Promise.all(connections.slice(1).map((connection) => connection.close()))
  }
  await first.beginSnapshot()
  return [first]
}

/** Whether the server tells of a snapshot where in its binary log it lies, and the log has every change. */
export async function tellsPositions(connection: MysqlConnection): Promise<boolean> {
  if (!connection.isMariadb) return false
  const rows = await connection.query('SHOW MASTER STATUS').catch((cause: unknown) => {
    if (isSluiceError(cause, 'SOURCE_DENIED')) return []
    throw cause
  })
  return rows.length > 0 && rows.every(([, , only, ignored]) => !only && !ignored)
}

async function atOnePosition(connections: readonly MysqlConnection[]): Promise<boolean> {
  for (let tries = 0; tries < mostTries; tries++) {
    await Promise.all(connections.map((connection) => connection.beginSnapshot()))
    if (await showOnePosition(connections)) return true
  }
  return false
}

/**
 * One after the other, and each twice: the server keeps the answer in one place for all sessions, so that two that ask at the
 * same moment can get each other's.
 */
async function showOnePosition(connections: readonly MysqlConnection[]): Promise<boolean> {
  let position: string | undefined
  for (const connection of [...connections, ...connections]) {
    const shown = String(await connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'"))
    position ??= shown
    if (shown !== position) return false
  }
  return true
}

/** The connections whose snapshots began while a lock was held, or why there was none. */
async function behindLock(
  connections: readonly MysqlConnection[],
  { lockable }: CatalogueTable,
  more: () => Promise<MysqlConnection | undefined>,
): Promise<readonly MysqlConnection[] | string> {
  if (lockable === undefined) return 'a query has no table that could be locked for a moment.'
  const extra = await more()
  const locker = extra ?? connections.at(-1)
  const others = extra === undefined ? connections.slice(0, -1) : connections
  if (locker === undefined) return 'no connection is free.'
  try {
    await locker.query(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`)
    await locker.query(`LOCK TABLES ${lockable} READ`)
    await Promise.all(others.map((connection) => connection.beginSnapshot()))
    await locker.query('UNLOCK TABLES')
    return others
  } catch (cause) {
    return whyNotLocked(cause, locker)
  } finally {
    await locker.close()
  }
}

/** For people; what is no answer to the lock is thrown again. */
function whyNotLocked(cause: unknown, { login: { user, database } }: MysqlConnection): string {
  if (isSluiceError(cause, 'SOURCE_DENIED')) {
    return `the right LOCK TABLES is missing (GRANT LOCK TABLES ON \`${database}\`.* TO '${user}'@'<host>').`
  }
  if (isSluiceError(cause) && lostLock.includes(errorNumber(cause))) return cause.message
  throw cause
}
