import type { Session } from '../contracts/warehouse.ts'
import { SluiceError } from '../errors.ts'
import type { PlannedLookup } from '../sql/load-plan.ts'
import {
  countAsked,
  countFound,
  countUnknownKeys,
  deleteUnknown,
  fillLookup,
  insertStubs,
  refuseUnknown,
} from '../sql/lookups.ts'
import type { Publication } from '../sql/publish.ts'
import { countRejects } from '../sql/stage.ts'
import { moveKeys } from './load-keys.ts'
import type { LoadWork } from './load-work.ts'
import { countRows } from './watched-session.ts'

/** What the lookups found: rows that were refused, keys that no dimension held, and the stubs made for them. */
export interface LookedUp {
  readonly refused: number
  readonly unknownKeys: number
  readonly stubs: number
}

/** Points the staged rows at their dimensions: refuses or makes stubs for what these do not hold, then fills the stage once. */
export async function lookUp(work: LoadWork, session: Session, publication: Publication): Promise<LookedUp> {
  const { dialect, plan, tag } = work
  const stubbed = { unknownKeys: 0, stubs: 0 }
  for (const lookup of plan.lookups) {
    if (lookup.unknown !== 'stub') continue
    const unknown = await countRows(session, countUnknownKeys(dialect, plan, lookup, tag))
    stubbed.unknownKeys += unknown
    if (unknown > 0) stubbed.stubs += await addStubs(work, session, lookup, publication)
  }
  const refused = await keepRefused(work, session)
  if (refused > 0) await session.execute(deleteUnknown(dialect, plan, tag))
  for (const lookup of plan.lookups) await fill(work, session, lookup)
  return { refused, ...stubbed }
}

/** Keeps the rows that look for a key that is not there, as far as their lookups refuse them. Resolves to how many rows. */
export async function keepRefused({ dialect, plan, tag }: LoadWork, session: Session): Promise<number> {
  for (const lookup of plan.lookups) {
    if (lookup.unknown === 'reject') await session.execute(refuseUnknown(dialect, plan, lookup, tag))
  }
  return countRows(session, countRejects(dialect, plan, tag, 'publish'))
}

async function addStubs(work: LoadWork, session: Session, lookup: PlannedLookup, publication: Publication): Promise<number> {
  const { dialect, plan } = work
  return moveKeys(work, session, lookup.tableText, (mark) =>
    session.execute(insertStubs(dialect, plan, lookup, mark, publication)),
  )
}

async function fill({ dialect, plan, tag }: LoadWork, session: Session, lookup: PlannedLookup): Promise<void> {
  const filled = await session.execute(fillLookup(dialect, plan, lookup, tag))
  const asked = await countRows(session, countAsked(dialect, plan, lookup, tag))
  const found = await countRows(session, countFound(dialect, plan, lookup, tag))
  if (filled === asked && found === asked) return
  throw new SluiceError(
    'HOP_UNBALANCED',
    `${plan.script}: ${asked} rows look into ${lookup.tableText}, but ${found} rows answer and ${filled} were filled.`,
    {
      hint: `Look for keys that ${lookup.tableText} holds twice, or without a ${lookup.surrogateKey}; nothing was published.`,
      details: { hop: 'typed-target' },
    },
  )
}
