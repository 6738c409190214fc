import { ConnectionPool } from '../sql/pool.ts'
import { connect, type Login, type PostgresConnection } from './connection.ts'
import { sqlState } from './failures.ts'

/** The server lets no more in. */
const tooMany = '53300'

/** At most so many connections at once. */
export function postgresPool(login: Login, limit: number): ConnectionPool<PostgresConnection> {
  const isTooMany = (cause: unknown) => sqlState(cause) === tooMany
  return new ConnectionPool({ connect: (signal) => connect(login, signal), isTooMany, limit })
}
