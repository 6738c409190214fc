import { Socket } from 'node:net'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type { PoolClient, QueryResult } from 'pg'
import { SluiceError } from '../../errors.ts'
import { isAnswer, translatePostgresError } from './failures.ts'
import type { Login } from './login.ts'

const connectLimitMs = 5_000

/** Longer than what the server allows itself: reached only when it, or the network, says nothing any more. */
const silenceLimitMs = 12_000

/** A process that is stopped while it decides is cut off before those who wait for it give up. */
const settings = 'SET statement_timeout = 10000; SET lock_timeout = 8000; SET idle_in_transaction_session_timeout = 5000'

const int8 = 20

/**
 * Connections that are made when they are needed and given up when they fail, at most `size`. Each wait is bounded; failures
 * come in our words. CONFIG_INVALID when the package `pg` is missing.
 */
export async function openPool(login: Login, size: number): Promise<PostgresPool> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw new SluiceError('CONFIG_INVALID', 'The control store needs the package pg, which is not installed.', {
      hint: 'Install it: npm install pg',
      cause,
    })
  })
  const sockets = new Set<Socket>()
  const pool = new pg.Pool({
    connectionString: login.url,
    application_name: 'sluice-control',
    max: size,
    connectionTimeoutMillis: connectLimitMs,
    query_timeout: silenceLimitMs,
    keepAlive: true,
    stream: () => keptIn(sockets),
    types: { getTypeParser: (id: number) => (text: string) => (numeric.has(id) ? Number(text) : text) },
  })
  // Without listeners a lost connection would end the process; who waits for an answer is told by the driver.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const ready = new WeakSet<PoolClient>()
  return {
    async connect() {
      const client = await pool.connect().catch((cause: unknown) => {
        throw translatePostgresError(cause, login)
      })
      const session = sessionOf(client, login)
      if (ready.has(client)) return session
      await session.query(settings, []).catch((cause: unknown) => {
        session.release(true)
        throw cause
      })
      ready.add(client)
      return session
    },
    async end() {
      await pool.end()
      // A server that does not answer the farewell holds nobody up.
      for (const socket of sockets) socket.unref()
    },
  }
}

/** int2, int4, int8 and oid. */
const numeric: ReadonlySet<number> = new Set([21, 23, int8, 26])

function keptIn(sockets: Set<Socket>): Socket {
  const socket = new Socket()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return socket
}

/** After a failure that is no answer of the server the session is of no use: it refuses, and is not used again. */
function sessionOf(client: PoolClient, login: Login): PostgresPoolClient {
  let lost: SluiceError | undefined
  const query = async (text: string, values: readonly unknown[]): Promise<QueryResult> => {
    if (lost) throw lost
    return client.query(values.length > 0 ? { text, values: [...values] } : text).catch((cause: unknown) => {
      const error = translatePostgresError(cause, login)
      if (!isAnswer(cause)) lost = error
      throw error
    })
  }
  return {
    // Kysely's type also has cursors, which nobody asks for here.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || lost !== undefined),
  }
}
