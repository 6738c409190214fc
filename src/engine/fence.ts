import type { Dialect, Session, Warehouse } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import type { RunKey } from '../model/run.ts'
import { type FenceClaim, highestToken, otherStore, raiseToken, takeLockRow } from '../sql/fence.ts'
import type { AuditTables } from '../sql/load-plan.ts'
import { fencedError } from './lease.ts'

/** What a run shows at the fence of a target. */
export function fenceClaim(target: string, key: RunKey, storeId: string): FenceClaim {
  return { target, script: key.script, runId: key.runId, token: key.token, storeId }
}

/**
 * Makes this transaction the only writer of the targets, and the run's token the highest that wrote them. All lock rows
 * come first, in the order of the claims, which is the same for everyone: so nobody waits in a circle.
 * FENCED when a newer run of the script wrote before, OTHER_CONTROL_STORE when another project did.
 */
export async function passFence(
  dialect: Dialect,
  session: Session,
  audit: AuditTables,
  claims: readonly FenceClaim[],
  key: RunKey,
): Promise<void> {
  for (const claim of claims) await exactlyOne(session.execute(takeLockRow(dialect, audit.fence, claim)), claim)
  for (const claim of claims) {
    // First: the tokens of two stores cannot be compared.
    await refuseOtherStore(dialect, session, audit, claim)
    const [highest] = await session.query(highestToken(dialect, audit.fence, audit.ledger, claim))
    if (Number(highest?.['token'] ?? 0) > claim.token) throw fencedError(key)
    await exactlyOne(session.execute(raiseToken(dialect, audit.fence, claim)), claim)
  }
}

/** OTHER_CONTROL_STORE when another project wrote one of the targets. Asked before the DDL, which no fence holds up. */
export async function refuseOtherStores(warehouse: Warehouse, audit: AuditTables, claims: readonly FenceClaim[]): Promise<void> {
  for (const table of [audit.fence, audit.ledger]) if ((await warehouse.describe(table)) === undefined) return
  for (const claim of claims) await refuseOtherStore(warehouse.dialect, warehouse, audit, claim)
}

async function refuseOtherStore(
  dialect: Dialect,
  session: Pick<Session, 'query'>,
  audit: AuditTables,
  claim: FenceClaim,
): Promise<void> {
  const [other] = await session.query(otherStore(dialect, audit.fence, audit.ledger, claim))
  if (!other) return
  const store = String(other['store_id'])
  throw new SluiceError('OTHER_CONTROL_STORE', `${claim.target} was written by another control store, ${store}.`, {
    hint: 'Use the project that owns the target, or name another target with into.',
    details: { target: claim.target, storeId: claim.storeId },
  })
}

async function exactlyOne(changed: Promise<number>, claim: FenceClaim): Promise<void> {
  const rows = await changed
  if (rows === 1) return
  throw new SluiceError('INTERNAL', `The fence of ${claim.target} has ${rows} rows where one is expected.`, {
    hint: 'Look into the fence table of the audit schema; someone else wrote to it.',
    details: { target: claim.target, script: claim.script },
  })
}
