import type { Session } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { ManifestPart } from '../model/manifest.ts'
import type { Column, TableName } from '../model/schema.ts'
import { countDuplicates, deleteDuplicates, deleteRefused, refuseConflicts, refuseNullKeys } from '../sql/dedup.ts'
import { countBatch, countRejects, deleteBatch, deleteRejects, fillTyped, refuseCasts, refuseExtracted } from '../sql/stage.ts'
import { systemColumns } from './extract-parts.ts'
import { rejectColumns } from './extract-rejects.ts'
import type { LoadWork } from './load-work.ts'
import { countRows } from './watched-session.ts'

/** What the first transaction leaves: the counts up to the typed stage, and how many rows were refused in all. */
export interface Staged {
  readonly entries: readonly LedgerEntry[]
  readonly refused: number
}

/** Lands, types and deduplicates a package; keeps every refused row. Nothing is published. */
export async function stage(work: LoadWork, session: Session): Promise<Staged> {
  const { dialect, plan, tag, manifest, run, context } = work
  for (const table of [plan.landing, plan.typed, plan.refused]) await session.execute(deleteBatch(dialect, table, tag.batch))
  await session.execute(deleteRejects(dialect, plan, tag.batch))
  await copyParts(work, session, plan.landing, plan.landed, manifest.parts)
  run.progress('landing', manifest.rowsStaged, manifest.rowsStaged)
  await context.failpoint('load.mid-stage')
  await copyParts(work, session, plan.refused, [...rejectColumns, ...systemColumns], manifest.rejects)
  await session.execute(refuseExtracted(dialect, plan, tag))
  const landed = await countRows(session, countBatch(dialect, plan.landing, tag.batch))
  await session.execute(fillTyped(dialect, plan, tag))
  const typed = await countRows(session, countBatch(dialect, plan.typed, tag.batch))
  const refused = await refusedByCasts(work, session, landed, typed)
  run.progress('typing', typed, landed)
  const deduplicated = await deduplicate(work, session)
  const extracted = await countRows(session, countRejects(dialect, plan, tag, 'extract'))
  if (extracted !== manifest.rowsRejected) {
    throw new SluiceError(
      'HOP_UNBALANCED',
      `${plan.script}: ${extracted} rows of the extraction's rejects arrived, not ${manifest.rowsRejected}.`,
      {
        hint: `Extract the batch again with --force, then load it.`,
        details: { hop: 'read-staged' },
      },
    )
  }
  const entries: LedgerEntry[] = [
    { hop: 'staged-landed', term: 'staged', rows: manifest.rowsStaged },
    { hop: 'staged-landed', term: 'landed', rows: landed },
    { hop: 'landed-typed', term: 'landed', rows: landed },
    { hop: 'landed-typed', term: 'typed', rows: typed },
    { hop: 'landed-typed', term: 'refused by casts', rows: refused },
    { hop: 'typed-target', term: 'typed', rows: typed },
    { hop: 'typed-target', term: 'duplicates', rows: deduplicated.duplicates },
    { hop: 'typed-target', term: 'refused by dedup', rows: deduplicated.refused },
  ]
  return { entries, refused: extracted + refused + deduplicated.refused }
}

/** Copies the parts that the manifest names; each must bring as many rows as it says. */
async function copyParts(
  { context }: LoadWork,
  session: Session,
  table: TableName,
  columns: readonly Column[],
  parts: readonly ManifestPart[],
): Promise<void> {
  if (parts.length === 0) return
  const files = parts.map(({ path }) => context.lake.locate(path))
  const rows = await session.copyInto({ table, columns: columns.map(({ name }) => name), files })
  for (const [index, part] of parts.entries()) {
    if (rows[index] === part.rows) continue
    throw new SluiceError(
      'HOP_UNBALANCED',
      `${part.path} brought ${rows[index] ?? 0} rows into landing, its manifest says ${part.rows}.`,
      {
        hint: 'Extract the batch again with --force, then load it.',
        details: { hop: 'staged-landed', path: part.path },
      },
    )
  }
}

async function refusedByCasts(
  { dialect, plan, tag }: LoadWork,
  session: Session,
  landed: number,
  typed: number,
): Promise<number> {
  // A scan of each column is only worth it when some row did not pass.
  if (landed !== typed) for (const statement of refuseCasts(dialect, plan, tag)) await session.execute(statement)
  return countRows(session, countRejects(dialect, plan, tag, 'cast'))
}

async function deduplicate({ dialect, plan, tag, manifest }: LoadWork, session: Session) {
  const { write } = plan
  if (write.key.length === 0) return { duplicates: 0, refused: 0 }
  for (const statement of refuseNullKeys(dialect, plan, write, tag)) await session.execute(statement)
  await session.execute(refuseConflicts(dialect, plan, write, tag, manifest.parts))
  await session.execute(deleteRefused(dialect, plan, tag))
  const duplicates = await countRows(session, countDuplicates(dialect, plan, write, tag))
  if (duplicates > 0) await session.execute(deleteDuplicates(dialect, plan, write, tag))
  return { duplicates, refused: await countRows(session, countRejects(dialect, plan, tag, 'dedup')) }
}
