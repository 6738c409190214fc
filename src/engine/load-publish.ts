import type { Session } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import { type LedgerEntry, unbalanced } from '../model/ledger.ts'
import { insertLedger, latestBatch } from '../sql/ledger.ts'
import {
  countArrived,
  countKeys,
  countOlder,
  countStaged,
  countUnchanged,
  countWritten,
  deletePublished,
  insertAll,
  insertMissing,
  type Publication,
  updateChanged,
} from '../sql/publish.ts'
import type { LoadWork } from './load.ts'
import type { Staged } from './load-stage.ts'
import { countRows } from './watched-session.ts'

/** Writes the staged rows into the target, balances them and adds the ledger's row. Resolves to all counts of the load. */
export async function publish(work: LoadWork, session: Session, staged: Staged): Promise<readonly LedgerEntry[]> {
  const { dialect, plan, tag, context } = work
  const publication = { ...tag, loadedAt: new Date().toISOString() }
  const candidates = await countRows(session, countStaged(dialect, plan, tag))
  const written =
    plan.write.disposition === 'append'
      ? await append(work, session, publication)
      : await merge(work, session, plan.write, publication)
  const entries: LedgerEntry[] = [
    ...staged.entries,
    ...Object.entries({ candidates, ...written }).map(([term, rows]) => ({ hop: 'typed-target', term, rows }) as const),
  ]
  const fault = unbalanced(entries)
  if (fault !== undefined) {
    throw new SluiceError('HOP_UNBALANCED', `${plan.script}: the hop ${fault.hop} does not balance: ${fault.text}.`, {
      hint: `Nothing was published. Look at the log; run the load again, and if it stays, report it.`,
      details: { hop: fault.hop },
    })
  }
  const exitCode = staged.refused > 0 ? 4 : 0
  const ledger = insertLedger(dialect, plan.audit.ledger, {
    ...work.publication,
    exitCode,
    publishedAt: publication.loadedAt,
    entries,
  })
  await session.execute(ledger)
  await context.failpoint('load.before-publish-commit')
  return entries
}

async function append({ dialect, plan, tag, context, run }: LoadWork, session: Session, publication: Publication) {
  const removed = await session.execute(deletePublished(dialect, plan, tag))
  await context.failpoint('load.mid-publish')
  await session.execute(insertAll(dialect, plan, publication))
  const inserted = await countRows(session, countWritten(dialect, plan, tag))
  run.progress('publishing', inserted)
  return { inserted, removed }
}

type Merge = Extract<LoadWork['plan']['write'], { readonly disposition: 'merge' }>

async function merge(work: LoadWork, session: Session, write: Merge, publication: Publication) {
  const { dialect, plan, tag, context, run } = work
  if (write.newest === undefined) await refuseOldBatch(work, session)
  // Before the update: afterwards a changed row looks like an unchanged one.
  const older = await countRows(session, countOlder(dialect, plan, write, tag))
  const unchanged = await countRows(session, countUnchanged(dialect, plan, write, tag))
  const updated = await session.execute(updateChanged(dialect, plan, write, publication))
  await context.failpoint('load.mid-publish')
  const inserted = await session.execute(insertMissing(dialect, plan, write, publication))
  run.progress('publishing', inserted + updated)
  const keys = await countRows(session, countKeys(dialect, plan, write, tag))
  const arrived = await countRows(session, countArrived(dialect, plan, write, tag))
  return { inserted, updated, unchanged, older, 'batch keys': keys, 'keys in target': arrived }
}

/** Without a `newest` only the order of the batches says which row is the last. */
async function refuseOldBatch({ dialect, plan, tag }: LoadWork, session: Session): Promise<void> {
  const [row] = await session.query(latestBatch(dialect, plan.audit.ledger, plan.targetText, plan.script))
  const latest = row?.['batch']
  if (typeof latest !== 'string' || latest <= tag.batch) return
  throw new SluiceError('BATCH_NOT_LATEST', `${plan.script} has published batch ${latest} already, and ${tag.batch} is older.`, {
    hint: `Declare newest in the write of ${plan.script}, so that rows know their order, or leave the batch out.`,
    details: { batch: tag.batch, latest },
  })
}
