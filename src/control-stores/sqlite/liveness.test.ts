import { describe, expect, test } from 'vitest'
import { type Grant, thisHolder } from '../sql/holder.ts'
import { isLive, uptimeMs } from './liveness.ts'

describe('a lease', () => {
  const grant: Grant = { ...thisHolder(), granted_ms: 100_000, ttl_ms: 2_000 }

  test('holds from its grant until its TTL has passed', () => {
    const at = (nowMs: number) => isLive(grant, thisHolder(), nowMs)
    expect([at(100_000), at(101_999), at(102_000), at(900_000)]).toEqual([true, true, false, false])
  })

  test('does not outlive a restart of the machine', () => {
    expect(isLive(grant, thisHolder(), 99_999)).toBe(false)
    expect(isLive({ ...grant, boot_id: 'another' }, { ...thisHolder(), boot_id: 'this' }, 100_000)).toBe(false)
  })

  test('does not outlive its process', () => {
    expect(isLive({ ...grant, start_time: '1' }, thisHolder(), 100_000)).toBe(process.platform !== 'linux')
  })
})

test('the uptime goes on', async () => {
  const before = uptimeMs()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(uptimeMs()).toBeGreaterThan(before)
})
