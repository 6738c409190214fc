import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlStore, NewExtraction, RunOutcome, RunRequest } from '../../src/contracts/control-store.ts'
import { openSqliteControl } from '../../src/control-stores/sqlite/index.ts'
import { openRenewer } from '../../src/control-stores/sqlite/renewer.ts'
import { keepLease } from '../../src/engine/lease.ts'
import type { RunKey } from '../../src/model/run.ts'
import { begin, tryBegin } from '../../src/testing/control-store-fixture.ts'

let opened: ControlStore | undefined

function store(): ControlStore {
  if (opened === undefined) throw new Error('the store was not opened')
  return opened
}

/** What the test asks its child processes to do. */
const commands = {
  async open(path: string): Promise<void> {
    await opened?.close()
    opened = await openSqliteControl({ path })
  },
  /** Opens and migrates at a time that several processes can be given. */
  async migrateAt(path: string, time: number): Promise<string> {
    await sleep(time - Date.now())
    await commands.open(path)
    return (await store().migrate()).storeId
  },
  async begin(request: RunRequest): Promise<RunKey> {
    return begin(store(), request)
  },
  async raceAt(request: RunRequest, time: number): Promise<RunKey | undefined> {
    await sleep(time - Date.now())
    const begun = await tryBegin(store(), request)
    return begun.begun ? begun.key : undefined
  },
  /** Answers while the decision, and with it the store's write lock, is open; it never ends. */
  async decideForEver(request: RunRequest): Promise<void> {
    await new Promise<void>((resolve) => {
      void store().runs.begin(request, () => {
        resolve()
        return new Promise(() => {})
      })
    })
  },
  async commit(key: RunKey, extraction: NewExtraction): Promise<boolean> {
    return store().extractions.commit(key, extraction)
  },
  async finish(key: RunKey, outcome: RunOutcome): Promise<boolean> {
    return store().runs.finish(key, outcome)
  },
  async renew(key: RunKey, ttlMs: number): Promise<boolean> {
    const renewer = await openRenewer(store().renewal.options)
    const renewed = await renewer.renew(key, ttlMs, 1)
    await renewer.close()
    return renewed
  },
  /** Keeps the lease as a run does, with the main thread blocked all the while; whether the run would have been stopped. */
  async keepWhileBlocked(key: RunKey, ttlMs: number, blockedMs: number): Promise<boolean> {
    const lease = keepLease(store().renewal, key, ttlMs)
    await lease.statement(async () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs)
    })
    await lease.stop()
    return lease.signal.aborted
  },
}

export type Commands = typeof commands

process.on('message', ({ id, name, args }: { id: number; name: keyof Commands; args: unknown[] }) => {
  const command = commands[name] as (...all: unknown[]) => Promise<unknown>
  command(...args).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.stack : String(error) }),
  )
})
