import type { PostgresConnection } from './connection.ts'

/** What people should know about a server before they read it: rights, prepared transactions, replication, its zone. */
export async function checkServer(connection: PostgresConnection): Promise<readonly string[]> {
  const { user, database } = connection.login
  const found = await connection.one(
    `SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS stats, pg_is_in_recovery() AS replica,
       round(extract(epoch FROM now() - pg_last_xact_replay_timestamp())) AS lag,
       (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()) AS prepared,
       (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone') AS zone,
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND has_table_privilege(c.oid, 'SELECT')) AS tables`,
  )
  const notes: string[] = []
  if (found['tables'] === '0') {
    notes.push(`${user} may read no table of ${database}: GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}.`)
  }
  if (found['stats'] !== 't') {
    notes.push(`No horizon can be proven while other users' transactions are hidden: GRANT pg_read_all_stats TO ${user}.`)
  }
  if (found['replica'] === 't') {
    notes.push(`The server is a replica, ${found['lag'] ?? 'an unknown number of'} s behind: cursors need an overlap.`)
  }
  if (found['prepared'] !== '0') {
    notes.push(
      `${found['prepared']} prepared transactions are open: no window ends after them before they do (pg_prepared_xacts).`,
    )
  }
  if (!/^(utc|gmt|etc\/utc)$/i.test(found['zone'] ?? '')) {
    notes.push(`Sessions begin in the zone ${found['zone']}: timestamps without a zone are read as they are, in no zone.`)
  }
  return notes
}
