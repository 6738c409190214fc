import { ConnectionPool } from '../sql/pool.ts'
import { connect, type MysqlConnection } from './connection.ts'
import { errorNumber } from './failures.ts'
import type { Login } from './server.ts'

/** Too many of all users, of this user, of this user's own limit. */
const tooMany = [1040, 1203, 1226]

/** At most so many connections at once. */
export function mysqlPool(login: Login, limit: number): ConnectionPool<MysqlConnection> {
  const isTooMany = (cause: unknown) => tooMany.includes(errorNumber(cause))
  return new ConnectionPool({ connect: (signal) => connect(login, signal), isTooMany, limit })
}
