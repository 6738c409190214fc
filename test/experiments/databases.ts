import { afterAll, beforeAll } from 'vitest'
import type { Source } from '../../src/contracts/source.ts'
import { openMysqlSource } from '../../src/sources/mysql.ts'
import { openPostgresSource } from '../../src/sources/postgres.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { startMariadb } from '../fixtures/mariadb-server.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'
import { startMysql8 } from '../fixtures/mysql8-server.ts'
import { startPostgres } from '../fixtures/postgres-server.ts'

export type Kind = 'mariadb' | 'mysql8' | 'postgres'

/** A row as the server writes it. */
export type Texts = readonly (string | null)[]

/** A running database server, in the same words whatever it is. */
export interface Database {
  readonly kind: Kind
  readonly url: string
  readonly port: number
  /** Runs statements in one session, one after the other; the rows of the last. */
  run(...statements: readonly string[]): Promise<readonly Texts[]>
  /** A session of its own, in UTC. */
  session(): Promise<DatabaseSession>
  /** Opens it as a source; `options` are the connector's, `url` among them. */
  open(options?: SourceSettings): Promise<Source>
  /** Ends the server and starts it again with its data; undefined where the fixture cannot. */
  readonly restart: (() => Promise<void>) | undefined
  stop(): Promise<void>
}

export interface DatabaseSession {
  run(...statements: readonly string[]): Promise<readonly Texts[]>
  close(): Promise<void>
}

/** What the experiments ask of a connector; each takes what it knows. */
export interface SourceSettings {
  readonly url?: string
  readonly zeroDates?: 'text'
  readonly extremes?: 'text'
  readonly idleTimeoutMs?: number
  readonly connectTimeoutMs?: number
}

/** Opens a server by its url as a source. */
export function openSource(kind: Kind, url: string, settings: SourceSettings = {}): Promise<Source> {
  const { zeroDates, extremes, ...limits } = settings
  return kind === 'postgres'
    ? openPostgresSource({ url, ...(extremes && { extremes }), ...limits })
    : openMysqlSource({ url, ...(zeroDates && { zeroDates }), ...limits })
}

/** Starts a server; `zone`: of its host, and so of its sessions. */
async function startDatabase(kind: Kind, zone = 'UTC'): Promise<Database> {
  if (kind === 'postgres') return postgresDatabase(zone)
  return mysqlDatabase(await (kind === 'mariadb' ? startMariadb : startMysql8)({ zone }))
}

function mysqlDatabase(server: MysqlServer): Database {
  const { kind, url, port } = server
  const session = async (): Promise<DatabaseSession> => {
    const opened = await server.session()
    await opened.run("SET time_zone = '+00:00'")
    return { run: (...statements) => opened.run(...statements), close: async () => opened.close() }
  }
  return {
    ...{ kind, url, port, session },
    run: (...statements) => inSession(session, statements),
    open: (settings) => openSource(kind, url, settings),
    restart: async () => {
      await server.halt()
      await server.start()
    },
    stop: () => server.stop(),
  }
}

async function postgresDatabase(zone: string): Promise<Database> {
  const server = await startPostgres({ timezone: zone })
  const { url, port } = server
  const session = async (): Promise<DatabaseSession> => {
    const client = await server.connect()
    const run = async (...statements: readonly string[]) => {
      let rows: readonly Texts[] = []
      for (const text of statements) rows = (await client.query<(string | null)[]>({ text, rowMode: 'array' })).rows
      return rows
    }
    await run("SET TimeZone = 'UTC'", "SET IntervalStyle = 'iso_8601'", 'SET extra_float_digits = 3')
    return { run, close: () => client.end() }
  }
  return {
    ...{ kind: 'postgres', url, port, session, restart: undefined },
    run: (...statements) => inSession(session, statements),
    open: (settings) => openSource('postgres', url, settings),
    stop: () => server.stop(),
  }
}

async function inSession(open: () => Promise<DatabaseSession>, statements: readonly string[]): Promise<readonly Texts[]> {
  const session = await open()
  try {
    return await session.run(...statements)
  } finally {
    await session.close()
  }
}

/** The same tests for every server, skipped by name where it is not installed. */
export function onEach(tests: (database: () => Database, kind: Kind) => void, zone?: string): void {
  const started = (kind: Kind) => () => {
    let database: Database | undefined
    beforeAll(async () => {
      database = await startDatabase(kind, zone)
    })
    afterAll(() => database?.stop())
    tests(() => {
      if (!database) throw new Error(`${kind} did not start`)
      return database
    }, kind)
  }
  describeWith(['mariadb'], 'mariadb', started('mariadb'))
  describeWith(['postgres'], 'postgres', started('postgres'))
  describeWith(['mysql8'], 'mysql8', started('mysql8'))
}

/** A name as the server's SQL has it. */
export function quoted(kind: Kind, name: string): string {
  return kind === 'postgres' ? `"${name.replaceAll('"', '""')}"` : `\`${name.replaceAll('`', '``')}\``
}

/** A text as the server's SQL has it. */
export function literal(kind: Kind, text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "''")
  return kind === 'postgres' ? `E'${escaped}'` : `'${escaped}'`
}
