import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitsPrecision, unscaledDecimal } from './lexical-decimal.ts'

test.each<[string, number, bigint | undefined]>([
  ['12.5', 2, 1250n],
  ['-0.05', 2, -5n],
  ['+7', 0, 7n],
  ['.5', 1, 5n],
  ['5.', 1, 50n],
  ['1.2300', 2, 123n],
  ['1.239', 2, undefined],
  ['1e3', 0, 1000n],
  ['1.5e-1', 2, 15n],
  ['15e-2', 1, undefined],
  ['0e-9', 0, 0n],
  ['99999999999999999999999999999999999999', 0, 10n ** 38n - 1n],
  ['', 2, undefined],
  ['.', 2, undefined],
  [' 1', 2, undefined],
  ['1 ', 2, undefined],
  ['1_000', 2, undefined],
  ['1,5', 2, undefined],
  ['0x10', 2, undefined],
  ['NaN', 2, undefined],
  ['--1', 2, undefined],
  ['1e', 2, undefined],
  ['1e1000', 2, undefined],
])('%s of scale %i is %s', (text, scale, unscaled) => {
  expect(unscaledDecimal(text, scale)).toBe(unscaled)
})

test('every unscaled value is read back from its digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.integer({ min: 0, max: 38 }), (value, scale) => {
      const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
      const text = `${value < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`
      expect(unscaledDecimal(text, scale)).toBe(value)
    }),
  )
})

test('a precision holds so many digits', () => {
  expect([999n, -999n, 1000n, -1000n].map((value) => fitsPrecision(value, 3))).toEqual([true, true, false, false])
})
