import { Worker } from 'node:worker_threads'
import type { Renewal } from '../contracts/control-store.ts'
import { SluiceError } from '../errors.ts'
import type { RunKey } from '../model/run.ts'
import type { LeaseVerdict, LeaseWorkerData } from './lease-worker.ts'

/** A lease that a thread of its own renews while the run moves on. */
export interface HeldLease {
  /** Aborted with LEASE_LOST or FENCED when the run must stop. */
  readonly signal: AbortSignal
  moved(): void
  /** Counts as moving until `work` has settled. */
  statement<T>(work: () => Promise<T>): Promise<T>
  /** Ends the renewing; the lease itself is freed by the end of the run. */
  stop(): Promise<void>
}

/** Begins to renew every third of the TTL, and gives the run up when two thirds have passed without. */
export function keepLease(renewal: Renewal, key: RunKey, ttlMs: number): HeldLease {
  const progress = new SharedArrayBuffer(8)
  const cells = new Int32Array(progress)
  const controller = new AbortController()
  const data: LeaseWorkerData = { module: renewal.module.href, options: renewal.options, key, ttlMs, progress }
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  // Flags that the process was started with, such as --input-type, are not meant for this file.
  const worker = new Worker(new URL(`./lease-worker.${extension}`, import.meta.url), { workerData: data, execArgv: [] })
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('message', (verdict: LeaseVerdict) => controller.abort(leaseError(verdict, key)))
  worker.on('error', (cause) => controller.abort(leaseError('lost', key, cause)))
  worker.unref()
  return {
    signal: controller.signal,
    moved: () => void Atomics.add(cells, 0, 1),
    statement: async (work) => {
      Atomics.add(cells, 1, 1)
      try {
        return await work()
      } finally {
        Atomics.sub(cells, 1, 1)
        Atomics.add(cells, 0, 1)
      }
    },
    stop: async () => {
      worker.postMessage('stop')
      const timer = setTimeout(() => void worker.terminate(), 1_000)
      worker.ref()
      await exited
      clearTimeout(timer)
    },
  }
}

function leaseError(verdict: LeaseVerdict, key: RunKey, cause?: unknown): SluiceError {
  return verdict === 'fenced'
    ? fencedError(key)
    : new SluiceError('LEASE_LOST', `${key.script} could not renew its lease in time.`, {
        hint: 'Run the same command again; see the log for what held it up.',
        details: { runId: key.runId },
        cause,
      })
}

/** The failure of a run whose token is outdated. */
export function fencedError(key: RunKey): SluiceError {
  return new SluiceError('FENCED', `A newer run of ${key.script} took over from ${key.runId}; this one wrote nothing more.`, {
    hint: `Look at the newer run: sluice audit runs ${key.script}`,
    details: { runId: key.runId, token: key.token },
  })
}
