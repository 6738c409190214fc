import { describe, expect, test } from 'vitest'
import { type CastTable, castAll, checkCasts, connection, typeOf } from '../../test/cast-texts.ts'
import { simpleKinds } from '../model/column-type.ts'
import { duckdbDialect as dialect } from '../warehouses/duckdb/dialect.ts'
import { castSql } from './casts.ts'

const zeros = '0'.repeat(60)
const nines = (count: number) => '9'.repeat(count)
const noNumber = ['', ' ', ' 12', '12 ', '12\n', '\n12', '12\u0000', '1_000', '0x10', '1 2', '--1', '+-1', '-', '+', '1,5', 'NaN']
const otherDigits = ['１２', '٣', '12²', '1٢']

const integers: readonly (readonly [to: string, lowest: bigint, highest: bigint])[] = [8n, 16n, 32n, 64n].map((bits) => [
  `int${bits}`,
  -(2n ** (bits - 1n)),
  2n ** (bits - 1n) - 1n,
])

test.each(integers)('text as %s', async (to, lowest, highest) => {
  await checkCasts({
    to,
    passes: [
      '0',
      ['-0', '0'],
      ['+5', '5'],
      ['007', '7'],
      [`${zeros}12`, '12'],
      [`-${zeros}12`, '-12'],
      String(lowest),
      String(highest),
      [`+${highest}`, String(highest)],
    ],
    refuses: {
      CAST: [...noNumber, ...otherDigits, '12.7', '12.0', '12.', '.5', '1e2', 'true', 'Infinity', 'null'],
      OUT_OF_RANGE: [String(lowest - 1n), String(highest + 1n), nines(20), nines(38), nines(39), `-${nines(39)}`, nines(400)],
    },
  })
})

describe('text as decimal', () => {
  test.each<CastTable>([
    {
      to: 'decimal(10,2)',
      passes: [
        ['0', '0.00'],
        ['-0', '0.00'],
        ['+5', '5.00'],
        ['007', '7.00'],
        ['12.', '12.00'],
        ['.5', '0.50'],
        ['-.05', '-0.05'],
        '1.23',
        ['1.230', '1.23'],
        [`${zeros}1.50${zeros}`, '1.50'],
        '99999999.99',
        '-99999999.99',
      ],
      refuses: {
        CAST: [...noNumber, ...otherDigits, '.', '1.239', '1.231', '-0.001', '99999999.999', '1e5', '1.2.3', 'Infinity'],
        OUT_OF_RANGE: ['100000000', '100000000.00', '-100000000', nines(39)],
      },
    },
    {
      to: 'decimal(3,0)',
      passes: ['999', '-999', ['12.', '12'], ['12.0', '12'], ['.0', '0'], ['-.00', '0']],
      refuses: { CAST: ['.5', '12.5', '-0.1', '999.9'], OUT_OF_RANGE: ['1000', '-1000', '1000.0'] },
    },
    {
      to: 'decimal(2,2)',
      passes: [['.5', '0.50'], ['0', '0.00'], '0.99', '-0.99', ['000.99', '0.99']],
      refuses: { CAST: ['0.999', '.001'], OUT_OF_RANGE: ['1', '1.00', '-1'] },
    },
    {
      to: 'decimal(18,9)',
      passes: ['999999999.999999999', '-999999999.999999999'],
      refuses: { CAST: ['0.9999999999'], OUT_OF_RANGE: ['1000000000'] },
    },
    {
      to: 'decimal(38,0)',
      passes: [nines(38), `-${nines(38)}`, [`0${nines(38)}`, nines(38)], [`${nines(38)}.0`, nines(38)]],
      refuses: { OUT_OF_RANGE: [nines(39), `-${nines(39)}`, `1${'0'.repeat(38)}`] },
    },
    {
      to: 'decimal(38,38)',
      passes: [`0.${nines(38)}`, [`-.${nines(38)}0`, `-0.${nines(38)}`]],
      refuses: { CAST: [`0.${nines(39)}`], OUT_OF_RANGE: ['1', '-1.0'] },
    },
    { to: 'decimal(38,10)', passes: [`${nines(28)}.${nines(10)}`], refuses: { OUT_OF_RANGE: [`1${'0'.repeat(28)}`] } },
  ])('$to', checkCasts)
})

