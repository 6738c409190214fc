import { SluiceError } from '../errors.ts'
import type { DeclaredColumn } from '../model/script.ts'

/** A member that some column wants, or that leads to one. */
export interface WantedMember {
  readonly name: string
  readonly bytes: Uint8Array
  /** The name as it stands in a record that writes it without escapes, with its quotes; undefined when it needs some. */
  readonly quoted: Uint8Array | undefined
  /** Where it stands among its parent's members. */
  readonly order: number
  /** The columns that take this member's value. */
  readonly columns: number[]
  readonly members: WantedMember[]
  /** Whether its value is the list that somebody else reads. */
  isList: boolean
  /** The number of the record in which the member was last seen. */
  seenIn: number
}

/**
 * The declared columns as a tree of members. `$.a.b` is a path, `$` the record itself, anything else the name of a member.
 * `list` leads to the member whose value is a list to be read by somebody else.
 */
export function wantedMembers(columns: readonly DeclaredColumn[], list: readonly string[] = []): WantedMember {
  const root = member('$', 0)
  for (const [index, column] of columns.entries()) {
    let at = root
    for (const name of pathOf(column)) at = memberOf(at, name)
    at.columns.push(index)
  }
  let at = root
  for (const name of list) at = memberOf(at, name)
  at.isList = list.length > 0
  return root
}

/** The members that `$.a.b` names, none for `$`; undefined when it is no such path. */
export function memberPath(path: string): readonly string[] | undefined {
  if (path === '$') return []
  if (!path.startsWith('$.')) return undefined
  const names = path.slice(2).split('.')
  return names.every((name) => name !== '' && !/[[\]*]/.test(name)) ? names : undefined
}

function pathOf({ name, from }: DeclaredColumn): readonly string[] {
  if (from !== '$' && !from.startsWith('$.')) return [from]
  const path = memberPath(from)
  if (path !== undefined) return path
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
  const made = member(name, parent.members.length)
  parent.members.push(made)
  return made
}

function member(name: string, order: number): WantedMember {
  const quoted = /["\\\p{Cc}]/u.test(name) || !name.isWellFormed() ? undefined : Buffer.from(`"${name}"`, 'utf8')
  return { name, bytes: Buffer.from(name, 'utf8'), quoted, order, columns: [], members: [], isList: false, seenIn: 0 }
}
