import { describe, expect, test } from 'vitest'
import { type CastTable, castAll, checkCasts, typeOf } from '../../test/cast-texts.ts'
import { simpleKinds } from '../model/column-type.ts'
import { duckdbDialect as dialect } from '../warehouses/duckdb/dialect.ts'
import { castSql, isCastable } from './casts.ts'

const nines = (count: number) => '9'.repeat(count)

describe('from one type to another', () => {
  test.each<CastTable & { readonly from: string }>([
    {
      from: 'int64',
      to: 'int32',
      passes: ['2147483647', '-2147483648'],
      refuses: { OUT_OF_RANGE: ['2147483648', '-2147483649', '9223372036854775807', '-9223372036854775808'] },
    },
    { from: 'int64', to: 'decimal(5,2)', passes: [['999', '999.00']], refuses: { OUT_OF_RANGE: ['1000', '-1000'] } },
    { from: 'int64', to: 'boolean', passes: [['1', 'true']], refuses: { CAST: ['2', '-1'] } },
    {
      from: 'int64',
      to: 'double',
      passes: ['0', '-999999999999999', '1230000000000000000'],
      refuses: { CAST: ['9007199254740993', '9223372036854775807', '-1000000000000001'] },
    },
    { from: 'int32', to: 'float', passes: ['999999'], refuses: { CAST: ['16777217', '-1000001'] } },
    { from: 'decimal(10,4)', to: 'decimal(10,2)', passes: [['1.2300', '1.23']], refuses: { CAST: ['1.2301', '-0.0001'] } },
    {
      from: 'decimal(12,2)',
      to: 'decimal(5,2)',
      passes: ['999.99', '-999.99'],
      refuses: { OUT_OF_RANGE: ['1000.00', '-1000.00'] },
    },
    {
      from: 'decimal(12,2)',
      to: 'int8',
      passes: [
        ['127.00', '127'],
        ['-128.00', '-128'],
        ['0.00', '0'],
      ],
      refuses: { CAST: ['12.70', '-0.01'], OUT_OF_RANGE: ['128.00', '-129.00'] },
    },
    { from: 'decimal(2,2)', to: 'int8', passes: [['0.00', '0']], refuses: { CAST: ['0.50', '-0.50'] } },
    { from: 'decimal(38,0)', to: 'int64', passes: ['9223372036854775807'], refuses: { OUT_OF_RANGE: [nines(38)] } },
    {
      from: 'decimal(38,20)',
      to: 'double',
      passes: [
        ['0.10000000000000000000', '0.1'],
        ['0.00000000000000000001', '1e-20'],
      ],
      refuses: { CAST: ['0.12345678901234567890'] },
    },
    {
      from: 'double',
      to: 'int32',
      passes: ['12', '-0'].map((text) => [text, String(Number(text))]),
      refuses: { CAST: ['12.5'] },
    },
    {
      from: 'double',
      to: 'decimal(10,2)',
      passes: [['0.1', '0.10']],
      refuses: { CAST: ['0.123', '1e21', 'NaN', 'Infinity'], OUT_OF_RANGE: ['1e20'] },
    },
  ])('$from as $to refuses what it would change', checkCasts)

  test.each([
    ['decimal(10,2)', 'decimal(12,4)', '99999999.99', '99999999.9900'],
    ['decimal(38,0)', 'decimal(38,0)', nines(38), nines(38)],
    ['int64', 'decimal(38,10)', '-9223372036854775808', '-9223372036854775808.0000000000'],
    ['int8', 'int64', '-128', '-128'],
    ['float', 'double', '0.5', '0.5'],
    ['int64', 'text', '-9223372036854775808', '-9223372036854775808'],
    ['decimal(38,10)', 'text', '-0.0000000001', '-0.0000000001'],
    ['decimal(2,2)', 'text', '-0.50', '-0.50'],
    ['double', 'text', '1e21', '1e+21'],
    ['boolean', 'text', 'true', 'true'],
    ['timestamp', 'text', '2024-02-29 12:00:00.500000', '2024-02-29 12:00:00.5'],
    ['json', 'text', '{"a" : 1}', '{"a" : 1}'],
    ['uuid', 'text', '550E8400-E29B-41D4-A716-446655440000', '550e8400-e29b-41d4-a716-446655440000'],
  ])('%s as %s has no guard and keeps %s', async (from, to, input, expected) => {
    const cast = { expression: 'x', from: typeOf(from), to: typeOf(to), length: undefined, required: false }
    expect(castSql(dialect, cast).fault).toBeUndefined()
    expect(await castAll({ from, to }, [input])).toEqual([{ value: expected, fault: null }])
  })

  test('a length counts the characters of a number', async () => {
    await checkCasts({ from: 'int64', to: 'text', length: 3, passes: ['-12'], refuses: { TOO_LONG: ['-123'] } })
  })
})

describe('isCastable', () => {
  test.each([
    ['timestamp', 'date'],
    ['timestamptz', 'timestamp'],
    ['timestamp', 'timestamptz'],
    ['date', 'timestamp'],
    ['boolean', 'int32'],
    ['binary', 'int32'],
    ['uuid', 'int64'],
    ['int64', 'date'],
    ['int64', 'json'],
    ['double', 'float'],
    ['text', 'binary'],
    ['json', 'uuid'],
  ])('%s never becomes %s', (from, to) => {
    expect(isCastable(typeOf(from), typeOf(to))).toBe(false)
  })

  test('every type becomes itself and text, and text every type but binary', () => {
    for (const type of [...simpleKinds.map((kind) => ({ kind })), typeOf('decimal(10,2)')]) {
      expect(isCastable(type, type)).toBe(true)
      expect(isCastable(type, { kind: 'text' })).toBe(true)
      expect(isCastable({ kind: 'text' }, type)).toBe(type.kind !== 'binary')
    }
  })

  test.each([
    ['int64', 'int8', '1'],
    ['decimal(10,2)', 'int16', '1'],
    ['double', 'decimal(10,2)', '1'],
    ['int64', 'boolean', '1'],
    ['json', 'int32', '1'],
    ['json', 'boolean', 'true'],
  ])('what %s is castable to, %s, some value reaches', async (from, to, input) => {
    expect(isCastable(typeOf(from), typeOf(to))).toBe(true)
    expect(await castAll({ from, to }, [input])).toMatchObject([{ fault: null }])
  })
})
