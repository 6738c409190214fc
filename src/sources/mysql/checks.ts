import type { MysqlConnection } from './connection.ts'
import { openTransactions, replicaState } from './horizon.ts'
import { tellsPositions } from './snapshots.ts'

/** What people should know about a server before they read it: rights, replication, snapshots, its zone. */
export async function checkServer(connection: MysqlConnection): Promise<readonly string[]> {
  const { user, database } = connection.login
  const notes: string[] = []
  const [tables] = await connection.one('SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()')
  if (tables === '0') {
    notes.push(
      `${user} sees no table in ${database}: it is empty, or run GRANT SELECT, SHOW VIEW ON \`${database}\`.* TO '${user}'@'<host>'.`,
    )
  }
  const [offset] = await connection.one(
    "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@GLOBAL.time_zone))",
  )
  const { isVisible, reason, lagSeconds } = await replicaState(connection)
  if (reason !== undefined) notes.push(`No horizon can be proven, for ${reason}: cursors need an overlap.`)
  if (lagSeconds !== undefined) notes.push(lagText(lagSeconds))
  if (!isVisible) {
    const right = connection.isMariadb ? 'SLAVE MONITOR' : 'REPLICATION CLIENT'
    notes.push(`Whether the server is a replica is not to be seen: GRANT ${right} ON *.* TO '${user}'@'<host>'.`)
  }
  if ((await openTransactions(connection)) === undefined) {
    notes.push(`No horizon can be proven without the right PROCESS: GRANT PROCESS ON *.* TO '${user}'@'<host>'.`)
  }
  if (!(await tellsPositions(connection))) {
    notes.push(
      `Several connections share a snapshot by a short lock of the table${connection.isMariadb ? ', for no whole binary log is to be seen (BINLOG MONITOR)' : ''}: GRANT LOCK TABLES ON \`${database}\`.* TO '${user}'@'<host>'.`,
    )
  }
  if (offset !== '0')
    notes.push(`The server's own zone is ${offset} minutes off UTC: its DATETIMEs are read as they are, in no zone.`)
  return notes
}

function lagText(seconds: number): string {
  return Number.isNaN(seconds)
    ? 'The replica is stopped, or has lost its source.'
    : `The replica lies ${seconds} s behind its source.`
}
