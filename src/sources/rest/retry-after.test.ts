import { expect, test } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

const headers: readonly (readonly [string | undefined, number | undefined])[] = [
  ['0', 0],
  [' 120 ', 120_000],
  ['1.5', 1_500],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Thursday, 01-Jan-26 00:00:10 GMT', 10_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  [undefined, undefined],
  ['', undefined],
  ['-5', undefined],
  ['soon', undefined],
  ['2026-01-01', undefined],
]
test.each(headers)('%j asks for %j ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected)
})
