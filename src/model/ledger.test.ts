import { describe, expect, test } from 'vitest'
import { type HopEquation, hopEquations, hops, type LedgerEntry, unbalanced } from './ledger.ts'

const sum = (terms: readonly string[], counts: Readonly<Record<string, number>>) =>
  terms.reduce((total, term) => total + (counts[term] ?? 0), 0)

/** Each term of the right side has its own count, and the left side's first term takes what is missing. */
function balanced({ hop, left, right }: HopEquation): readonly LedgerEntry[] {
  const counts: Record<string, number> = Object.fromEntries(right.map((term, index) => [term, 10 ** index]))
  const [first = '', ...others] = left
  for (const term of others) counts[term] = 1
  counts[first] = sum(right, counts) - sum(others, counts)
  return Object.entries(counts).map(([term, rows]) => ({ hop, term, rows }))
}

const named = hopEquations.map((equation) => [`${equation.left.join(' + ')} = ${equation.right.join(' + ')}`, equation] as const)

describe.each(named)('%s', (_, equation) => {
  const entries = balanced(equation)

  test('holds', () => {
    expect(unbalanced(entries)).toBeUndefined()
  })

  test.each(entries.map(({ term }) => term))('a row more or less in %s is found and named', (term) => {
    for (const change of [1, -1]) {
      const wrong = entries.map((entry) => (entry.term === term ? { ...entry, rows: entry.rows + change } : entry))
      const fault = unbalanced(wrong)
      expect(fault?.hop).toBe(equation.hop)
      expect(fault?.text).toContain(`${term} ${wrong.find((entry) => entry.term === term)?.rows}`)
    }
  })

  test('a count that is no number is found', () => {
    const [first, ...others] = entries
    expect(first).toBeDefined()
    if (first) expect(unbalanced([...others, { ...first, rows: Number.NaN }])?.hop).toBe(equation.hop)
  })

  test('does not apply where a whole side was not counted', () => {
    expect(unbalanced(entries.filter(({ term }) => equation.left.includes(term)))).toBeUndefined()
    expect(unbalanced(entries.filter(({ term }) => equation.right.includes(term)))).toBeUndefined()
  })
})

test('the sentence shows both sides with their counts', () => {
  const rows = { read: 12, staged: 10, rejected: 1 }
  const entries = Object.entries(rows).map(([term, count]) => ({ hop: 'read-staged', term, rows: count }) as const)
  expect(unbalanced(entries)).toEqual({ hop: 'read-staged', text: 'read 12 is not staged 10 + rejected 1' })
})

test('a term that was not counted beside others counts as none', () => {
  const entries = (['candidates', 'inserted'] as const).map((term) => ({ hop: 'typed-target', term, rows: 3 }) as const)
  expect(unbalanced(entries)).toBeUndefined()
})

test('the same term of another hop is another count', () => {
  expect(
    unbalanced([
      { hop: 'source-read', term: 'expected', rows: 1 },
      { hop: 'source-read', term: 'read', rows: 1 },
      { hop: 'read-staged', term: 'read', rows: 2 },
      { hop: 'read-staged', term: 'staged', rows: 2 },
    ]),
  ).toBeUndefined()
})

test('every hop up to the target has an equation, in their order', () => {
  const order = hopEquations.map(({ hop }) => hops.indexOf(hop))
  expect(order).toEqual([...order].sort((left, right) => left - right))
  expect(new Set(hopEquations.map(({ hop }) => hop))).toEqual(new Set(hops.slice(0, -1)))
})
