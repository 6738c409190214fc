import type { Transaction } from 'kysely'
import type { BudgetBook, BudgetLimit } from '../../contracts/control-store.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** The requests that count against budgets, one row each, in the `budget_request` table. */
export function budgetBook(database: Database): BudgetBook {
  return {
    take: async (budget, limits) =>
      limits.length === 0 ? 0 : database.transaction('write', (trx) => take(trx, database, budget, limits)),
  }
}

async function take(
  trx: Transaction<Tables>,
  database: Database,
  budget: string,
  limits: readonly BudgetLimit[],
): Promise<number> {
  const named = { name: budget }
  // Who takes from the same budget meanwhile waits for this row.
  await trx
    .insertInto('budget')
    .values(named)
    .onConflict((conflict) => conflict.column('name').doUpdateSet(named))
    .execute()
  const nowMs = (await database.dialect.clocks(trx)).timeMs
  const requests = trx.selectFrom('budget_request').where('budget', '=', budget)
  const longestMs = Math.max(...limits.map(({ withinMs }) => withinMs))
  await trx
    .deleteFrom('budget_request')
    .where('budget', '=', budget)
    .where('at_ms', '<=', nowMs - longestMs)
    .execute()
  // After the clock was set back, what was booked counts as booked now: nobody waits longer than the longest span.
  await trx.updateTable('budget_request').set({ at_ms: nowMs }).where('budget', '=', budget).where('at_ms', '>', nowMs).execute()
  let waitMs = 0
  for (const limit of limits) {
    const oldest = await requests
      .select('at_ms')
      .orderBy('at_ms', 'desc')
      .limit(1)
      .offset(limit.requests - 1)
      .executeTakeFirst()
    if (oldest) waitMs = Math.max(waitMs, oldest.at_ms + limit.withinMs - nowMs)
  }
  if (waitMs > 0) return waitMs
  await trx.insertInto('budget_request').values({ budget, at_ms: nowMs }).execute()
  return 0
}
