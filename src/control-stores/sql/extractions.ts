import type { Kysely, Selectable, Transaction } from 'kysely'
import type { CommittedExtraction, Cursor, ExtractionBook, NewExtraction } from '../../contracts/control-store.ts'
import type { FileIdentity } from '../../model/manifest.ts'
import type { BatchDate, RunKey } from '../../model/run.ts'
import type { ScriptId } from '../../model/script.ts'
import type { Database } from './database.ts'
import { freeLease, leaseState } from './leases.ts'
import { writeLedger } from './ledger.ts'
import { forgetPlan, partitionBook } from './partitions.ts'
import type { ExtractionTable, Tables } from './tables.ts'
import { windowOf, windowRow } from './window-rows.ts'

/** Far below the limits of bound values. */
const filesAtOnce = 1000

/** The committed packages and the cursors. */
export function extractionBook(database: Database): ExtractionBook {
  return {
    commit: async (key, extraction) => database.transaction('write', (trx) => commit(trx, database, key, extraction)),
    latest: async (extract, batch) => database.statement((db) => latestExtraction(db, extract, batch)),
    before: async (extract, batch) => database.statement((db) => before(db, extract, batch)),
    cursor: async (extract) => database.statement((db) => findCursor(db, extract)),
    setCursor: async (extract, cursor) => database.transaction('decide', (trx) => setCursor(trx, database, extract, cursor)),
    files: async (extract, otherThan) => database.statement((db) => files(db, extract, otherThan)),
    partitions: partitionBook(database),
  }
}

async function findCursor(db: Kysely<Tables>, extract: ScriptId): Promise<Cursor | undefined> {
  const query = db.selectFrom('cursor').select(['value', 'batch', 'run_id'])
  const row = await query.where('script', '=', extract).executeTakeFirst()
  return row && { value: row.value, batch: row.batch, runId: row.run_id ?? undefined }
}

async function commit(trx: Transaction<Tables>, database: Database, key: RunKey, extraction: NewExtraction): Promise<boolean> {
  if (!(await freeLease(trx, key))) return false
  const now = await database.now(trx)
  const { manifestSha256, exitCode, window } = extraction
  const ended = { status: 'STAGED', exit_code: exitCode, finished_at: now, manifest_sha256: manifestSha256 } as const
  await trx.updateTable('run').set(ended).where('run_id', '=', key.runId).execute()
  await trx
    .insertInto('extraction')
    .values({
      run_id: key.runId,
      script: key.script,
      batch: key.batch,
      token: key.token,
      manifest_path: extraction.manifestPath,
      manifest_sha256: manifestSha256,
      schema_hash: extraction.schemaHash,
      ...windowRow(window),
      rows_staged: extraction.rowsStaged,
      rows_rejected: extraction.rowsRejected,
      exit_code: exitCode,
      committed_at: now,
    })
    .execute()
  await writeLedger(trx, key.runId, extraction.ledger)
  for (let first = 0; first < extraction.files.length; first += filesAtOnce) {
    const some = extraction.files.slice(first, first + filesAtOnce)
    const values = some.map(({ path, bytes, modifiedAt, sha256, sameAs }) => {
      return { run_id: key.runId, path, bytes, modified_at: modifiedAt, sha256, same_as: sameAs ?? null }
    })
    await trx.insertInto('source_file').values(values).execute()
  }
  await forgetPlan(trx, key.script, key.batch)
  if (extraction.movesCursor && window?.next !== undefined) await moveCursor(trx, key, window.next)
  return true
}

/** Only from the batch that moved it last, or a later one: the values are text in the source's own form, which has no order here. */
async function moveCursor(trx: Transaction<Tables>, { script, batch, runId }: RunKey, value: string): Promise<void> {
  const moved = { value, batch, run_id: runId }
  await trx
    .insertInto('cursor')
    .values({ script, ...moved })
    .onConflict((conflict) => conflict.column('script').doUpdateSet(moved).where('cursor.batch', '<=', batch))
    .execute()
}

async function setCursor(
  trx: Transaction<Tables>,
  database: Database,
  script: ScriptId,
  cursor: { readonly value: string; readonly batch: BatchDate } | undefined,
): Promise<boolean> {
  if ((await leaseState(trx, database, script))?.live) return false
  await trx.deleteFrom('cursor').where('script', '=', script).execute()
  if (cursor)
    await trx
      .insertInto('cursor')
      .values({ script, ...cursor, run_id: null })
      .execute()
  return true
}

async function files(db: Kysely<Tables>, extract: ScriptId, otherThan: BatchDate): Promise<ReadonlyMap<string, FileIdentity>> {
  const rows = await db
    .selectFrom('source_file as file')
    .innerJoin('extraction as package', 'package.run_id', 'file.run_id')
    .select(['file.path', 'file.bytes', 'file.modified_at as modifiedAt', 'file.sha256', 'file.same_as as sameAs'])
    .where('package.script', '=', extract)
    .where('package.batch', '!=', otherThan)
    .where('package.number', 'in', (inner) =>
      inner
        .selectFrom('extraction as newest')
        .select(({ fn }) => fn.max('newest.number').as('number'))
        .whereRef('newest.script', '=', 'package.script')
        .groupBy('newest.batch'),
    )
    .orderBy('package.number')
    .execute()
  return new Map(rows.map(({ sameAs, ...file }) => [file.path, { ...file, ...(sameAs !== null && { sameAs }) }]))
}

/** The newest package of the batch. */
export async function latestExtraction(
  db: Kysely<Tables>,
  extract: ScriptId,
  batch: BatchDate,
): Promise<CommittedExtraction | undefined> {
  const row = await newestFirst(db, extract).where('batch', '=', batch).executeTakeFirst()
  return row && committed(row)
}

async function before(db: Kysely<Tables>, extract: ScriptId, batch: BatchDate): Promise<CommittedExtraction | undefined> {
  const row = await newestFirst(db, extract).where('batch', '<', batch).executeTakeFirst()
  return row && committed(row)
}

/** Of the latest batch, the package that was committed last. */
function newestFirst(db: Kysely<Tables>, extract: ScriptId) {
  const packages = db.selectFrom('extraction').selectAll().where('script', '=', extract)
  return packages.orderBy('batch', 'desc').orderBy('number', 'desc').limit(1)
}

function committed(row: Selectable<ExtractionTable>): CommittedExtraction {
  return {
    runId: row.run_id,
    batch: row.batch,
    token: row.token,
    manifestPath: row.manifest_path,
    manifestSha256: row.manifest_sha256,
    schemaHash: row.schema_hash,
    window: windowOf(row),
    rowsStaged: row.rows_staged,
    rowsRejected: row.rows_rejected,
    exitCode: row.exit_code,
    committedAt: row.committed_at,
  }
}
