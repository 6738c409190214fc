import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type Holder, isGone, processState, thisHolder } from './holder.ts'

const own: Holder = { host: 'here', pid: 10, boot_id: 'boot', pid_namespace: 'pid:[1]', start_time: '500' }
const holder: Holder = { ...own, pid: 20, start_time: '700' }

describe('a holder is gone', () => {
  test('when its process is gone, or its number belongs to another process', () => {
    expect(isGone(holder, own, () => 'gone')).toBe(true)
    expect(isGone(holder, own, () => ({ startTime: '701' }))).toBe(true)
  })
})

describe('a holder is not provably gone', () => {
  test('while its process is there, or cannot be looked at', () => {
    expect(isGone(holder, own, () => ({ startTime: '700' }))).toBe(false)
    expect(isGone(holder, own, () => 'unknown')).toBe(false)
  })

  test('when it is of another host, or of another boot', () => {
    expect(isGone({ ...holder, host: 'there' }, own, () => 'gone')).toBe(false)
    expect(isGone({ ...holder, boot_id: 'another' }, own, () => 'gone')).toBe(false)
  })

  test('when it lives in another pid namespace, where its number means nothing here', () => {
    expect(isGone({ ...holder, pid_namespace: 'pid:[2]' }, own, () => 'gone')).toBe(false)
  })

  test('when the platform did not say enough about it', () => {
    for (const missing of [{ boot_id: '' }, { pid_namespace: '' }, { start_time: '' }]) {
      expect(isGone({ ...holder, ...missing }, own, () => 'gone')).toBe(false)
    }
    expect(isGone(holder, { ...own, boot_id: '' }, () => 'gone')).toBe(false)
  })
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
