import { parentPort, workerData } from 'node:worker_threads'
import type { Renewer } from '../contracts/control-store.ts'
import type { RunKey } from '../model/run.ts'

/** What the lease's worker thread is started with. */
export interface LeaseWorkerData {
  readonly module: string
  readonly options: Readonly<Record<string, string | number>>
  readonly key: RunKey
  readonly ttlMs: number
  /** Two 32-bit cells: how far the run moved, and how many statements are pending. */
  readonly progress: SharedArrayBuffer
}

/** What the worker tells the run, once. */
export type LeaseVerdict = 'lost' | 'fenced'

if (parentPort !== null) await keep(workerData as LeaseWorkerData, parentPort)

async function keep(data: LeaseWorkerData, port: NonNullable<typeof parentPort>): Promise<void> {
  const cells = new Int32Array(data.progress)
  let renewedAt = performance.now()
  let renewedProgress = -1
  let renewing = false
  let renewer: Renewer | undefined
  const end = (verdict: LeaseVerdict) => {
    clearInterval(timer)
    port.postMessage(verdict)
  }
  const renew = async (progress: number) => {
    renewing = true
    // The lease is dated from before the request: it may be granted long before the answer is here.
    const asked = performance.now()
    try {
      renewer ??= await open(data)
      if (!(await renewer.renew(data.key, data.ttlMs, progress))) return end('fenced')
      renewedAt = asked
      renewedProgress = progress
    } catch {
      await renewer?.close().catch(() => undefined)
      renewer = undefined
    } finally {
      renewing = false
    }
  }
  const tick = () => {
    const age = performance.now() - renewedAt
    if (age >= (data.ttlMs * 2) / 3) return end('lost')
    const progress = Atomics.load(cells, 0)
    const moved = progress !== renewedProgress || Atomics.load(cells, 1) > 0
    if (!renewing && moved && age >= data.ttlMs / 3) void renew(progress)
  }
  const timer = setInterval(tick, Math.max(10, data.ttlMs / 12))
  port.once('message', () => {
    clearInterval(timer)
    void Promise.resolve(renewer?.close()).finally(() => port.close())
  })
}

async function open(data: LeaseWorkerData): Promise<Renewer> {
  const module = (await import(data.module)) as { openRenewer(options: LeaseWorkerData['options']): Promise<Renewer> }
  return module.openRenewer(data.options)
}
