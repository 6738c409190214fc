/** The passages from one store to the next, in their order. */
export const hops = ['source-read', 'read-staged', 'staged-landed', 'landed-typed', 'typed-target', 'target-mart'] as const

export type Hop = (typeof hops)[number]

/** One count of one hop. */
export interface LedgerEntry {
  readonly hop: Hop
  /** What was counted: `read`, `staged`, `rejected`, `inserted` … */
  readonly term: string
  readonly rows: number
}

/** That what goes into a hop equals what comes out of it, each term counted by itself. */
export interface HopEquation {
  readonly hop: Hop
  readonly left: readonly string[]
  readonly right: readonly string[]
}

/** The equations that must hold before anything is published (`docs/reliability.md`, the ledger). */
export const hopEquations: readonly HopEquation[] = [
  { hop: 'source-read', left: ['expected'], right: ['read'] },
  { hop: 'read-staged', left: ['read'], right: ['staged', 'rejected'] },
  { hop: 'staged-landed', left: ['staged'], right: ['landed'] },
  { hop: 'landed-typed', left: ['landed'], right: ['typed', 'refused by casts'] },
  { hop: 'typed-target', left: ['typed'], right: ['candidates', 'duplicates', 'refused by dedup'] },
  {
    hop: 'typed-target',
    left: ['candidates'],
    right: ['inserted', 'updated', 'unchanged', 'older', 'kept', 'refused at publish'],
  },
  { hop: 'typed-target', left: ['unknown keys'], right: ['stubs'] },
  { hop: 'typed-target', left: ['batch keys'], right: ['keys in target'] },
]

/** The first equation that does not hold among these entries, as a sentence; undefined when all hold. */
export function unbalanced(entries: readonly LedgerEntry[]): { readonly hop: Hop; readonly text: string } | undefined {
  for (const { hop, left, right } of hopEquations) {
    const count = (term: string) => entries.find((entry) => entry.hop === hop && entry.term === term)?.rows
    const sides = [left.map(count), right.map(count)] as const
    // An equation of which a whole side was not counted does not apply to this kind of step.
    if (sides[0].every((rows) => rows === undefined) || sides[1].every((rows) => rows === undefined)) continue
    const [before, after] = sides.map((rows) => rows.reduce<number>((sum, value) => sum + (value ?? 0), 0))
    if (before === after) continue
    const show = (terms: readonly string[]) => terms.map((term) => `${term} ${count(term) ?? 0}`).join(' + ')
    return { hop, text: `${show(left)} is not ${show(right)}` }
  }
  return undefined
}
