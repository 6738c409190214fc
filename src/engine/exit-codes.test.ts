import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errorCodes } from '../errors.ts'
import { mostSerious } from './exit-codes.ts'

/** From the most serious to the least, as `docs/reliability.md` promises. */
const order = [70, 75, 74, 78, 64, 65, 69, 77, 73, 4, 0]

test.each(order.map((code, index) => [code, order.slice(index)] as const))(
  '%i wins over what is less serious',
  (code, others) => {
    expect(mostSerious(others)).toBe(code)
    expect(mostSerious([...others].reverse())).toBe(code)
    expect(mostSerious([99, code, 99])).toBe(code)
  },
)

test.each([130, 143, 129])('a signal, %i, wins over everything', (code) => {
  expect(mostSerious([...order, 99, code])).toBe(code)
})

test('99 only when all were, 0 when there was nothing', () => {
  expect(mostSerious([99, 99])).toBe(99)
  expect(mostSerious([99, 0])).toBe(0)
  expect(mostSerious([])).toBe(0)
})

test('a code that nobody knows is a bug', () => {
  expect(mostSerious([0, 1])).toBe(70)
  expect(mostSerious([2, 75])).toBe(70)
})

test('every code of the table has its place', () => {
  for (const [name, { exitCode }] of Object.entries(errorCodes))
    expect(mostSerious([0, exitCode]), name).toBe(exitCode === 99 ? 0 : exitCode)
})

test('the order of the steps does not matter', () => {
  const codes = fc.array(fc.constantFrom(...order, 99), { minLength: 1 })
  fc.assert(
    fc.property(codes, (some) => {
      const known = some.filter((code) => code !== 99)
      const expected = known.length === 0 ? 99 : order[Math.min(...known.map((code) => order.indexOf(code)))]
      expect(mostSerious(some)).toBe(expected)
    }),
  )
})
