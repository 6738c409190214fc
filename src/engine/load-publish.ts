import type { Session } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import { type LedgerEntry, unbalanced } from '../model/ledger.ts'
import type { Check } from '../model/script.ts'
import { checkText, countFailing } from '../sql/checks.ts'
import { insertLedger, latestBatch } from '../sql/ledger.ts'
import {
  countArrived,
  countKeys,
  countKnown,
  countOlder,
  countStaged,
  countUnchanged,
  countWritten,
  deletePublished,
  deleteReplaced,
  insertAll,
  insertMissing,
  type Publication,
  updateChanged,
} from '../sql/publish.ts'
import { giveKeys } from './load-keys.ts'
import { lookUp } from './load-lookups.ts'
import type { Staged } from './load-stage.ts'
import type { LoadWork } from './load-work.ts'
import { checkRejectLimit } from './reject-limit.ts'
import { countRows } from './watched-session.ts'

/** What was published, every term counted. */
export interface Published {
  readonly entries: readonly LedgerEntry[]
  readonly exitCode: 0 | 4
}

type Counts = Readonly<Record<string, number>>

/** Looks up, checks, writes, balances, and adds the ledger's row. Nothing of it is seen before the commit. */
export async function publish(work: LoadWork, session: Session, staged: Staged): Promise<Published> {
  const { dialect, plan, tag, context, script } = work
  const publication = { ...tag, loadedAt: new Date().toISOString() }
  if (dependsOnOrder(work)) await refuseOldBatch(work, session)
  const candidates = await countRows(session, countStaged(dialect, plan, tag))
  const { refused, unknownKeys, stubs } = await lookUp(work, session, publication)
  checkRejectLimit(script, staged.refused + refused)
  await runChecks(work, session)
  await giveKeys(work, session)
  const written = await writers[plan.write.disposition](work, session, publication)
  const own = { candidates, 'refused at publish': refused, 'unknown keys': unknownKeys, stubs, ...written }
  const entries: LedgerEntry[] = [
    ...staged.entries,
    ...Object.entries(own).map(([term, rows]) => ({ hop: 'typed-target', term, rows }) as const),
  ]
  balance(work, entries)
  const exitCode = staged.refused + refused > 0 ? 4 : 0
  const row = { ...work.publication, exitCode, publishedAt: publication.loadedAt, entries }
  await session.execute(insertLedger(dialect, plan.audit.ledger, row))
  await context.failpoint('load.before-publish-commit')
  return { entries, exitCode }
}

const writers: Readonly<
  Record<
    LoadWork['plan']['write']['disposition'],
    (work: LoadWork, session: Session, publication: Publication) => Promise<Counts>
  >
> = { append, merge, insert_only: insertOnly, replace }

async function append({ dialect, plan, tag, context, run }: LoadWork, session: Session, publication: Publication) {
  const removed = await session.execute(deletePublished(dialect, plan, tag))
  await context.failpoint('load.mid-publish')
  await session.execute(insertAll(dialect, plan, publication))
  const inserted = await countRows(session, countWritten(dialect, plan, tag))
  run.progress('publishing', inserted)
  return { inserted, removed }
}

async function merge(work: LoadWork, session: Session, publication: Publication) {
  const { dialect, plan, tag, context, run } = work
  // Before the update: afterwards a changed row looks like an unchanged one.
  const older = await countRows(session, countOlder(dialect, plan, tag))
  const unchanged = await countRows(session, countUnchanged(dialect, plan, tag))
  const updated = await session.execute(updateChanged(dialect, plan, publication))
  await context.failpoint('load.mid-publish')
  const inserted = await session.execute(insertMissing(dialect, plan, publication))
  run.progress('publishing', inserted + updated)
  return { inserted, updated, unchanged, older, ...(await arrival(work, session)) }
}

async function insertOnly({ dialect, plan, tag, context, run }: LoadWork, session: Session, publication: Publication) {
  const removed = await session.execute(deletePublished(dialect, plan, tag))
  const kept = await countRows(session, countKnown(dialect, plan, tag))
  await context.failpoint('load.mid-publish')
  await session.execute(insertMissing(dialect, plan, publication))
  const inserted = await countRows(session, countWritten(dialect, plan, tag))
  run.progress('publishing', inserted)
  const keys = await countRows(session, countKeys(dialect, plan, tag))
  const arrived = await countRows(session, countKnown(dialect, plan, tag))
  return { inserted, kept, removed, 'batch keys': keys, 'keys in target': arrived }
}

