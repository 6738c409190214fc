import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isSluiceError, SluiceError } from '../../errors.ts'
import { throwIfAborted } from '../throw-if-aborted.ts'
import type { MysqlConnection } from './connection.ts'
import type { Server } from './server.ts'

/** Below what no transaction can still commit; both as `YYYY-MM-DD HH:MM:SS`. */
export interface Horizon {
  /** In UTC, for TIMESTAMP. */
  readonly utc: string
  /** In the zone in which the server's sessions begin, for DATE and DATETIME. */
  readonly local: string
}

/** What bounds a cursor's window. */
export interface Clock {
  readonly horizon: Horizon | undefined
  /** Why there is none. */
  readonly reason: string | undefined
  /** What keeps the horizon where it was: nothing tells since when it writes. */
  readonly heldBy: string | undefined
  /** A second after the database's now, in UTC and in its own zone: what is later is held back. */
  readonly beyondNow: Horizon
}

/** What bounds how far back a horizon may lie. */
export interface HorizonRules {
  readonly maxLagSeconds: number
  /** How long to wait for transactions that have written, until they end. */
  readonly waitMs: number
  /** How long a statement may have waited before its first row; undefined: as long as the server lets it wait for a lock. */
  readonly maxLockWaitSeconds: number | undefined
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

/** Who keeps the horizon back. */
interface Holder {
  readonly seconds: number
  /** By how much more its rows may be older than it is. */
  readonly waited: number
  readonly who: string
  readonly isPrepared: boolean
}

const nobody: Holder = { seconds: 0, waited: 0, who: 'nobody', isPrepared: false }

/** A transaction may have begun in the second of which its age is cut, and clocks are read one after the other. */
const safetySeconds = 1
const quarter = 900

/**
 * Reads the horizon, to be called before the snapshot on another connection. Ages are subtracted, not times, for the server
 * tells times in its own zone.
 */
export async function readClock(
  connection: MysqlConnection,
  rules: HorizonRules,
  notice: (message: string) => void,
): Promise<Clock> {
  const [now = null] = await connection.one('SELECT UNIX_TIMESTAMP()')
  const seconds = Number(now)
  const beyondNow = await localised(connection, seconds + 1)
  const unproven = (reason: string) => ({ horizon: undefined, reason, heldBy: undefined, beyondNow })
  const replica = await replicaState(connection)
  if (replica.reason !== undefined) return unproven(replica.reason)
  const holder = await oldestHolder(connection, rules)
  if (holder === undefined) return unproven(withoutProcess(connection.login))
  if (holder.isPrepared) return { horizon: undefined, reason: undefined, heldBy: holder.who, beyondNow }
  reportLag(holder, rules.maxLagSeconds, notice)
  const horizon = await localised(connection, seconds - Math.ceil(holder.seconds + holder.waited) - safetySeconds)
  return { horizon, reason: undefined, heldBy: undefined, beyondNow }
}

/** What is missing to see the work of other sessions. */
function withoutProcess({ user }: Server): string {
  return `${user} lacks the right PROCESS (GRANT PROCESS ON *.* TO '${user}'@'<host>')`
}

/** Why no horizon can be proven on this server, if it is so, and what is to be said about it as a replica. */
interface ReplicaState {
  readonly reason: string | undefined
  readonly lagSeconds: number | undefined
  readonly isVisible: boolean
}

/**
 * A replica applies transactions of another server, which are not to be seen here: not while it applies them, nor while it
 * is stopped. How far it lags bounds when they committed, not when they began.
 */
export async function replicaState(connection: MysqlConnection): Promise<ReplicaState> {
  const threads = await connection.query(
    `SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = 'system user' AND COMMAND <> 'Daemon' LIMIT 1`,
  )
  const status = await connection.named(replicaStatement(connection)).catch(ifDenied)
  const isReplica = threads.length > 0 || (status !== undefined && status.length > 0)
  const lags = status?.map((row) => Number(row['Seconds_Behind_Master'] ?? row['Seconds_Behind_Source'] ?? Number.NaN)) ?? []
  const lagSeconds = lags.length === 0 ? undefined : Math.max(...lags)
  const isVisible = status !== undefined
  if (isReplica) return { reason: 'the server is a replica', lagSeconds, isVisible }
  const [isReadOnly] = isVisible ? [] : await connection.one('SELECT @@GLOBAL.read_only')
  if (isReadOnly !== '1') return { reason: undefined, lagSeconds, isVisible }
  return { reason: 'the server is read-only, and whether it is a replica is not to be seen', lagSeconds, isVisible }
}

/** MySQL 8.4 knows no other words than the last, earlier ones not these. */
function replicaStatement(connection: MysqlConnection): string {
  if (connection.isMariadb) return 'SHOW ALL SLAVES STATUS'
  return connection.isMysqlSince(8, 4) ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS'
}

/** What a user may not see is undefined. */
function ifDenied(cause: unknown): undefined {
  if (!isSluiceError(cause, 'SOURCE_DENIED')) throw cause
}

/**
 * Statements first, then transactions: one that waits for a metadata lock is not in innodb_trx yet, and is there by the time
 * that it left the process list. Undefined when the right to see them is missing.
 */
async function oldestHolder(connection: MysqlConnection, rules: HorizonRules): Promise<Holder | undefined> {
  const statements = await connection.query(
    `SELECT ID, TIME, USER FROM information_schema.PROCESSLIST
     WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Sleep', 'Daemon') AND COMMAND NOT LIKE 'Binlog Dump%' AND USER <> 'event_scheduler'`,
  )
  const transactions = await openTransactions(connection)
  if (transactions === undefined) return undefined
  const readers = new Set(transactions.flatMap(({ session, isReadOnly }) => (isReadOnly ? [session] : [])))
  const running = statements
    .filter(([session]) => !readers.has(session ?? ''))
    .map(([session, age, user]) => {
      return { ...nobody, seconds: Number(age) + 1, who: `a statement of ${user}, of session ${session}` }
    })
  const waited = rules.maxLockWaitSeconds ?? Number((await connection.one('SELECT @@GLOBAL.lock_wait_timeout'))[0])
  const writing = (await afterWaiting(connection, transactions, rules)).map((writer) => holderOf(writer, waited))
  const holders = [nobody, ...running, ...writing]
  return holders.reduce((oldest, holder) => (farther(holder, oldest) ? holder : oldest))
}

function farther(one: Holder, other: Holder): boolean {
  if (one.isPrepared || other.isPrepared) return one.isPrepared
  return one.seconds + one.waited > other.seconds + other.waited
}

/** One that outlived its session may have outlived the server too: then its age began anew with it. */
function holderOf({ session, seconds, id }: OpenTransaction, waited: number): Holder {
  if (session === '0') return { ...nobody, who: `the prepared transaction ${id}`, isPrepared: true }
  return { ...nobody, seconds, waited, who: `a transaction of session ${session}` }
}

/** A transaction as the server lists it. */
export interface OpenTransaction {
  /** 0: it has none any more. */
  readonly session: string
  readonly isReadOnly: boolean
  /** Since it touched its first row; its statement may have begun long before, and waited. */
  readonly seconds: number
  readonly id: string
}

/** A transaction gets its number when it first writes: before, it is 0 on MariaDB, and here or above on MySQL. */
const unwritten = 2n ** 48n
/** The server shows its list anew when nobody has looked at it for 100 ms. */
const lookEveryMs = 120
const looks = 50

/**
 * Those of the transactions which have written, and are open still when they were waited for. What has not written yet will
 * do so in a statement that the process list shows, or in a later one.
 */
async function afterWaiting(
  connection: MysqlConnection,
  transactions: readonly OpenTransaction[],
  { waitMs, signal }: HorizonRules,
): Promise<readonly OpenTransaction[]> {
  const deadline = performance.now() + waitMs
  let open = transactions.filter(({ id }) => BigInt(id) > 0n && BigInt(id) < unwritten)
  while (open.length > 0 && performance.now() < deadline) {
    await pause(lookEveryMs + Math.random() * lookEveryMs, undefined, { signal }).catch(() => throwIfAborted(signal))
    const still = new Map((await listed(connection)).map((transaction) => [transaction.id, transaction]))
    open = open.flatMap(({ id }) => still.get(id) ?? [])
  }
  return open
}

/** All open transactions as they are now. Undefined when the right to see them is missing. */
export async function openTransactions(connection: MysqlConnection): Promise<readonly OpenTransaction[] | undefined> {
  // Times of innodb_trx are in the zone of the server's host. A change of its clock within a day may hide as much of an age.
  await connection.query("SET SESSION time_zone = 'SYSTEM'")
  // With a transaction of our own in the list, its statement tells whether the list is a new one.
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
  try {
    for (let look = 0; look < looks; look++) {
      const mark = randomUUID()
      const transactions = await listed(connection, mark)
      if (transactions.some(({ isMarked }) => isMarked)) return transactions.filter(({ isMarked }) => !isMarked)
      await pause(lookEveryMs + Math.random() * lookEveryMs)
    }
    throw new SluiceError('SOURCE_FAILED', 'The server does not show its transactions as they are now.', {
      hint: 'Look who asks for information_schema.INNODB_TRX many times a second, and let it ask less often.',
    })
  } catch (cause) {
    return ifDenied(cause)
  } finally {
    await connection.query('COMMIT').catch(() => {})
  }
}

async function listed(
  connection: MysqlConnection,
  mark = '',
): Promise<readonly (OpenTransaction & { readonly isMarked: boolean })[]> {
  const rows = await connection.query(
    `SELECT /* ${mark} */ t.trx_mysql_thread_id, t.trx_is_read_only,
       GREATEST(TIMESTAMPDIFF(SECOND, t.trx_started, SYSDATE()), 0) + 1
         + ABS(TIMESTAMPDIFF(SECOND, FROM_UNIXTIME(UNIX_TIMESTAMP() - 86400), FROM_UNIXTIME(UNIX_TIMESTAMP())) - 86400),
       t.trx_id, t.trx_mysql_thread_id = CONNECTION_ID() AND t.trx_query LIKE '%/* ${mark} */%'
     FROM information_schema.INNODB_TRX t`,
  )
  return rows.map(([session, isReadOnly, seconds, id, isMarked]) => ({
    session: session ?? '0',
    isReadOnly: isReadOnly === '1',
    seconds: Number(seconds),
    id: id ?? '0',
    isMarked: isMarked === '1',
  }))
}

function reportLag({ seconds, waited, who }: Holder, maxLagSeconds: number, notice: (message: string) => void): void {
  if (seconds > maxLagSeconds) {
    throw new SluiceError('SOURCE_FAILED', `The horizon lies ${seconds} s back: ${who}, is that old.`, {
      hint: 'End that session, or raise maxHorizonLagMs of the source.',
      details: { seconds },
    })
  }
  if (seconds > maxLagSeconds / 2) notice(`The horizon lies ${seconds} s back: ${who}, is that old.`)
  if (waited === 0) return
  notice(
    `The horizon lies ${seconds + waited} s back: ${who}, has written and is open still, and its first statement may have waited for a lock for ${waited} s (maxLockWaitMs).`,
  )
}

/**
 * The second in UTC and in the zone in which sessions begin. Where that zone's clock is about to be set back, what will be
 * written then is bounded too: by the first second after the change.
 */
async function localised(connection: MysqlConnection, seconds: number): Promise<Horizon> {
  const next = Math.ceil(seconds / quarter) * quarter
  const moments = [seconds, ...Array.from({ length: 13 }, (_, index) => next + index * quarter)]
  await connection.query("SET SESSION time_zone = '+00:00'")
  const [utc] = await connection.one(`SELECT CAST(FROM_UNIXTIME(${seconds}) AS CHAR)`)
  await connection.query('SET SESSION time_zone = @@GLOBAL.time_zone')
  const [local] = await connection.one(
    `SELECT CAST(LEAST(${moments.map((moment) => `FROM_UNIXTIME(${moment})`).join(', ')}) AS CHAR)`,
  )
  return { utc: (utc ?? '').slice(0, 19), local: (local ?? '').slice(0, 19) }
}
