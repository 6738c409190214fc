import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BudgetLimit, ControlStore, NewExtraction, RunOutcome, RunRequest } from '../../src/contracts/control-store.ts'
import { moveControl } from '../../src/control-stores/move.ts'
import { openPostgresControl } from '../../src/control-stores/postgres/index.ts'
import { openSqliteControl } from '../../src/control-stores/sqlite/index.ts'
import { keepLease } from '../../src/engine/lease.ts'
import type { RunKey } from '../../src/model/run.ts'
import { begin, openRenewer, tryBegin } from '../../src/testing/control-store-fixture.ts'

/** Where a store lies. */
export type StorePlace = { readonly path: string } | { readonly url: string; readonly schema: string }

export function openStore(place: StorePlace): Promise<ControlStore> {
  return 'path' in place ? openSqliteControl(place) : openPostgresControl(place)
}

/** As if the process ran on another machine, whose clock may be wrong. */
function pretend(host: string, clockOffMs: number): void {
  const read = fs.readFileSync
  os.hostname = () => host
  fs.readFileSync = ((...args: Parameters<typeof read>) =>
    args[0] === '/proc/sys/kernel/random/boot_id' ? `boot of ${host}` : read(...args)) as typeof read
  syncBuiltinESMExports()
  const { now } = Date
  globalThis.Date = class extends Date {
    constructor(time: number | string | Date = now() + clockOffMs) {
      super(time)
    }
    static override now(): number {
      return now() + clockOffMs
    }
  } as DateConstructor
}

let opened: ControlStore | undefined

function store(): ControlStore {
  if (opened === undefined) throw new Error('the store was not opened')
  return opened
}

/** What the test asks its child processes to do. */
const commands = {
  async pretend(host: string, clockOffMs: number): Promise<void> {
    pretend(host, clockOffMs)
  },
  async clock(): Promise<number> {
    return Date.now()
  },
  async open(place: StorePlace): Promise<void> {
    await opened?.close()
    opened = await openStore(place)
  },
  async move(path: string, url: string, schema: string): Promise<number> {
    return (await moveControl(path, { url, schema })).length
  },
  /** Opens and migrates at a time that several processes can be given. */
  async migrateAt(place: StorePlace, time: number): Promise<string> {
    await sleep(time - Date.now())
    await commands.open(place)
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
  async take(budget: string, limits: readonly BudgetLimit[]): Promise<number> {
    return store().budgets.take(budget, limits)
  },
  async commit(key: RunKey, extraction: NewExtraction): Promise<boolean> {
    return store().extractions.commit(key, extraction)
  },
  async finish(key: RunKey, outcome: RunOutcome): Promise<boolean> {
    return store().runs.finish(key, outcome)
  },
  async renew(key: RunKey, ttlMs: number): Promise<boolean> {
    const renewer = await openRenewer(store())
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
