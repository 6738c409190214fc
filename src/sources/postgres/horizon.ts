import { SluiceError } from '../../errors.ts'
import { type PostgresConnection, sessionName, type TextRow } from './connection.ts'

/** What is known about writers that have not committed yet. */
export type Horizon =
  /** Nothing with an earlier time can still be committed; `at` and `now` are texts of timestamptz, in UTC. */
  | { readonly kind: 'proven'; readonly at: string; readonly now: string }
  /** Prepared transactions have no known begin: nothing beyond the last window is safe. */
  | { readonly kind: 'held'; readonly by: readonly string[]; readonly now: string }
  | { readonly kind: 'unknown'; readonly reason: string; readonly now: string }

/** A notice comes at this share of the lag that fails: after a minute of the default hour. */
const lagsBeforeNotice = 60

/** Sessions that cannot write rows: autovacuum, replication, and our own. */
const others = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'walsender')
  AND NOT (application_name = '${sessionName}' AND usename = current_user)`

/** Taken before the snapshot, outside any transaction. SOURCE_FAILED when a writer holds it back for over `maxLagMs`. */
export async function takeHorizon(
  connection: PostgresConnection,
  maxLagMs: number,
  notice: (message: string) => void,
): Promise<Horizon> {
  // The clock first: who begins after it gets a later time.
  const { now, replica } = await connection.one('SELECT clock_timestamp() AS now, pg_is_in_recovery() AS replica')
  if (typeof now !== 'string') throw new TypeError('clock_timestamp() is no text')
  if (replica === 't')
    return { kind: 'unknown', now, reason: 'the server is a replica and does not show the writers of its primary' }
  // Before the sessions: who prepares between the two is still seen as one of them, or here.
  const sessions = await connection.one(
    `SELECT count(*) FILTER (WHERE query = '<insufficient privilege>' OR state = 'disabled') AS hidden,
       (least(min(xact_start), $1::timestamptz) - interval '1 second')::text AS at,
       extract(epoch FROM $1::timestamptz - min(xact_start)) * 1000 AS lag ${others}`,
    [now],
  )
  const prepared = await connection.query(
    'SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared',
  )
  if (prepared.length > 0) return { kind: 'held', now, by: prepared.map(({ gid }) => gid ?? '') }
  if (sessions['hidden'] !== '0') {
    return {
      kind: 'unknown',
      now,
      reason: `the transactions of ${sessions['hidden']} sessions are hidden from ${connection.login.user}, who lacks the role pg_read_all_stats`,
    }
  }
  const lagMs = Number(sessions['lag'] ?? 0)
  if (lagMs > maxLagMs / lagsBeforeNotice) await reportLag(connection, lagMs, maxLagMs, notice)
  return { kind: 'proven', now, at: sessions['at'] ?? now }
}

async function reportLag(
  connection: PostgresConnection,
  lagMs: number,
  maxLagMs: number,
  notice: (message: string) => void,
): Promise<void> {
  const holder: TextRow = await connection.one(
    `SELECT pid, usename AS user ${others} AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1`,
  )
  const [pid, user] = [holder['pid'] ?? '', holder['user'] ?? '']
  const age = `${Math.round(lagMs / 1000)} s`
  const what = `a transaction of ${user || 'somebody'} (pid ${pid || 'gone'}) has been open for ${age}`
  if (lagMs <= maxLagMs) {
    notice(`The horizon lags: ${what}. Rows of that time are read when it has ended.`)
    return
  }
  throw new SluiceError('SOURCE_FAILED', `The horizon lags too far: ${what}.`, {
    hint: pid ? `Have it ended: SELECT pg_terminate_backend(${pid})` : 'Run it again.',
    details: { pid, user, lagMs: Math.round(lagMs) },
  })
}
