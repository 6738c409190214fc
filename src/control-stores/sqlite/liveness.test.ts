import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type Grant, type Holder, isLive, isNetworkType, processState, provablyDead, thisHolder, uptimeMs } from './liveness.ts'

const own: Holder = { host: 'here', pid: 10, boot_id: 'boot', pid_namespace: 'pid:[1]', start_time: '500' }
const holder: Holder = { ...own, pid: 20, start_time: '700' }

describe('a holder is provably dead', () => {
  test('when the machine has started again', () => {
    expect(provablyDead({ ...holder, boot_id: 'another' }, own, () => 'unknown')).toBe(true)
  })

  test('when its process is gone, or its number belongs to another process', () => {
    expect(provablyDead(holder, own, () => 'gone')).toBe(true)
    expect(provablyDead(holder, own, () => ({ startTime: '701' }))).toBe(true)
  })
})

describe('a holder is not provably dead', () => {
  test('while its process is there, or cannot be looked at', () => {
    expect(provablyDead(holder, own, () => ({ startTime: '700' }))).toBe(false)
    expect(provablyDead(holder, own, () => 'unknown')).toBe(false)
  })

  test('when it lives in another pid namespace, where its number means nothing here', () => {
    expect(provablyDead({ ...holder, pid_namespace: 'pid:[2]' }, own, () => 'gone')).toBe(false)
  })

  test('when the platform did not say enough about it', () => {
    for (const missing of [{ boot_id: '' }, { pid_namespace: '' }, { start_time: '' }]) {
      expect(provablyDead({ ...holder, ...missing }, own, () => 'gone')).toBe(false)
    }
    expect(provablyDead(holder, { ...own, boot_id: '' }, () => 'gone')).toBe(false)
  })
})

describe('a lease', () => {
  const grant: Grant = { ...thisHolder(), granted_uptime_ms: 100_000, ttl_ms: 2_000 }

  test('holds from its grant until its TTL has passed', () => {
    const at = (nowMs: number) => isLive(grant, thisHolder(), nowMs)
    expect([at(100_000), at(101_999), at(102_000), at(900_000)]).toEqual([true, true, false, false])
  })

  test('does not outlive a restart of the machine', () => {
    expect(isLive(grant, thisHolder(), 99_999)).toBe(false)
  })
})

test('the uptime goes on', async () => {
  const before = uptimeMs()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(uptimeMs()).toBeGreaterThan(before)
})

test.skipIf(process.platform !== 'linux')('a process is known by its start until it is gone', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const state = processState(pid)
  expect(state).toEqual({ startTime: expect.stringMatching(/^\d+$/) })
  expect(processState(pid)).toEqual(state)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(processState(pid)).toBe('gone')
  expect(processState(process.pid)).toEqual({ startTime: thisHolder().start_time })
})

test('network file systems are known by their type, signed or not', () => {
  for (const type of [0x6969, 0x517b, 0xff534d42, 0xff534d42 | 0, 0xfe534d42, 0xfe534d42 | 0])
    expect(isNetworkType(type)).toBe(true)
  for (const ext4OrTmpfs of [0xef53, 0x01021994]) expect(isNetworkType(ext4OrTmpfs)).toBe(false)
})
