import type {
  Begun,
  ControlStore,
  GateDecision,
  GateFacts,
  NewExtraction,
  NewRegistration,
  Renewer,
  RunOutcome,
  RunRequest,
} from '../contracts/control-store.ts'
import type { RunKey } from '../model/run.ts'
import type { ScriptId } from '../model/script.ts'
import type { ContractCase } from './contract-case.ts'

/** How the suite prepares a control store. */
export interface ControlStoreFixture {
  /** A new store without tables. `close` is called once, after all its connections are closed. */
  prepare(): Promise<PreparedControlStore>
}

interface PreparedControlStore {
  /** One more connection to the same store. */
  open(): Promise<ControlStore>
  close(): Promise<void>
}

/** Two connections to one new store that has its tables. */
export interface Stores {
  readonly store: ControlStore
  readonly other: ControlStore
}

/** A lease this short runs out while a case waits for it; its holder, this process, is alive. */
export const shortTtlMs = 60

/** Long enough for any case. */
export const longTtlMs = 600_000

export function onStores(fixture: ControlStoreFixture, name: string, work: (stores: Stores) => Promise<void>): ContractCase {
  return onNewStores(fixture, name, async (stores) => {
    await stores.store.migrate()
    await work(stores)
  })
}

export function onNewStores(fixture: ControlStoreFixture, name: string, work: (stores: Stores) => Promise<void>): ContractCase {
  return {
    name,
    async run() {
      const prepared = await fixture.prepare()
      const [store, other] = [await prepared.open(), await prepared.open()]
      try {
        await work({ store, other })
      } finally {
        await store.close()
        await other.close()
        await prepared.close()
      }
    },
  }
}

let runs = 0

export function request(script: ScriptId = 'extract/sales', asked: Partial<RunRequest> = {}): RunRequest {
  runs += 1
  const kind = script.startsWith('load/') ? 'load' : script.startsWith('mart/') ? 'mart' : 'extract'
  const runId = `run-${runs}`
  return { runId, script, kind, batch: '2026-11-22', leaseTtlMs: longTtlMs, logFile: `log/${runId}.log`, ...asked }
}

export const held = { run: false, code: 'HELD', message: 'Someone is at it.', hint: 'Wait.', exitCode: 73 } as const

/** Allows the run unless its script's lease is live. */
function unlessLive(script: ScriptId): (facts: GateFacts) => Promise<GateDecision> {
  return async (facts) => ((await facts.lease(script))?.live ? held : { run: true })
}

export function tryBegin(store: ControlStore, asked: RunRequest): Promise<Begun> {
  return store.runs.begin(asked, unlessLive(asked.script))
}

/** The key of a run that must be able to begin. */
export async function begin(store: ControlStore, asked: RunRequest = request()): Promise<RunKey> {
  const begun = await tryBegin(store, asked)
  if (!begun.begun) throw new Error(`${asked.script} was refused: ${begun.refusal.code}`)
  return begun.key
}

/** What the gate would be told now. */
export async function ask<T>(store: ControlStore, question: (facts: GateFacts) => Promise<T>): Promise<T> {
  let answer: { readonly value: T } | undefined
  await store.runs.begin(request('mart/asks'), async (facts) => {
    answer = { value: await question(facts) }
    return held
  })
  if (!answer) throw new Error('begin did not ask for a decision')
  return answer.value
}

/** A run that was not renewed, and the successor that took its lease. */
export async function overtaken(store: ControlStore, script: ScriptId = 'extract/sales') {
  const old = await begin(store, request(script, { leaseTtlMs: shortTtlMs }))
  await pastShortTtl()
  return { old, successor: await begin(store, request(script)) }
}

export function pastShortTtl(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, shortTtlMs * 2))
}

export function outcome(asked: Partial<RunOutcome> = {}): RunOutcome {
  const base = { status: 'SUCCESS', exitCode: 0, errorCode: undefined, errorMessage: undefined } as const
  return { ...base, ledger: [], published: undefined, ...asked }
}

export function extraction(asked: Partial<NewExtraction> = {}): NewExtraction {
  runs += 1
  return {
    manifestPath: `sales/${runs}/manifest.json`,
    manifestSha256: `sha-${runs}`,
    schemaHash: 'schema',
    window: undefined,
    movesCursor: false,
    rowsStaged: 3,
    rowsRejected: 0,
    exitCode: 0,
    ledger: [],
    files: [],
    ...asked,
  }
}

/** What an extraction of a source without a beginning leaves: a window that ends at `next`. */
export function windowTo(next: string | undefined): NewExtraction {
  return extraction({ movesCursor: true, window: { column: 'at', lower: undefined, upper: next, proven: true, next } })
}

export function registration(asked: Partial<NewRegistration> = {}): NewRegistration {
  const named = { id: 'extract/sales', name: 'sales', kind: 'extract', description: 'Sales lines' } as const
  return { ...named, frequency: 'daily', owner: undefined, contentHash: 'hash-1', approve: false, by: 'ann', ...asked }
}

/** A renewer as the lease's worker opens it. */
export async function openRenewer(store: ControlStore): Promise<Renewer> {
  const { module, options } = store.renewal
  const found = (await import(module.href)) as { openRenewer(options: typeof store.renewal.options): Promise<Renewer> }
  return found.openRenewer(structuredClone(options))
}
