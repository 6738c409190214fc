import { expect, test } from 'vitest'
import { momentOf, momentText } from './moment.ts'

const texts: readonly (readonly [string, string])[] = [
  ['2026-01-31', '2026-01-31T00:00:00'],
  ['2026-01-31T23:59', '2026-01-31T23:59:00'],
  ['2026-01-31 23:59:58', '2026-01-31 23:59:58'],
  ['2026-01-31T23:59:58.5Z', '2026-01-31T23:59:58.500000Z'],
  ['2026-01-31T23:59:58.1234567Z', '2026-01-31T23:59:58.123456Z'],
  ['2026-03-01t00:30:00+01:00', '2026-02-28T23:30:00Z'],
  ['2026-01-01T00:00:00-0530', '2026-01-01T05:30:00Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
]
test.each(texts)('%s', (text, expected) => {
  const moment = momentOf(text)
  expect(moment && momentText(moment.micros, moment)).toBe(expected)
})

test.each([
  '',
  'now',
  '2026-02-29',
  '2026-13-01',
  '2026-00-10',
  '2026-01-01T24:00:00',
  '2026-01-01T10:60:00',
  '20260101',
  '1767261600',
])('%s is none', (text) => {
  expect(momentOf(text)).toBeUndefined()
})
