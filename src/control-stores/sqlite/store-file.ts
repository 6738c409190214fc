import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Kysely, sql } from 'kysely'
import { SluiceError } from '../../errors.ts'
import { Database, type StoreDialect } from '../sql/database.ts'
import { knownVersion } from '../sql/migrations.ts'
import type { Tables } from '../sql/tables.ts'
import { sqliteDialect } from './dialect.ts'
import { isLive, uptimeMs } from './liveness.ts'
import { refuseNetworkFileSystem } from './network-file-system.ts'

/** Marks the file as a control store: 'SLUC'. */
const applicationId = 0x534c5543

/**
 * Opens the file, whose absolute path is in `path`, and makes it and its folder if they are not there; makes no tables.
 * LOCAL_IO when it cannot, CONFIG_INVALID when the file is no control store, is of a newer version, was moved away or lies on
 * a network file system.
 */
export async function openDatabase(path: string): Promise<{ readonly path: string; readonly database: Database }> {
  const file = resolve(path)
  await mkdir(dirname(file), { recursive: true }).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The folder of the control store ${file} cannot be made.`, {
      hint: 'Give the control store another path, or look at the rights of its folder.',
      cause,
    })
  })
  refuseNetworkFileSystem(file)
  const kysely = new Kysely<Tables>({ dialect: sqliteDialect(file) })
  const dialect = storeDialect(file)
  try {
    // Before anything is written: the file may be someone else's.
    await knownVersion(kysely, dialect)
    await sql`PRAGMA journal_mode = WAL`.execute(kysely)
    await sql`PRAGMA synchronous = FULL`.execute(kysely)
  } catch (cause) {
    await kysely.destroy()
    throw cause
  }
  return { path: file, database: new Database(kysely, dialect) }
}

function storeDialect(path: string): StoreDialect {
  return {
    name: path,
    columns: { text: 'text', integer: 'integer', countsUp: 'autoincrement' },
    // Each begins with the file's write lock: nobody else decides or writes meanwhile.
    transaction: (db, mode, work) =>
      db.transaction().execute(async (trx) => {
        if (mode !== 'read') await refuseMoved(trx, path)
        return work(trx)
      }),
    upgrade: (db, work) => db.transaction().execute(work),
    clocks: async () => ({ timeMs: Date.now(), leaseMs: uptimeMs() }),
    isLive,
    version: (db) => versionOf(db, path),
    setVersion: async (trx, version) => {
      await sql.raw(`PRAGMA application_id = ${applicationId}`).execute(trx)
      await sql.raw(`PRAGMA user_version = ${version}`).execute(trx)
    },
  }
}

async function versionOf(db: Kysely<Tables>, path: string): Promise<number> {
  const stamp = sql<{ application: number; version: number; tables: number; moves: number }>`
    SELECT a.application_id AS application, v.user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables,
      (SELECT count(*) FROM pragma_table_info('meta') WHERE name = 'moved_to') AS moves
    FROM pragma_application_id AS a, pragma_user_version AS v`
  const [found] = (await stamp.execute(db)).rows
  if (found === undefined || (found.application === 0 && found.tables === 0)) return 0
  if (found.application !== applicationId) {
    throw new SluiceError('CONFIG_INVALID', `${path} is a database of another program, not a control store.`, {
      hint: 'Give the control store a file of its own in sluice.config.ts.',
    })
  }
  if (found.moves > 0) await refuseMoved(db, path)
  return found.version
}

/** A process that opened the store before it was moved must not go on in it. */
async function refuseMoved(db: Kysely<Tables>, path: string): Promise<void> {
  const meta = await db.selectFrom('meta').select('moved_to').executeTakeFirst()
  if (meta?.moved_to == null) return
  throw new SluiceError(
    'CONFIG_INVALID',
    `The control store ${path} was moved to ${meta.moved_to}; nothing runs in it any more.`,
    {
      hint: "Change the project file: control: postgresControl({ url: secret('CONTROL_URL') })",
      details: { path, movedTo: meta.moved_to },
    },
  )
}
