import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cellTexts } from './cell-text.ts'
import { ColumnBuilder } from './column-builder.ts'
import { dayNumber, parseInstant, parseTime, parseTimestamp } from './lexical-times.ts'

function texts(kind: 'date' | 'time' | 'timestamp', value: number | bigint): string | null | undefined {
  const builder = new ColumnBuilder({ kind })
  if (typeof value === 'number') builder.addInt(value)
  else builder.addBigint(value)
  return cellTexts(builder.take(), 1)[0]
}

test('every day, time and moment is read back from its text', () => {
  const days = fc.integer({ min: dayNumber('0001-01-01') ?? 0, max: dayNumber('9999-12-31') ?? 0 })
  const micros = fc.bigInt({ min: 0n, max: 86_399_999_999n })
  fc.assert(
    fc.property(days, micros, (day, time) => {
      expect(dayNumber(String(texts('date', day)))).toBe(day)
      expect(parseTime(String(texts('time', time)))).toBe(time)
      const moment = BigInt(day) * 86_400_000_000n + time
      expect(parseTimestamp(String(texts('timestamp', moment)))).toBe(moment)
      expect(parseInstant(`${texts('timestamp', moment)}Z`)).toBe(moment)
    }),
  )
})

test.each([
  ['2025-01-02 03:04:05Z', '2025-01-02 03:04:05'],
  ['2025-01-02T03:04:05+02:00', '2025-01-02 01:04:05'],
  ['2025-01-02 03:04:05 -05', '2025-01-02 08:04:05'],
  ['2025-01-01 00:30:00.1230000+01:30', '2024-12-31 23:00:00.123'],
])('the instant %s is %s in UTC', (text, utc) => {
  expect(texts('timestamp', parseInstant(text) ?? 0n)).toBe(utc)
})

test.each(['', '2025-02-29', '2025-13-01', '25-01-01', '0000-01-01', '2025-1-1', '2025-01-01 ', '20250101', '2100-02-29'])(
  'no day: %s',
  (text) => expect(dayNumber(text)).toBeUndefined(),
)

test.each(['24:00:00', '12:60:00', '12:00:60', '1:00:00', '12:00', '12:00:00.1234567', '12:00:00.', ' 12:00:00'])(
  'no time: %s',
  (text) => expect(parseTime(text)).toBeUndefined(),
)

test.each(['2025-01-02', '2025-01-02x03:04:05', '2025-01-02 03:04:05Z', '2025-02-30 03:04:05'])('no timestamp: %s', (text) =>
  expect(parseTimestamp(text)).toBeUndefined(),
)

test.each(['2025-01-02 03:04:05', '2025-01-02 03:04:05+15:00', '2025-01-02 03:04:05+2', '2025-01-02 03:04:05z'])(
  'no instant: %s',
  (text) => expect(parseInstant(text)).toBeUndefined(),
)
