import type { Kysely, Selectable, Transaction } from 'kysely'
import type { CommittedExtraction, ExtractionBook, NewExtraction } from '../../contracts/control-store.ts'
import type { CursorWindow, FileIdentity } from '../../model/manifest.ts'
import type { BatchDate, RunKey } from '../../model/run.ts'
import type { ScriptId } from '../../model/script.ts'
import type { Database } from './database.ts'
import { freeLease, leaseState } from './leases.ts'
import { writeLedger } from './ledger.ts'
import type { ExtractionTable, Tables } from './tables.ts'

/** The committed packages and the cursors. */
export function extractionBook(database: Database): ExtractionBook {
  return {
    commit: async (key, extraction) => database.transaction((trx) => commit(trx, key, extraction)),
    latest: async (extract, batch) => latestExtraction(database.tables, extract, batch),
    before: async (extract, batch) => before(database.tables, extract, batch),
    cursor: async (extract) => {
      const query = database.tables.selectFrom('cursor').select(['value', 'batch', 'run_id'])
      const row = await query.where('script', '=', extract).executeTakeFirst()
      return row && { value: row.value, batch: row.batch, runId: row.run_id ?? undefined }
    },
    setCursor: async (extract, cursor) => database.transaction((trx) => setCursor(trx, database, extract, cursor)),
    files: async (extract, otherThan) => files(database.tables, extract, otherThan),
  }
}

async function commit(trx: Transaction<Tables>, key: RunKey, extraction: NewExtraction): Promise<boolean> {
  if (!(await freeLease(trx, key))) return false
  const now = new Date().toISOString()
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
      window_column: window?.column ?? null,
      window_lower: window?.lower ?? null,
      window_upper: window?.upper ?? null,
      window_proven: window ? Number(window.proven) : null,
      window_next: window?.next ?? null,
      rows_staged: extraction.rowsStaged,
      rows_rejected: extraction.rowsRejected,
      exit_code: exitCode,
      committed_at: now,
    })
    .execute()
  await writeLedger(trx, key.runId, extraction.ledger)
  for (const { path, bytes, modifiedAt, sha256, sameAs } of extraction.files) {
    const file = { run_id: key.runId, path, bytes, modified_at: modifiedAt, sha256, same_as: sameAs ?? null }
    await trx.insertInto('source_file').values(file).execute()
  }
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
  { holder }: Database,
  script: ScriptId,
  cursor: { readonly value: string; readonly batch: BatchDate } | undefined,
): Promise<boolean> {
  if ((await leaseState(trx, script, holder))?.live) return false
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

function windowOf(row: Selectable<ExtractionTable>): CursorWindow | undefined {
  if (row.window_column === null) return undefined
  return {
    column: row.window_column,
    lower: row.window_lower ?? undefined,
    upper: row.window_upper ?? undefined,
    proven: row.window_proven === 1,
    next: row.window_next ?? undefined,
  }
}
