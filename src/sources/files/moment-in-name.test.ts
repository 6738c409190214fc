import { expect, test } from 'vitest'
import { momentInName } from './moment-in-name.ts'

const names: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ['store_2025-01-31.csv', '20250131', undefined],
  ['store_20250131.csv', '20250131', undefined],
  ['20250131', '20250131', undefined],
  ['store_2025-01-31T0930.csv', '20250131', '093000'],
  ['store_2025-01-31_09-30-15.csv', '20250131', '093015'],
  ['store_2025-01-31 09:30.csv', '20250131', '093000'],
  ['store_20250131-093015.csv', '20250131', '093015'],
  ['store_20250131093015.csv', '20250131', '093015'],
  ['store_202501310930.csv', '20250131', '093000'],
  ['store_20250131_0060.csv', '20250131', undefined],
  ['store_20250131_2.csv', '20250131', undefined],
  ['store_20250131_v2.csv', '20250131', undefined],
  ['store_2025-01-31_2025-02-28.csv', '20250131', undefined],
  ['store_2024-02-29.csv', '20240229', undefined],
  ['store_2025-02-29.csv', undefined, undefined],
  ['store_2025-13-01.csv', undefined, undefined],
  ['store_2025-0131.csv', undefined, undefined],
  ['store_12345678.csv', undefined, undefined],
  ['store_920250131.csv', undefined, undefined],
  ['store_202501319.csv', undefined, undefined],
  ['store_20259999_20250131.csv', '20250131', undefined],
  ['store.csv', undefined, undefined],
  ['2025-01-31/store.csv', '20250131', undefined],
  ['2025-01-31/store_2025-02-01.csv', '20250201', undefined],
  ['2024-12-31/2025-01-31/store.csv', '20250131', undefined],
]

test.each(names)('%s', (name, date, time) => {
  expect(momentInName(name)).toEqual(date === undefined ? undefined : { date, time })
})