async function replace(work: LoadWork, session: Session, publication: Publication) {
  const { dialect, plan, tag, context, run } = work
  await refuseEmpty(work, session)
  const removed = await session.execute(deleteReplaced(dialect, plan, tag))
  await context.failpoint('load.mid-publish')
  await session.execute(insertAll(dialect, plan, publication))
  const inserted = await countRows(session, countWritten(dialect, plan, tag))
  run.progress('publishing', inserted)
  return { inserted, removed, ...(plan.write.key.length === 0 ? {} : await arrival(work, session)) }
}

/** That every key of the batch is in the target, equal or newer. */
async function arrival({ dialect, plan, tag }: LoadWork, session: Session) {
  const keys = await countRows(session, countKeys(dialect, plan, tag))
  const arrived = await countRows(session, countArrived(dialect, plan, tag))
  return { 'batch keys': keys, 'keys in target': arrived }
}

async function runChecks({ dialect, plan, tag, script, run }: LoadWork, session: Session): Promise<void> {
  for (const check of [...requiredComputed(plan), ...script.checks]) {
    const failing = await countRows(session, countFailing(dialect, plan, check, tag))
    if (failing === 0) continue
    const text = `${failing} rows of ${script.id} do not pass the check that ${checkText(check)}`
    if (check.onFail === 'fail') {
      throw new SluiceError('CHECK_FAILED', `${text}; nothing was published.`, {
        hint: `Look at ${plan.typed.schema}.${plan.typed.table}, mend the source, or change the check in ${script.id}.`,
        details: { check: checkText(check), rows: failing },
      })
    }
    run.log.warn(text, { check: checkText(check), rows: failing })
  }
}

/** A computed column that is not optional: NULL in it is only known once it was computed. */
function requiredComputed({ columns }: LoadWork['plan']): readonly Check[] {
  const required = columns.filter(({ origin }) => origin.kind === 'computed' && origin.required)
  return required.map(({ name }) => ({ kind: 'notNull', column: name, onFail: 'fail' }))
}

function balance({ plan }: LoadWork, entries: readonly LedgerEntry[]): void {
  const fault = unbalanced(entries)
  if (fault === undefined) return
  throw new SluiceError('HOP_UNBALANCED', `${plan.script}: the hop ${fault.hop} does not balance: ${fault.text}.`, {
    hint: `Nothing was published. Look at the log; run the load again, and if it stays, report it.`,
    details: { hop: fault.hop },
  })
}

/** Whether only the order of the batches says which row of a key is the last. */
function dependsOnOrder({ plan: { write } }: LoadWork): boolean {
  return write.disposition === 'replace' || (write.disposition === 'merge' && write.newest === undefined)
}

async function refuseOldBatch({ dialect, plan, tag }: LoadWork, session: Session): Promise<void> {
  const [row] = await session.query(latestBatch(dialect, plan.audit.ledger, plan.targetText, plan.script))
  const latest = row?.['batch']
  if (typeof latest !== 'string' || latest <= tag.batch) return
  throw new SluiceError('BATCH_NOT_LATEST', `${plan.script} has published batch ${latest} already, and ${tag.batch} is older.`, {
    hint: `Declare newest in the write of ${plan.script}, so that rows know their order, or leave the batch out.`,
    details: { batch: tag.batch, latest },
  })
}

async function refuseEmpty({ dialect, plan, tag }: LoadWork, session: Session): Promise<void> {
  if (plan.write.allowEmpty || (await countRows(session, countStaged(dialect, plan, tag))) > 0) return
  throw new SluiceError('REPLACE_EMPTY', `${plan.script} would replace ${plan.targetText} by nothing.`, {
    hint: `Look why the extraction brought no row, or set allowEmpty in the write of ${plan.script}.`,
    details: { target: plan.targetText },
  })
}
