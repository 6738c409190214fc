import { describe, expect, test } from 'vitest'
import { isDue, latestDue } from './due.ts'

const daysOf = (month: string) => Array.from({ length: 31 }, (_, day) => `${month}-${String(day + 1).padStart(2, '0')}`)
const dueIn = (frequency: string, month: string, days: number) =>
  daysOf(month)
    .slice(0, days)
    .filter((day) => isDue(frequency, day))
    .map((day) => Number(day.slice(8)))

describe('isDue', () => {
  test.each([
    ['always', 28],
    ['daily', 28],
  ])('%s is due on every day', (frequency, days) => {
    expect(dueIn(frequency, '2026-02', 28)).toHaveLength(days)
  })

  test.each([
    ['sun', [1, 8, 15, 22, 29]],
    ['mon', [2, 9, 16, 23, 30]],
    ['sat', [7, 14, 21, 28]],
  ])('weekly:%s', (day, expected) => {
    expect(dueIn(`weekly:${day}`, '2026-11', 30)).toEqual(expected)
  })

  test.each([
    ['monthly:1', '2026-11', 30, 1],
    ['monthly:30', '2026-11', 30, 30],
    ['monthly:31', '2026-11', 30, 30],
    ['monthly:31', '2026-12', 31, 31],
    ['monthly:29', '2026-02', 28, 28],
    ['monthly:29', '2024-02', 29, 29],
    ['monthly:31', '2024-02', 29, 29],
  ])('%s in %s: a month that is too short ends with it', (frequency, month, days, expected) => {
    expect(dueIn(frequency, month, days)).toEqual([expected])
  })

  test.each([
    ['0 0 * * *', 30],
    ['59 23 * * *', 30],
    ['30 0 * * 1-5', 21],
    ['0 12 1,15 * *', 2],
    ['30 0 12 * * *', 30],
    ['@weekly', 5],
    ['0 0 1 1 *', 0],
  ])('the cron %s is due on the days on which it fires', (cron, days) => {
    expect(dueIn(cron, '2026-11', 30)).toHaveLength(days)
  })

  test('midnight belongs to the day that it begins', () => {
    expect(dueIn('0 0 15 * *', '2026-11', 30)).toEqual([15])
    expect(dueIn('59 23 15 * *', '2026-11', 30)).toEqual([15])
  })

  test.each([
    '',
    'sometimes',
    'weekly',
    'weekly:xyz',
    'weekly:monday',
    'Weekly:mon',
    'monthly:0',
    'monthly:32',
    'monthly:',
    '61 * * * *',
    '* * *',
    '0 0 30 2 *',
    '2026-11-25T00:00:00',
    '12:00',
  ])('"%s" is no frequency', (frequency) => {
    expect(() => isDue(frequency, '2026-11-25')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test.each(['', '2026-02-29', '2026-13-01', '2026-1-1', '20260101', '2026-01-01T00:00:00Z', 'today'])(
    '%s is no batch',
    (batch) => {
      expect(() => isDue('daily', batch)).toThrow(expect.objectContaining({ code: 'USAGE' }))
    },
  )
})

describe('latestDue', () => {
  const latest = (frequency: string, batch: string) => latestDue((day) => isDue(frequency, day), batch)

  test.each([
    ['daily', '2026-11-25', '2026-11-25'],
    ['weekly:mon', '2026-11-25', '2026-11-23'],
    ['weekly:mon', '2026-11-23', '2026-11-23'],
    ['monthly:1', '2026-01-01', '2026-01-01'],
    ['monthly:15', '2026-01-14', '2025-12-15'],
    ['monthly:31', '2026-03-30', '2026-02-28'],
    ['0 6 1 1 *', '2026-11-25', '2026-01-01'],
    ['0 0 29 2 *', '2104-02-28', '2096-02-29'],
  ])('of %s for %s is %s', (frequency, batch, expected) => {
    expect(latest(frequency, batch)).toBe(expected)
  })

  test('is none where none is due within eight years', () => {
    expect(latestDue(() => false, '2026-11-25')).toBeUndefined()
  })
})
