import { SluiceError } from '../errors.ts'
import type { DeclaredColumn } from '../model/script.ts'

/** A member that some column wants, or that leads to one. */
export interface WantedMember {
  readonly name: string
  readonly bytes: Uint8Array
  /** The columns that take this member's value. */
  readonly columns: number[]
  readonly members: WantedMember[]
  /** The number of the record in which the member was last seen. */
  seenIn: number
}

/** The declared columns as a tree of members. `$.a.b` is a path, anything else the name of a member. */
export function wantedMembers(columns: readonly DeclaredColumn[]): WantedMember {
  const root = member('$')
  for (const [index, column] of columns.entries()) {
    let at = root
    for (const name of pathOf(column)) at = memberOf(at, name)
    at.columns.push(index)
  }
  return root
}

function pathOf({ name, from }: DeclaredColumn): readonly string[] {
  if (!from.startsWith('$.')) return [from]
  const path = from.slice(2).split('.')
  if (path.every((step) => step !== '' && !/[[\]*]/.test(step))) return path
  throw new SluiceError(
    'CONFIG_INVALID',
    `The path ${JSON.stringify(from)} of the column ${name} is not one that Sluice knows.`,
    {
      hint: 'Write the members from the record down to the value, each behind a point: $.customer.id',
    },
  )
}

function memberOf(parent: WantedMember, name: string): WantedMember {
  const known = parent.members.find((candidate) => candidate.name === name)
  if (known !== undefined) return known
  const made = member(name)
  parent.members.push(made)
  return made
}

function member(name: string): WantedMember {
  return { name, bytes: Buffer.from(name, 'utf8'), columns: [], members: [], seenIn: 0 }
}
