import { randomUUID } from 'node:crypto'
import type { ColumnBuilderCallback, Kysely } from 'kysely'
import type { StoreIdentity } from '../../contracts/control-store.ts'
import { SluiceError } from '../../errors.ts'
import type { Database, StoreDialect } from './database.ts'
import type { Tables } from './tables.ts'

type Columns = StoreDialect['columns']

/** Each brings the store from the version that is its index to the next. A released one never changes. */
const migrations: readonly ((db: Kysely<Tables>, columns: Columns) => Promise<void>)[] = [
  async (db, columns) => {
    await createRegistry(db, columns)
    await createRuns(db, columns)
    await createExtractions(db, columns)
    await db.insertInto('meta').values({ store_id: randomUUID() }).execute()
  },
  async (db, columns) => {
    await db.schema.alterTable('meta').addColumn('moved_to', columns.text).execute()
    await db.schema.alterTable('lease').renameColumn('granted_uptime_ms', 'granted_ms').execute()
    await createPartitions(db, columns)
    await createBudgets(db, columns)
  },
]

/** Brings the tables to this version; of several processes one does the work, the others find it done. */
export async function migrate(database: Database): Promise<StoreIdentity> {
  const { dialect } = database
  if ((await database.statement((db) => knownVersion(db, dialect))) < migrations.length) {
    await database.upgrade(async (trx) => {
      const version = await knownVersion(trx, dialect)
      for (const migration of migrations.slice(version)) await migration(trx, dialect.columns)
      await dialect.setVersion(trx, migrations.length)
    })
  }
  const { store_id } = await database.statement((db) => db.selectFrom('meta').select('store_id').executeTakeFirstOrThrow())
  return { storeId: store_id }
}

/** The version of the store's tables, 0 when there are none. CONFIG_INVALID when a newer Sluice or another program made them. */
export async function knownVersion(db: Kysely<Tables>, dialect: StoreDialect): Promise<number> {
  const version = await dialect.version(db)
  if (version <= migrations.length) return version
  const versions = `version ${version}, this Sluice knows up to ${migrations.length}`
  throw new SluiceError('CONFIG_INVALID', `The control store ${dialect.name} was upgraded by a newer Sluice: ${versions}.`, {
    hint: 'Install the newer version here too: npm install sluice-etl@latest',
    details: { version, known: migrations.length },
  })
}

function countingUp({ countsUp }: Columns): ColumnBuilderCallback {
  return (column) =>
    countsUp === 'autoincrement' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedByDefaultAsIdentity()
}

