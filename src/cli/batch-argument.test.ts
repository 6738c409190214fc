import { expect, test } from 'vitest'
import { batchOption, isBatchDate } from './batch-argument.ts'

test.each(['2026-11-22', '2024-02-29', '2000-02-29', '1970-01-01', '9999-12-31', '0001-01-01'])('%s is a day', (text) => {
  expect(isBatchDate(text)).toBe(true)
})

test.each([
  ...['', '2026-02-29', '1900-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-01', '2026-01-00', '2026-01-32'],
  ...['2026-1-1', '26-01-01', '20260101', '2026/01/01', '2026-11-22T00:00:00Z', '2026-11-22 ', ' 2026-11-22', '2026-11-22\n'],
  ...['today', '+02026-11-22', '٢٠٢٦-11-22'],
])('"%s" is none', (text) => {
  expect(isBatchDate(text)).toBe(false)
})

test('--batch is a day or not there', () => {
  expect(batchOption({})).toBeUndefined()
  expect(batchOption({ batch: '2026-11-22' })).toBe('2026-11-22')
  expect(() => batchOption({ batch: '2026-11-31' })).toThrow(expect.objectContaining({ code: 'USAGE' }))
})
