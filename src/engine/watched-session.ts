import type { CopyRequest, Session, Statement } from '../contracts/warehouse.ts'
import type { ActiveRun } from './active-run.ts'

/** A session whose pending statements keep the run's lease, and which starts none once the run must stop. */
export function watchedSession(session: Session, run: ActiveRun): Session {
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
