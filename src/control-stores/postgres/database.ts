import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import { SluiceError } from '../../errors.ts'
import { Database, type Mode, type StoreDialect } from '../sql/database.ts'
import { type Grant, type Holder, isGone } from '../sql/holder.ts'
import { knownVersion } from '../sql/migrations.ts'
import type { Tables } from '../sql/tables.ts'
import { isConflict } from './failures.ts'
import { type Login, loginOf, type PostgresControlOptions } from './login.ts'
import { openPool } from './pool.ts'

const conflictTries = 10

/** Connects and looks whose schema it is; makes nothing. CONTROL_FAILED or CONFIG_INVALID when it cannot. */
export async function openDatabase(options: PostgresControlOptions, connections: number): Promise<Database> {
  const login = loginOf(options)
  const pool = await openPool(login, connections)
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema(login.schema)
  const dialect = storeDialect(login)
  try {
    await knownVersion(kysely, dialect)
  } catch (cause) {
    await kysely.destroy()
    throw cause
  }
  return new Database(kysely, dialect)
}

function storeDialect(login: Login): StoreDialect {
  const { name, schema } = login
  const versions = sql.id(schema, 'store_version')
  return {
    name,
    columns: { text: sql`text COLLATE "C"`, integer: 'bigint', countsUp: 'identity' },
    transaction: (db, mode, work) => withoutConflict(() => transaction(db, mode, schema, work)),
    upgrade: (db, work) =>
      db.transaction().execute(async (trx) => {
        await sql`SELECT pg_advisory_xact_lock(hashtext('sluice control store'), hashtext(${schema}))`.execute(trx)
        const found = await sql<{ there: string | null }>`SELECT to_regnamespace(quote_ident(${schema})) AS there`.execute(trx)
        if (found.rows[0]?.there == null) await sql`CREATE SCHEMA ${sql.id(schema)}`.execute(trx)
        await work(trx)
      }),
    clocks: async (db) => {
      const clock = sql<{ ms: number }>`SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms`
      const ms = (await clock.execute(db)).rows[0]?.ms ?? Number.NaN
      return { timeMs: ms, leaseMs: ms }
    },
    isLive,
    version: (db) => versionOf(db, login),
    setVersion: async (trx, version) => {
      await sql`CREATE TABLE IF NOT EXISTS ${versions} (version bigint NOT NULL)`.execute(trx)
      await sql`DELETE FROM ${versions}`.execute(trx)
      await sql`INSERT INTO ${versions} VALUES (${version})`.execute(trx)
    },
  }
}

/** A clock that was set back makes no lease expire. Of a holder on another machine only the TTL can tell. */
function isLive(grant: Grant, own: Holder, leaseMs: number): boolean {
  return leaseMs - grant.granted_ms < grant.ttl_ms && !isGone(grant, own)
}

function transaction<T>(
  db: Kysely<Tables>,
  mode: Mode,
  schema: string,
  work: (trx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  if (mode === 'write') return db.transaction().setIsolationLevel('read committed').execute(work)
  const ofOneMoment = db.transaction().setIsolationLevel('repeatable read')
  if (mode === 'read') return ofOneMoment.setAccessMode('read only').execute(work)
  return ofOneMoment.execute(async (trx) => {
    // The first statement, and none that looks at rows: the moment that the transaction sees comes after the wait.
    await sql`LOCK TABLE ${sql.id(schema, 'meta')} IN SHARE ROW EXCLUSIVE MODE`.execute(trx)
    return work(trx)
  })
}

async function withoutConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work()
    } catch (error) {
      if (tried >= conflictTries || !isConflict(error)) throw error
    }
  }
}

async function versionOf(db: Kysely<Tables>, { name, schema }: Login): Promise<number> {
  const relations = sql<{ count: number; stamps: number; encoding: string }>`
    SELECT count(*), count(*) FILTER (WHERE c.relname = 'store_version') AS stamps,
      current_setting('server_encoding') AS encoding
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema}`
  const [found] = (await relations.execute(db)).rows
  if (found !== undefined && found.encoding !== 'UTF8') {
    throw new SluiceError(
      'CONFIG_INVALID',
      `The control store ${name} is in a database that is not UTF8 but ${found.encoding}.`,
      {
        hint: "Create one for it: CREATE DATABASE sluice ENCODING 'UTF8' TEMPLATE template0",
      },
    )
  }
  if (found === undefined || found.count === 0) return 0
  if (found.stamps === 0) {
    throw new SluiceError('CONFIG_INVALID', `The control store ${name} holds tables of another program.`, {
      hint: "Give the control store a schema of its own: postgresControl({ url: …, schema: 'sluice' })",
    })
  }
  const stamp = sql<{ version: number }>`SELECT version FROM ${sql.id(schema, 'store_version')}`
  return (await stamp.execute(db)).rows[0]?.version ?? 0
}
