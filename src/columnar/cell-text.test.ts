import { expect, test } from 'vitest'
import { batchOf, type Cell, columnOf } from '../../test/parquet-cells.ts'
import { cellTexts } from './cell-text.ts'

function texts(type: string, cells: readonly Cell[]): (string | null)[] {
  const batch = batchOf(
    [columnOf('c', type)],
    cells.map((cell) => [cell]),
  )
  return batch.columns.flatMap((vector) => cellTexts(vector, batch.rows))
}

const cases: readonly (readonly [string, readonly (readonly [Cell, string])[]])[] = [
  ['boolean', [...'101101110'].map((bit) => [bit === '1', bit === '1' ? 'true' : 'false'])],
  [
    'int8',
    [
      [-128, '-128'],
      [127, '127'],
    ],
  ],
  [
    'int64',
    [
      [-(2n ** 63n), '-9223372036854775808'],
      [2n ** 63n - 1n, '9223372036854775807'],
      [0n, '0'],
    ],
  ],
  [
    'decimal(12,2)',
    [
      [-5n, '-0.05'],
      [0n, '0.00'],
      [1250n, '12.50'],
      [-999_999_999_999n, '-9999999999.99'],
    ],
  ],
  [
    'decimal(4,0)',
    [
      [0n, '0'],
      [-12n, '-12'],
    ],
  ],
  [
    'decimal(38,38)',
    [
      [10n ** 38n - 1n, `0.${'9'.repeat(38)}`],
      [-1n, `-0.${'0'.repeat(37)}1`],
    ],
  ],
  ['decimal(38,0)', [[1n - 10n ** 38n, `-${'9'.repeat(38)}`]]],
  [
    'float',
    [
      [0.1, '0.1'],
      [16777216, '16777216'],
      [3.4028234663852886e38, '3.4028235e+38'],
      [1e-45, '1e-45'],
      [-0, '-0'],
      [Number.NaN, 'NaN'],
      [Number.NEGATIVE_INFINITY, '-Infinity'],
    ],
  ],
  [
    'double',
    [
      [0.1, '0.1'],
      [1e21, '1e+21'],
      [5e-324, '5e-324'],
      [-0, '-0'],
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
    ],
  ],
  [
    'text',
    [
      ['', ''],
      ['é😀\0\n', 'é😀\0\n'],
    ],
  ],
  ['binary', [[Uint8Array.of(0, 255, 10), '00ff0a']]],
  [
    'date',
    [
      [0, '1970-01-01'],
      [-1, '1969-12-31'],
      [19_782, '2024-02-29'],
      [-25_509, '1900-02-28'],
      [-25_508, '1900-03-01'],
      [-719_162, '0001-01-01'],
      [-719_163, '0000-12-31'],
      [-719_529, '-0001-12-31'],
      [2_932_896, '9999-12-31'],
      [2_932_897, '10000-01-01'],
    ],
  ],
  [
    'time',
    [
      [0n, '00:00:00'],
      [86_399_999_999n, '23:59:59.999999'],
      [500_000n, '00:00:00.5'],
      [3_600_000_010n, '01:00:00.00001'],
    ],
  ],
  [
    'timestamp',
    [
      [0n, '1970-01-01 00:00:00'],
      [-1n, '1969-12-31 23:59:59.999999'],
      [1_735_787_045_123_456n, '2025-01-02 03:04:05.123456'],
      [-86_400_000_000n, '1969-12-31 00:00:00'],
    ],
  ],
  ['timestamptz', [[1_735_787_045_000_000n, '2025-01-02 03:04:05']]],
]

test.each(cases)('%s', (type, pairs) => {
  const withNulls = pairs.flatMap((pair) => [[null, null] as const, pair])
  for (const list of [pairs, withNulls]) {
    const cells = list.map(([cell]) => cell)
    expect(texts(type, cells)).toEqual(list.map(([, text]) => text))
  }
})

test('every day from year 0 to 9999 is the one that Date says', () => {
  const first = -719_528
  const days = Array.from({ length: 3_652_425 / 5 }, (_, index) => first + index * 5)
  const expected = days.map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))
  expect(texts('date', days)).toEqual(expected)
})
