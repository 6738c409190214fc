import type { CopyRequest, Session, Statement, Warehouse } from '../contracts/warehouse.ts'
import type { TableName } from '../model/schema.ts'
import type { ActiveRun } from './active-run.ts'

/** A transaction that keeps the run's lease while it waits for others, while a statement is pending and while it commits. */
export async function watchedTransaction<T>(
  warehouse: Warehouse,
  writes: readonly TableName[],
  run: ActiveRun,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const pending = [run.statement(() => begun.promise)]
  try {
    return await warehouse.transaction(writes, async (session) => {
      begun.resolve()
      const result = await work(watchedSession(session, run))
      pending.push(run.statement(() => ended.promise))
      return result
    })
  } finally {
    begun.resolve()
    ended.resolve()
    await Promise.all(pending)
  }
}

/** A session whose pending statements keep the run's lease, and which starts none once the run must stop. */
function watchedSession(session: Session, run: ActiveRun): Session {
  const watched = <T>(work: () => Promise<T>): Promise<T> => {
    run.signal.throwIfAborted()
    return run.statement(work)
  }
  return {
    execute: (statement: Statement) => watched(() => session.execute(statement)),
    query: (statement: Statement) => watched(() => session.query(statement)),
    copyInto: (copy: CopyRequest) => watched(() => session.copyInto(copy)),
  }
}

/** The `rows` of a counting statement. */
export async function countRows(session: Session, statement: Statement): Promise<number> {
  const [row] = await session.query(statement)
  return Number(row?.['rows'] ?? Number.NaN)
}
