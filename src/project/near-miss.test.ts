import { expect, test } from 'vitest'
import { nearMiss } from './near-miss.ts'

test('the nearest name is found, in whatever case, and nothing far', () => {
  const known = ['timeZone', 'name', 'lake']
  expect(nearMiss('timezone', known)).toBe('timeZone')
  expect(nearMiss('nmae', known)).toBe('name')
  expect(nearMiss('nam', known)).toBe('name')
  expect(nearMiss('nx', known)).toBeUndefined()
  expect(nearMiss('warehouse', known)).toBeUndefined()
})
