import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ColumnType, columnTypeText, parseColumnType, sameColumnType, simpleKinds } from './column-type.ts'

const decimals = fc
  .integer({ min: 1, max: 38 })
  .chain((precision) => fc.record({ precision: fc.constant(precision), scale: fc.integer({ min: 0, max: precision }) }))
  .map((digits): ColumnType => ({ kind: 'decimal', ...digits }))
const types = fc.oneof(
  decimals,
  fc.constantFrom(...simpleKinds).map((kind): ColumnType => ({ kind })),
)

test('every type is read back from its text', () => {
  fc.assert(
    fc.property(types, (type) => {
      expect(parseColumnType(columnTypeText(type))).toEqual(type)
    }),
  )
})

test('two types are the same when their texts are', () => {
  fc.assert(
    fc.property(types, types, (left, right) => {
      expect(sameColumnType(left, right)).toBe(JSON.stringify(left) === JSON.stringify(right))
      expect(sameColumnType(left, { ...left })).toBe(true)
    }),
  )
})

test.each([
  ...[
    '',
    'int',
    'INT64',
    ' int64',
    'int64 ',
    'decimal',
    'decimal()',
    'decimal(10)',
    'decimal(10, 2)',
    'decimal(10,-2)',
    'decimal(10,2) ',
  ],
  ...['decimal(0,0)', 'decimal(010,2)', 'decimal(10,02)', 'decimal(39,2)', 'decimal(2,3)', 'toString', '__proto__'],
])('"%s" is no type', (text) => {
  expect(parseColumnType(text)).toBeUndefined()
})
