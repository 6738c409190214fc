import type { Session } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import { completeKeys, giveNewKeys, moveMark, readMark, takeKnownKeys } from '../sql/surrogate-keys.ts'
import type { LoadWork } from './load-work.ts'

/** Gives each staged row its surrogate key: the one that its natural key has, or the next one. */
export async function giveKeys(work: LoadWork, session: Session): Promise<void> {
  const { dialect, plan, tag } = work
  const { key, surrogateKey } = plan.write
  if (surrogateKey === undefined) return
  if (key.length > 0) {
    await moveKeys(work, session, plan.targetText, (mark) => session.execute(completeKeys(dialect, plan, surrogateKey, mark)))
    await session.execute(takeKnownKeys(dialect, plan, surrogateKey, tag))
  }
  await moveKeys(work, session, plan.targetText, (mark) => session.execute(giveNewKeys(dialect, plan, surrogateKey, mark, tag)))
}

/** Lets `give` give keys after a target's mark, and moves the mark behind them. Resolves to how many were given. */
export async function moveKeys(
  { dialect, plan }: LoadWork,
  session: Session,
  target: string,
  give: (mark: bigint) => Promise<number>,
): Promise<number> {
  const { marks } = plan.audit
  const [row] = await session.query(readMark(dialect, marks, target))
  const given = await give(BigInt(row?.['mark'] ?? 0))
  if ((await session.execute(moveMark(dialect, marks, target, given))) === 1) return given
  throw new SluiceError('INTERNAL', `${target} has no mark of its surrogate keys, or more than one.`, {
    hint: 'Look into the table of marks of the audit schema; someone else wrote to it.',
    details: { target },
  })
}
