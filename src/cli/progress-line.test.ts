import { describe, expect, test } from 'vitest'
import type { Progress } from '../engine/context.ts'
import { lineOf } from './progress-line.ts'

const line = (rows: number, expectedRows: number | undefined, ms: number, more: Partial<Progress> = {}) =>
  lineOf({ progress: { script: 'extract/sales', phase: 'reading', rows, expectedRows, ...more }, since: 1_000 }, 1_000 + ms)

describe('lineOf', () => {
  test('says phase, rows, rate and how long it will take', () => {
    expect(line(1_500_000, 6_000_000, 3_000)).toBe('extract/sales reading 1,500,000 of 6,000,000 rows, 500,000/s, 9 s left')
  })

  test('knows no end where the source has not counted', () => {
    expect(line(1_500, undefined, 3_000)).toBe('extract/sales reading 1,500 rows, 500/s')
  })

  test.each([
    ['nothing has moved yet', 0, 100, 2_000, '0 of 100 rows, 0/s'],
    ['no time has passed yet', 50, 100, 0, '50 of 100 rows, 0/s'],
    ['the last row is read', 100, 100, 1_000, '100 of 100 rows, 100/s, 0 s left'],
    ['there is more than was counted', 150, 100, 1_000, '150 of 100 rows, 150/s, 0 s left'],
    ['a started second counts whole', 1, 100, 1_500, '1 of 100 rows, 1/s, 149 s left'],
    ['there is nothing to read', 0, 0, 1_000, '0 rows, 0/s'],
  ])('%s', (_, rows, expected, ms, says) => {
    expect(line(rows, expected, ms)).toBe(`extract/sales reading ${says}`)
  })

  test('never shows a number that is none', () => {
    for (const [rows, expected, ms] of [
      [0, 0, 0],
      [0, undefined, 0],
      [5, 0, 0],
      [5, 0, 10],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1],
    ] as const) {
      expect(line(rows, expected, ms)).not.toMatch(/NaN|Infinity|-/)
    }
  })
})
