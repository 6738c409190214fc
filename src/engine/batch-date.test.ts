import { describe, expect, test } from 'vitest'
import type { Batch } from '../contracts/control-store.ts'
import { defaultBatch } from './batch-date.ts'

const batches: readonly Batch[] = [
  { date: '2026-11-24', status: 'OPEN' },
  { date: '2026-11-20', status: 'CLOSED' },
  { date: '2026-11-22', status: 'OPEN' },
]

function batchAt(now: string, change: Partial<Parameters<typeof defaultBatch>[0]> = {}, known: readonly Batch[] = []) {
  return defaultBatch({ timeZone: 'UTC', batchDate: 'run-day', batches: 'implicit', ...change }, known, new Date(now))
}

describe('where batches open by themselves', () => {
  test.each([
    ['2026-11-25T23:59:59.999Z', 'UTC', '2026-11-25'],
    ['2026-11-26T00:00:00Z', 'UTC', '2026-11-26'],
    ['2026-11-26T04:59:59Z', 'America/New_York', '2026-11-25'],
    ['2026-11-26T05:00:00Z', 'America/New_York', '2026-11-26'],
    ['2026-11-25T10:00:00Z', 'Pacific/Kiritimati', '2026-11-26'],
    ['2026-01-01T00:30:00Z', 'America/New_York', '2025-12-31'],
  ])('%s is a day of %s', (now, timeZone, expected) => {
    expect(batchAt(now, { timeZone })).toBe(expected)
  })

  test.each([
    ['2026-11-25T12:00:00Z', '2026-11-24'],
    ['2026-01-01T12:00:00Z', '2025-12-31'],
    ['2024-03-01T12:00:00Z', '2024-02-29'],
  ])('the day before %s', (now, expected) => {
    expect(batchAt(now, { batchDate: 'previous-day' })).toBe(expected)
  })

  test.each([
    // The clock goes back at 06:00 UTC: the day has 25 hours.
    ['2026-11-02T04:30:00Z', '2026-10-31'],
    ['2026-11-02T05:00:00Z', '2026-11-01'],
    // It goes forward at 07:00 UTC: the day has 23.
    ['2026-03-09T03:59:59Z', '2026-03-07'],
    ['2026-03-09T04:00:00Z', '2026-03-08'],
  ])('the day before %s where the clock was changed', (now, expected) => {
    expect(batchAt(now, { batchDate: 'previous-day', timeZone: 'America/New_York' })).toBe(expected)
  })

  test('an older batch that a run opened does not hold the next days up', () => {
    expect(batchAt('2026-11-25T12:00:00Z', {}, batches)).toBe('2026-11-25')
  })
})

describe('where batches are opened explicitly', () => {
  test('the oldest open one', () => {
    expect(batchAt('2026-11-25T12:00:00Z', { batches: 'explicit' }, batches)).toBe('2026-11-22')
  })

  test('without an open one the day', () => {
    const closed = batches.map(({ date }): Batch => ({ date, status: 'CLOSED' }))
    expect(batchAt('2026-11-25T12:00:00Z', { batches: 'explicit' }, closed)).toBe('2026-11-25')
    expect(batchAt('2026-11-25T12:00:00Z', { batches: 'explicit', batchDate: 'previous-day' })).toBe('2026-11-24')
  })
})
