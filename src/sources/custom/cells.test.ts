import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cellAdder } from '../../columnar/cell-adder.ts'
import { cellTexts } from '../../columnar/cell-text.ts'
import { ColumnBuilder } from '../../columnar/column-builder.ts'
import { type ColumnType, parseColumnType } from '../../model/column-type.ts'
import { cellFitter, Misfit, shownCell } from './cells.ts'

function staged(type: ColumnType, value: unknown, length?: number): string | null | undefined {
  const fitting = cellFitter(type, length)(value)
  if (fitting instanceof Misfit) return fitting.code
  const builder = new ColumnBuilder(type)
  cellAdder(type)(builder, fitting)
  return cellTexts(builder.take(), 1)[0]
}

const typeOf = (text: string) => parseColumnType(text) ?? { kind: 'text' as const }

const fitting: readonly (readonly [string, unknown, string])[] = [
  ['boolean', true, 'true'],
  ['int16', -32_768, '-32768'],
  ['int32', 2_147_483_647n, '2147483647'],
  ['int32', '-7', '-7'],
  ['int64', Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ['int64', 9_007_199_254_740_993n, '9007199254740993'],
  ['int64', '-9223372036854775808', '-9223372036854775808'],
  ['int64', -0, '0'],
  ['decimal(12,2)', '19.99', '19.99'],
  ['decimal(12,2)', '19.990', '19.99'],
  ['decimal(12,2)', '1.5e1', '15.00'],
  ['decimal(12,2)', 5, '5.00'],
  ['decimal(12,2)', -0.25, '-0.25'],
  ['decimal(12,2)', 7n, '7.00'],
  ['decimal(38,0)', '99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
  ['double', 0.1, '0.1'],
  ['double', Number.NaN, 'NaN'],
  ['double', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['float', 0.5, '0.5'],
  ['float', Number.NaN, 'NaN'],
  ['text', '', ''],
  ['text', 'a\0 😀', 'a\0 😀'],
  ['json', '{"a": [1.10]}', '{"a": [1.10]}'],
  ['uuid', '0190a5b8-7d3c-7000-8000-00000000000A', '0190a5b8-7d3c-7000-8000-00000000000A'],
  ['binary', Uint8Array.of(0, 255), '00ff'],
  ['binary', Buffer.from('x'), '78'],
  ['date', '2024-02-29', '2024-02-29'],
  ['time', '23:59:59.000001', '23:59:59.000001'],
  ['timestamp', '2025-01-02T03:04:05.5', '2025-01-02 03:04:05.5'],
  ['timestamptz', '2025-01-02T03:04:05.000Z', '2025-01-02 03:04:05'],
  ['timestamptz', '2025-01-02 03:04:05+02:00', '2025-01-02 01:04:05'],
]

test.each(fitting)('%s takes %s as %s', (type, value, text) => {
  expect(staged(typeOf(type), value)).toBe(text)
})

const refused: readonly (readonly [string, unknown, string])[] = [
  ['boolean', 1, 'MISFIT'],
  ['boolean', 'true', 'MISFIT'],
  ['int16', 32_768, 'OUT_OF_RANGE'],
  ['int32', 1.5, 'MISFIT'],
  ['int32', '1.0', 'MISFIT'],
  ['int32', true, 'MISFIT'],
  ['int64', 2 ** 53, 'MISFIT'],
  ['int64', 2n ** 63n, 'OUT_OF_RANGE'],
  ['int64', '9223372036854775808', 'OUT_OF_RANGE'],
  ['int64', '', 'MISFIT'],
  ['int64', ' 12', 'MISFIT'],
  ['int64', '0x10', 'MISFIT'],
  ['int64', Number.NaN, 'MISFIT'],
  ['decimal(12,2)', 0.1, 'MISFIT'],
  ['decimal(12,2)', 19.99, 'MISFIT'],
  ['decimal(12,2)', 0.125, 'MISFIT'],
  ['decimal(38,0)', 2 ** 53, 'MISFIT'],
  ['decimal(12,2)', Number.POSITIVE_INFINITY, 'MISFIT'],
  ['decimal(12,2)', '1.239', 'MISFIT'],
  ['decimal(12,2)', '1,5', 'MISFIT'],
  ['decimal(4,2)', 100, 'OUT_OF_RANGE'],
  ['decimal(4,2)', '1e300', 'OUT_OF_RANGE'],
  ['decimal(4,2)', `1${'0'.repeat(400)}`, 'MISFIT'],
  ['float', 0.1, 'MISFIT'],
  ['double', '0.5', 'MISFIT'],
  ['double', 1n, 'MISFIT'],
  ['text', 1, 'MISFIT'],
  ['text', 'a\ud800', 'ENCODING'],
  ['text', new Date(0), 'MISFIT'],
  ['json', '{', 'MISFIT'],
  ['json', { a: 1 }, 'MISFIT'],
  ['json', '"\ud800"', 'ENCODING'],
  ['uuid', '0190', 'MISFIT'],
  ['binary', 'x', 'MISFIT'],
  ['binary', [1], 'MISFIT'],
  ['date', new Date(0), 'MISFIT'],
  ['date', '2025-02-29', 'MISFIT'],
  ['date', 20_250_101, 'MISFIT'],
  ['timestamp', '2025-01-02 03:04:05Z', 'MISFIT'],
  ['timestamptz', '2025-01-02 03:04:05', 'MISFIT'],
]

test.each(refused)('%s refuses %s as %s', (type, value, code) => {
  expect(staged(typeOf(type), value)).toBe(code)
})

test('the length of a text counts characters', () => {
  const text = { kind: 'text' } as const
  expect(staged(text, '😀😀', 2)).toBe('😀😀')
  expect(staged(text, '😀😀😀', 2)).toBe('TOO_LONG')
  expect(staged(text, 'abc', 2)).toBe('TOO_LONG')
})

test('a number becomes a decimal only when both are the same number', () => {
  const scaled = { kind: 'decimal', precision: 38, scale: 6 } as const
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.integer({ min: 0, max: 12 }), (odd, halvings) => {
      const value = odd / 2 ** halvings
      const exact = [...String((BigInt(odd) * 10n ** 12n) / 2n ** BigInt(halvings))].slice(-6).every((digit) => digit === '0')
      const text = staged(scaled, value)
      if (exact) expect(Number(text)).toBe(value)
      else expect(text).toBe('MISFIT')
    }),
  )
})

test.each<[unknown, string]>([
  [Uint8Array.of(1, 171), '01ab'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [new Date(Number.NaN), 'Invalid Date'],
  [{ toString: 1 }, '[object Object]'],
  [Object.create(null), '[object Object]'],
  [null, '[object Null]'],
  [10n, '10'],
  [Symbol('s'), 'Symbol(s)'],
])('%o is shown as %s', (value, text) => {
  expect(shownCell(value)).toBe(text)
})
