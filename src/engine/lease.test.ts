import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ttlMs = 400

const program = `
const { keepLease } = await import(${JSON.stringify(new URL('./lease.ts', import.meta.url).href)})
const renewer = 'export const openRenewer = async () => ({ renew: async () => true, close: async () => {} })'
const renewal = { module: new URL('data:text/javascript,' + encodeURIComponent(renewer)), options: {} }
const key = { runId: 'run', script: 'load/sales', batch: '2026-11-22', token: 1 }
const lease = keepLease(renewal, key, ${ttlMs})
await lease.statement(() => new Promise((resolve) => setTimeout(resolve, ${ttlMs * 3})))
console.log(lease.signal.aborted ? 'lost' : 'kept')
await lease.stop()
`

test('a lease is kept in a process that was started with flags of its own', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  expect(stdout.trim()).toBe('kept')
})