describe('text as a float', () => {
  test.each<CastTable>([
    {
      to: 'double',
      passes: [
        '0',
        '-0',
        '0.1',
        ['.5', '0.5'],
        ['5.', '5'],
        ['+1e05', '100000'],
        '0.30000000000000004',
        '123456789012345680',
        '100000000000000000000',
        '1.5e+307',
        '1e-307',
        '-2.5e-30',
        [`${zeros}1`, '1'],
        ['0e999', '0'],
        [`0.${zeros}`, '0'],
        ['1E300', '1e+300'],
      ],
      refuses: {
        CAST: [...noNumber, ...otherDigits, '.', 'e5', '1e', '1e5.5', '0x1p3', 'inf', 'Infinity', '-Infinity', 'nan', '1d', '1f'],
        OUT_OF_RANGE: ['1e400', '-1e400', '1e309', '1e-400', `0.${zeros}1`, nines(310), '1e99999999999'],
      },
    },
    {
      to: 'float',
      passes: ['0', '0.1', '16777216', ['3.4028235e37', '3.4028235e+37'], '1e-37', ['1e+20', '100000000000000000000']],
      refuses: { CAST: ['NaN', ' 1', '1_0'], OUT_OF_RANGE: ['1e39', '1e-46', `0.${zeros}1`, nines(40)] },
    },
  ])('$to', checkCasts)
})

const days = {
  passes: ['2024-02-29', '2000-02-29', '2400-02-29', '0004-02-29', '1969-12-31', '0001-01-01', '9999-12-31', '2024-04-30'],
  CAST: '2026-02-29|1900-02-29|2100-02-29|2024-02-30|2024-04-31|2024-12-32|2024-13-01|2024-00-10|2024-01-00|2024-1-1|24-01-01|10000-01-01|-0001-01-01|2024/01/01|20240101|01-02-2024|٢٠٢٤-01-01'.split(
    '|',
  ),
  OUT_OF_RANGE: ['0000-01-01', '0000-02-29'],
}
const clocks = {
  passes: [
    '00:00:00',
    '23:59:59',
    ['12:00:00.1', '12:00:00.1'],
    '12:00:00.123456',
    ['12:00:00.1234560', '12:00:00.123456'],
    ['12:00:00.100000000', '12:00:00.1'],
    ['12:00:00.000000', '12:00:00'],
  ] as readonly (string | readonly [string, string])[],
  CAST: ['24:00:00', '23:60:00', '23:59:60', '12:00', '1:00:00', '12:00:00.', '12:00:00.1234567', '12:00:00,5', '12:00:00 PM'],
}
const pair = (entry: string | readonly [string, string]) => (typeof entry === 'string' ? ([entry, entry] as const) : entry)
const allDays = [...days.passes, ...days.CAST, ...days.OUT_OF_RANGE]

describe('text as a date or time', () => {
  test.each<CastTable>([
    {
      to: 'date',
      passes: days.passes,
      refuses: {
        CAST: [
          ...days.CAST,
          '',
          ' 2024-01-01',
          '2024-01-01 ',
          '2024-01-01\n',
          '2024-01-01 00:00:00',
          '2024-01-01 (BC)',
          'today',
          'epoch',
        ],
        OUT_OF_RANGE: days.OUT_OF_RANGE,
      },
    },
    {
      to: 'time',
      passes: clocks.passes,
      refuses: { CAST: [...clocks.CAST, '', ' 12:00:00', '12:00:00\n', '12:00:00Z', '12:00:00+00', '１2:00:00'] },
    },
    {
      to: 'timestamp',
      passes: [
        ...days.passes.map((day) => [`${day}T23:59:59.5`, `${day} 23:59:59.5`] as const),
        ...clocks.passes.map((clock) => [`2024-02-29 ${pair(clock)[0]}`, `2024-02-29 ${pair(clock)[1]}`] as const),
      ],
      refuses: {
        CAST: [
          ...allDays,
          ...days.CAST.map((day) => `${day} 00:00:00`),
          ...clocks.CAST.map((clock) => `2024-02-29 ${clock}`),
          ...['Z', 'z', '+00', '+02:00', ' UTC', ' Europe/Berlin', '\n', ' '].map((end) => `2024-02-29 12:00:00${end}`),
          '2024-02-29  12:00:00',
          '2024-02-29t12:00:00',
          'infinity',
          '',
        ],
        OUT_OF_RANGE: days.OUT_OF_RANGE.map((day) => `${day} 00:00:00`),
      },
    },
    {
      to: 'timestamptz',
      passes: [
        ['2024-02-29 23:59:59Z', '2024-02-29 23:59:59'],
        ['2024-02-29T23:59:59.1234560+00:00', '2024-02-29 23:59:59.123456'],
        ['2024-02-29 23:59:59+02', '2024-02-29 21:59:59'],
        ['2024-02-29 23:59:59-05:30', '2024-03-01 05:29:59'],
        ['2024-03-01 00:00:00+14:00', '2024-02-29 10:00:00'],
        ['2023-12-31 23:59:59.999999-00:01', '2024-01-01 00:00:59.999999'],
        ['1969-12-31 23:59:59.999999Z', '1969-12-31 23:59:59.999999'],
        ['9999-12-31 23:59:59Z', '9999-12-31 23:59:59'],
      ],
      refuses: {
        CAST: [
          ...allDays,
          ...days.CAST.map((day) => `${day} 00:00:00Z`),
          ...clocks.CAST.map((clock) => `2024-02-29 ${clock}Z`),
          ...['', ' Z', 'z', ' +02:00', '+15', '+02:60', '+2', '+0200', '+02:00:00', ' UTC', ' Europe/Berlin', 'Z\n'].map(
            (zone) => `2024-02-29 23:59:59${zone}`,
          ),
        ],
        OUT_OF_RANGE: days.OUT_OF_RANGE.map((day) => `${day} 00:00:00Z`),
      },
    },
  ])('$to', checkCasts)
})

