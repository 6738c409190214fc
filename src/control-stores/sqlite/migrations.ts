import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { StoreIdentity } from '../../contracts/control-store.ts'
import { SluiceError } from '../../errors.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** Marks the file as a control store: 'SLUC'. */
const applicationId = 0x534c5543

/** Each brings the store from the version that is its index to the next. A released one never changes. */
const migrations: readonly ((db: Kysely<Tables>) => Promise<void>)[] = [
  async (db) => {
    await createRegistry(db)
    await createRuns(db)
    await createExtractions(db)
    await sql.raw(`PRAGMA application_id = ${applicationId}`).execute(db)
    await db.insertInto('meta').values({ store_id: randomUUID() }).execute()
  },
]

/** Brings the tables to this version under the write lock; of several processes one does the work, the others find it done. */
export async function migrate(database: Database): Promise<StoreIdentity> {
  if ((await checkStore(database.tables, database.path)) < migrations.length) {
    await database.transaction(async (trx) => {
      const version = await checkStore(trx, database.path)
      for (const migration of migrations.slice(version)) await migration(trx)
      await sql.raw(`PRAGMA user_version = ${migrations.length}`).execute(trx)
    })
  }
  const { store_id } = await database.tables.selectFrom('meta').select('store_id').executeTakeFirstOrThrow()
  return { storeId: store_id }
}

/** The version of the store's tables, 0 for an empty file. CONFIG_INVALID when a newer Sluice or another program wrote the file. */
export async function checkStore(db: Kysely<Tables>, path: string): Promise<number> {
  const stamp = sql<{ application: number; version: number; tables: number }>`
    SELECT a.application_id AS application, v.user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
    FROM pragma_application_id AS a, pragma_user_version AS v`
  const [found] = (await stamp.execute(db)).rows
  if (found === undefined || (found.application === 0 && found.tables === 0)) return 0
  if (found.application !== applicationId) {
    throw new SluiceError('CONFIG_INVALID', `${path} is a database of another program, not a control store.`, {
      hint: 'Give the control store a file of its own in sluice.config.ts.',
    })
  }
  if (found.version > migrations.length) {
    const versions = `version ${found.version}, this Sluice knows up to ${migrations.length}`
    throw new SluiceError('CONFIG_INVALID', `The control store ${path} was upgraded by a newer Sluice: ${versions}.`, {
      hint: 'Install the newer version here too: npm install sluice-etl@latest',
      details: { version: found.version, known: migrations.length },
    })
  }
  return found.version
}

async function createRegistry(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('meta')
    .addColumn('store_id', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('script')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('frequency', 'text', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('is_active', 'integer', (column) => column.notNull())
    .addColumn('content_hash', 'text', (column) => column.notNull())
    .addColumn('approved_hash', 'text')
    .addColumn('approved_by', 'text')
    .addColumn('approved_at', 'text')
    .execute()
  await db.schema
    .createTable('batch')
    .addColumn('batch_date', 'text', (column) => column.primaryKey())
    .addColumn('status', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('gate_decision')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('script', 'text', (column) => column.notNull())
    .addColumn('batch', 'text', (column) => column.notNull())
    .addColumn('code', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('gate_decision_by_script').on('gate_decision').column('script').execute()
}

async function createRuns(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('run')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('run_id', 'text', (column) => column.notNull().unique())
    .addColumn('script', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('batch', 'text', (column) => column.notNull())
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('exit_code', 'integer')
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('finished_at', 'text')
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('error_code', 'text')
    .addColumn('error_message', 'text')
    .addColumn('log_file', 'text', (column) => column.notNull())
    .addColumn('manifest_sha256', 'text')
    .addColumn('sequence', 'integer', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('run_by_batch').on('run').columns(['script', 'batch']).execute()
  await db.schema
    .createTable('lease')
    .addColumn('script', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.references('run.run_id'))
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('pid', 'integer', (column) => column.notNull())
    .addColumn('boot_id', 'text', (column) => column.notNull())
    .addColumn('pid_namespace', 'text', (column) => column.notNull())
    .addColumn('start_time', 'text', (column) => column.notNull())
    .addColumn('since', 'text', (column) => column.notNull())
    .addColumn('granted_uptime_ms', 'integer', (column) => column.notNull())
    .addColumn('ttl_ms', 'integer', (column) => column.notNull())
    .addColumn('progress', 'integer', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('ledger')
    .addColumn('run_id', 'text', (column) => column.notNull().references('run.run_id'))
    .addColumn('ordinal', 'integer', (column) => column.notNull())
    .addColumn('hop', 'text', (column) => column.notNull())
    .addColumn('term', 'text', (column) => column.notNull())
    .addColumn('rows', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('ledger_key', ['run_id', 'ordinal'])
    .execute()
}

async function createExtractions(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('extraction')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('run_id', 'text', (column) => column.notNull().unique().references('run.run_id'))
    .addColumn('script', 'text', (column) => column.notNull())
    .addColumn('batch', 'text', (column) => column.notNull())
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('manifest_path', 'text', (column) => column.notNull())
    .addColumn('manifest_sha256', 'text', (column) => column.notNull())
    .addColumn('schema_hash', 'text', (column) => column.notNull())
    .addColumn('window_column', 'text')
    .addColumn('window_lower', 'text')
    .addColumn('window_upper', 'text')
    .addColumn('window_proven', 'integer')
    .addColumn('window_next', 'text')
    .addColumn('rows_staged', 'integer', (column) => column.notNull())
    .addColumn('rows_rejected', 'integer', (column) => column.notNull())
    .addColumn('exit_code', 'integer', (column) => column.notNull())
    .addColumn('committed_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('extraction_by_batch').on('extraction').columns(['script', 'batch']).execute()
  await db.schema
    .createTable('source_file')
    .addColumn('run_id', 'text', (column) => column.notNull().references('extraction.run_id'))
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('modified_at', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('same_as', 'text')
    .addPrimaryKeyConstraint('source_file_key', ['run_id', 'path'])
    .execute()
  await db.schema
    .createTable('cursor')
    .addColumn('script', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('batch', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.references('run.run_id'))
    .execute()
}
