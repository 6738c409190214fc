import { expect, test } from 'vitest'
import { dayNumber } from '../../columnar/lexical-times.ts'
import { dayOf } from './days.ts'

test('a day of every year is the one that the calendar has', () => {
  for (let year = 0; year < 10_000; year++) {
    for (const day of ['01-01', '02-28', '02-29', '02-30', '12-31', '00-15', '06-31', '13-01', '11-00']) {
      const text = `${String(year).padStart(4, '0')}-${day}`
      expect(dayOf(Buffer.from(text), 0), text).toBe(dayNumber(text))
    }
  }
})