async function createRegistry(db: Kysely<Tables>, columns: Columns): Promise<void> {
  await db.schema
    .createTable('meta')
    .addColumn('store_id', columns.text, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('script')
    .addColumn('id', columns.text, (column) => column.primaryKey())
    .addColumn('name', columns.text, (column) => column.notNull())
    .addColumn('kind', columns.text, (column) => column.notNull())
    .addColumn('description', columns.text, (column) => column.notNull())
    .addColumn('frequency', columns.text, (column) => column.notNull())
    .addColumn('owner', columns.text)
    .addColumn('is_active', columns.integer, (column) => column.notNull())
    .addColumn('content_hash', columns.text, (column) => column.notNull())
    .addColumn('approved_hash', columns.text)
    .addColumn('approved_by', columns.text)
    .addColumn('approved_at', columns.text)
    .execute()
  await db.schema
    .createTable('batch')
    .addColumn('batch_date', columns.text, (column) => column.primaryKey())
    .addColumn('status', columns.text, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('gate_decision')
    .addColumn('number', columns.integer, countingUp(columns))
    .addColumn('at', columns.text, (column) => column.notNull())
    .addColumn('script', columns.text, (column) => column.notNull())
    .addColumn('batch', columns.text, (column) => column.notNull())
    .addColumn('code', columns.text, (column) => column.notNull())
    .addColumn('message', columns.text, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('gate_decision_by_script').on('gate_decision').column('script').execute()
}

async function createRuns(db: Kysely<Tables>, columns: Columns): Promise<void> {
  await db.schema
    .createTable('run')
    .addColumn('number', columns.integer, countingUp(columns))
    .addColumn('run_id', columns.text, (column) => column.notNull().unique())
    .addColumn('script', columns.text, (column) => column.notNull())
    .addColumn('kind', columns.text, (column) => column.notNull())
    .addColumn('batch', columns.text, (column) => column.notNull())
    .addColumn('token', columns.integer, (column) => column.notNull())
    .addColumn('status', columns.text, (column) => column.notNull())
    .addColumn('exit_code', columns.integer)
    .addColumn('started_at', columns.text, (column) => column.notNull())
    .addColumn('finished_at', columns.text)
    .addColumn('holder', columns.text, (column) => column.notNull())
    .addColumn('error_code', columns.text)
    .addColumn('error_message', columns.text)
    .addColumn('log_file', columns.text, (column) => column.notNull())
    .addColumn('manifest_sha256', columns.text)
    .addColumn('sequence', columns.integer, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('run_by_batch').on('run').columns(['script', 'batch']).execute()
  await db.schema
    .createTable('lease')
    .addColumn('script', columns.text, (column) => column.primaryKey())
    .addColumn('run_id', columns.text, (column) => column.references('run.run_id'))
    .addColumn('token', columns.integer, (column) => column.notNull())
    .addColumn('host', columns.text, (column) => column.notNull())
    .addColumn('pid', columns.integer, (column) => column.notNull())
    .addColumn('boot_id', columns.text, (column) => column.notNull())
    .addColumn('pid_namespace', columns.text, (column) => column.notNull())
    .addColumn('start_time', columns.text, (column) => column.notNull())
    .addColumn('since', columns.text, (column) => column.notNull())
    .addColumn('granted_uptime_ms', columns.integer, (column) => column.notNull())
    .addColumn('ttl_ms', columns.integer, (column) => column.notNull())
    .addColumn('progress', columns.integer, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('ledger')
    .addColumn('run_id', columns.text, (column) => column.notNull().references('run.run_id'))
    .addColumn('ordinal', columns.integer, (column) => column.notNull())
    .addColumn('hop', columns.text, (column) => column.notNull())
    .addColumn('term', columns.text, (column) => column.notNull())
    .addColumn('rows', columns.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('ledger_key', ['run_id', 'ordinal'])
    .execute()
}

async function createExtractions(db: Kysely<Tables>, columns: Columns): Promise<void> {
  await db.schema
    .createTable('extraction')
    .addColumn('number', columns.integer, countingUp(columns))
    .addColumn('run_id', columns.text, (column) => column.notNull().unique().references('run.run_id'))
    .addColumn('script', columns.text, (column) => column.notNull())
    .addColumn('batch', columns.text, (column) => column.notNull())
    .addColumn('token', columns.integer, (column) => column.notNull())
    .addColumn('manifest_path', columns.text, (column) => column.notNull())
    .addColumn('manifest_sha256', columns.text, (column) => column.notNull())
    .addColumn('schema_hash', columns.text, (column) => column.notNull())
    .addColumn('window_column', columns.text)
    .addColumn('window_lower', columns.text)
    .addColumn('window_upper', columns.text)
    .addColumn('window_proven', columns.integer)
    .addColumn('window_next', columns.text)
    .addColumn('rows_staged', columns.integer, (column) => column.notNull())
    .addColumn('rows_rejected', columns.integer, (column) => column.notNull())
    .addColumn('exit_code', columns.integer, (column) => column.notNull())
    .addColumn('committed_at', columns.text, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('extraction_by_batch').on('extraction').columns(['script', 'batch']).execute()
  await db.schema
    .createTable('source_file')
    .addColumn('run_id', columns.text, (column) => column.notNull().references('extraction.run_id'))
    .addColumn('path', columns.text, (column) => column.notNull())
    .addColumn('bytes', columns.integer, (column) => column.notNull())
    .addColumn('modified_at', columns.text, (column) => column.notNull())
    .addColumn('sha256', columns.text, (column) => column.notNull())
    .addColumn('same_as', columns.text)
    .addPrimaryKeyConstraint('source_file_key', ['run_id', 'path'])
    .execute()
  await db.schema
    .createTable('cursor')
    .addColumn('script', columns.text, (column) => column.primaryKey())
    .addColumn('value', columns.text, (column) => column.notNull())
    .addColumn('batch', columns.text, (column) => column.notNull())
    .addColumn('run_id', columns.text, (column) => column.references('run.run_id'))
    .execute()
}

async function createPartitions(db: Kysely<Tables>, columns: Columns): Promise<void> {
  await db.schema
    .createTable('partition_plan')
    .addColumn('script', columns.text, (column) => column.notNull())
    .addColumn('batch', columns.text, (column) => column.notNull())
    .addColumn('schema_hash', columns.text, (column) => column.notNull())
    .addColumn('window_column', columns.text)
    .addColumn('window_lower', columns.text)
    .addColumn('window_upper', columns.text)
    .addColumn('window_proven', columns.integer)
    .addColumn('window_next', columns.text)
    .addColumn('partitions', columns.text, (column) => column.notNull())
    .addPrimaryKeyConstraint('partition_plan_key', ['script', 'batch'])
    .execute()
  await db.schema
    .createTable('kept_partition')
    .addColumn('number', columns.integer, countingUp(columns))
    .addColumn('script', columns.text, (column) => column.notNull())
    .addColumn('batch', columns.text, (column) => column.notNull())
    .addColumn('id', columns.text, (column) => column.notNull())
    .addColumn('parts', columns.text, (column) => column.notNull())
    .addColumn('rejects', columns.text, (column) => column.notNull())
    .addColumn('rows_read', columns.integer, (column) => column.notNull())
    .addColumn('rows_rejected', columns.integer, (column) => column.notNull())
    .addUniqueConstraint('kept_partition_id', ['script', 'batch', 'id'])
    .addForeignKeyConstraint('kept_partition_plan', ['script', 'batch'], 'partition_plan', ['script', 'batch'])
    .execute()
}

async function createBudgets(db: Kysely<Tables>, columns: Columns): Promise<void> {
  await db.schema
    .createTable('budget')
    .addColumn('name', columns.text, (column) => column.primaryKey())
    .execute()
  await db.schema
    .createTable('budget_request')
    .addColumn('budget', columns.text, (column) => column.notNull())
    .addColumn('at_ms', columns.integer, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('budget_request_by_time').on('budget_request').columns(['budget', 'at_ms']).execute()
}
