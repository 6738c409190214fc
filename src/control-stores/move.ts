import { type Kysely, sql, type Transaction } from 'kysely'
import { SluiceError } from '../errors.ts'
import { openDatabase as openPostgres } from './postgres/database.ts'
import { defaultSchema, type PostgresControlOptions } from './postgres/login.ts'
import type { Database } from './sql/database.ts'
import { leaseState } from './sql/leases.ts'
import { migrate } from './sql/migrations.ts'
import type { Tables } from './sql/tables.ts'
import { openDatabase as openSqlite } from './sqlite/store-file.ts'

/** What lies in the new store: counted there, and as many as in the old one. */
export interface MovedTable {
  readonly table: string
  readonly rows: number
}

type TableName = Exclude<keyof Tables, 'meta'>

/** What refers to others comes after them. */
const tables: readonly TableName[] = [
  'script',
  'batch',
  'run',
  'lease',
  'ledger',
  'extraction',
  'source_file',
  'cursor',
  'gate_decision',
  'partition_plan',
  'kept_partition',
  'budget',
  'budget_request',
]

const counted: readonly TableName[] = ['run', 'extraction', 'gate_decision', 'kept_partition']

const rowsAtOnce = 1000

/**
 * Carries everything of a SQLite store, also who it is, over into an empty schema of Postgres, in one transaction of each; then
 * the old store refuses to be used. RUN_ACTIVE while a run is alive in the old one, OTHER_CONTROL_STORE when the new one is not
 * empty, HOP_UNBALANCED when the new one does not hold as many rows. After a failure the old store is as it was.
 */
export async function moveControl(path: string, to: PostgresControlOptions): Promise<readonly MovedTable[]> {
  const old = (await openSqlite(path)).database
  try {
    const { storeId } = await migrate(old)
    const fresh = await openPostgres(to, 1)
    try {
      await migrate(fresh)
      // Nobody decides in the old store while it is copied. It is given up last: a crash before that leaves it in use.
      return await old.transaction('decide', async (from) => {
        await refuseLive(from, old)
        const moved = await fresh.transaction('decide', (into) =>
          carry(from, into, { name: fresh.dialect.name, schema: to.schema ?? defaultSchema, storeId }),
        )
        await from.updateTable('meta').set({ moved_to: fresh.dialect.name }).execute()
        return moved
      })
    } finally {
      await fresh.close()
    }
  } finally {
    await old.close()
  }
}

async function refuseLive(db: Kysely<Tables>, database: Database): Promise<void> {
  for (const { script } of await db.selectFrom('lease').select('script').where('run_id', 'is not', null).execute()) {
    const lease = await leaseState(db, database, script)
    if (!lease?.live) continue
    throw new SluiceError('RUN_ACTIVE', `Run ${lease.runId} of ${script} is alive on ${lease.holder}; nothing was moved.`, {
      hint: `Wait for it to end, then move again: sluice audit runs ${script}`,
      details: { runId: lease.runId },
    })
  }
}

async function carry(
  from: Transaction<Tables>,
  into: Transaction<Tables>,
  { name, schema, storeId }: { readonly name: string; readonly schema: string; readonly storeId: string },
): Promise<readonly MovedTable[]> {
  for (const table of tables) await refuseFilled(into, table, name)
  await into.updateTable('meta').set({ store_id: storeId }).execute()
  const moved: MovedTable[] = []
  for (const table of tables) {
    await copy(from, into, table)
    const [expected, rows] = [await count(from, table), await count(into, table)]
    if (rows !== expected) {
      throw new SluiceError('HOP_UNBALANCED', `Of ${expected} rows of ${table} ${rows} arrived in ${name}; nothing was moved.`, {
        hint: 'Look at the log of the server, then move again.',
        details: { table, expected, rows },
      })
    }
    moved.push({ table, rows })
  }
  for (const table of counted) await countOn(into, schema, table)
  return moved
}

async function refuseFilled(into: Kysely<Tables>, table: TableName, name: string): Promise<void> {
  const rows = await count(into, table)
  if (rows === 0) return
  throw new SluiceError('OTHER_CONTROL_STORE', `The control store ${name} is not empty: ${rows} rows in ${table}.`, {
    hint: 'Name another schema with --schema; or, if it holds nothing but a move that broke off, drop the schema.',
    details: { table, rows },
  })
}

async function copy(from: Kysely<Tables>, into: Kysely<Tables>, table: TableName): Promise<void> {
  for (let after = 0; ; ) {
    const some = await sql<Record<string, unknown> & { readonly rowid: number }>`
      SELECT rowid AS rowid, * FROM ${sql.table(table)} WHERE rowid > ${after} ORDER BY rowid LIMIT ${rowsAtOnce}`.execute(from)
    const last = some.rows.at(-1)
    if (last === undefined) return
    after = last.rowid
    const values = some.rows.map(({ rowid: _, ...row }) => converted(table, row))
    // The columns are those of the same table, by the same migrations.
    await into
      .insertInto(table)
      .values(values as never)
      .execute()
  }
}

/** No lease is alive, and the old store's clock means nothing in the new one; nor can it keep every character. */
function converted(table: TableName, row: Record<string, unknown>): Record<string, unknown> {
  if (table === 'lease') return { ...row, granted_ms: 0 }
  const { error_message: said } = row
  return typeof said === 'string' ? { ...row, error_message: said.replaceAll('\0', '\uFFFD') } : row
}

async function count(db: Kysely<Tables>, table: TableName): Promise<number> {
  const { rows } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return rows
}

/** The next number of the table follows those that were carried over. */
async function countOn(into: Kysely<Tables>, schema: string, table: TableName): Promise<void> {
  const sequence = sql`pg_get_serial_sequence(quote_ident(${schema}) || '.' || quote_ident(${table}), 'number')`
  const last = sql`(SELECT max(number) FROM ${sql.id(schema, table)})`
  await sql`SELECT setval(${sequence}, ${last}) WHERE ${last} IS NOT NULL`.execute(into)
}