describe('other texts', () => {
  test.each<CastTable>([
    {
      to: 'boolean',
      passes: [...['true', 'TRUE', 'True', '1'].map((text) => [text, 'true'] as const), ['FALSE', 'false'], ['0', 'false']],
      refuses: { CAST: ['', 'tRUE', 't', 'f', 'yes', 'no', 'on', 'Y', '2', '-1', '01', ' true', 'true\n', 'null'] },
    },
    {
      to: 'uuid',
      passes: [
        '550e8400-e29b-41d4-a716-446655440000',
        ['550E8400-E29B-41D4-A716-446655440000', '550e8400-e29b-41d4-a716-446655440000'],
        '00000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff',
      ],
      refuses: {
        CAST: '|{550e8400-e29b-41d4-a716-446655440000}|550e8400e29b41d4a716446655440000|550e8400-e29b-41d4-a716-44665544000|g50e8400-e29b-41d4-a716-446655440000|550e8400-e29b-41d4-a716-446655440000 '.split(
          '|',
        ),
      },
    },
    {
      to: 'json',
      passes: [
        '{}',
        '[]',
        'null',
        '0',
        '-1.50',
        '1e400',
        nines(60),
        ' [1, "a,]", {"b":\n[true]} ] ',
        '"NaN \\" \\u00e9 👍"',
        '{"a":1,"a":2}',
      ],
      refuses: {
        CAST: [
          ...['', ' ', '{', '[1', '[1,]', '{"a":1,}', '[,1]', '[1 2]', '1 2', "'a'", '{a:1}', '01', '+1', '.5', '1.', '0x1'],
          ...[
            'NaN',
            'Infinity',
            '[NaN]',
            'nan',
            'inf',
            '-Infinity',
            'True',
            '// c\n1',
            '/* c */1',
            '\ufeff1',
            '"\t"',
            '"\u0000"',
          ],
        ],
      },
    },
    {
      to: 'text',
      length: 3,
      passes: ['', 'abc', '👍👍👍', 'éñ字', '\n\n\n', 'e\u0301x'],
      refuses: { TOO_LONG: ['abcd', '👍👍👍👍', '    ', 'e\u0301xy'] },
    },
    { to: 'text', passes: ['', ' ', 'x'.repeat(10_000), "it's", '12\u0000'], refuses: {} },
  ])('$to', checkCasts)
})

test('NULL is a fault where a value is required, and only there', async () => {
  for (const to of [...simpleKinds.filter((kind) => kind !== 'binary'), 'decimal(10,2)']) {
    expect(await castAll({ to, required: false }, [null]), to).toEqual([{ value: null, fault: null }])
    expect(await castAll({ to, required: true }, [null]), to).toEqual([{ value: null, fault: 'NULL_VALUE' }])
  }
})

test('an empty text is no NULL', async () => {
  expect(await castAll({ to: 'text', required: true }, ['', null])).toEqual([
    { value: '', fault: null },
    { value: null, fault: 'NULL_VALUE' },
  ])
})

test('a guard is asked before its cast, also where a filter comes along', async () => {
  const to = typeOf('int32')
  const { value, fault } = castSql(dialect, {
    expression: 'x',
    from: typeOf('text'),
    to,
    length: undefined,
    required: true,
  })
  const rows = `SELECT CASE WHEN i % 3 = 0 THEN 'no number' WHEN i % 7 = 0 THEN '99999999999999999999' ELSE i::VARCHAR END AS x FROM range(10000) AS r(i)`
  const result = await connection.run(
    `SELECT count(v), sum(v) FROM (SELECT ${value} AS v FROM (${rows}) AS q WHERE (${fault}) IS NULL)`,
  )
  const kept = Array.from({ length: 10_000 }, (_, index) => index).filter((index) => index % 3 !== 0 && index % 7 !== 0)
  expect((await result.getRowsJS()).map((row) => row.map(String))).toEqual([
    [String(kept.length), String(kept.reduce((a, b) => a + b, 0))],
  ])
})
