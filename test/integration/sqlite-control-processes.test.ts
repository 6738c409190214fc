import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ControlStore } from '../../src/contracts/control-store.ts'
import { openSqliteControl } from '../../src/control-stores/sqlite/index.ts'
import {
  ask,
  begin,
  extraction,
  longTtlMs,
  outcome,
  request,
  tryBegin,
  windowTo,
} from '../../src/testing/control-store-fixture.ts'
import { Child } from './control-processes.ts'

let folder: string
let path: string
let store: ControlStore
let children: Child[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-control-'))
  path = join(folder, 'control.db')
  store = await openSqliteControl({ path })
  await store.migrate()
  children = []
})

afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()))
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

async function start(count: number): Promise<Child[]> {
  const started = Array.from({ length: count }, () => new Child())
  children.push(...started)
  await Promise.all(started.map((child) => child.open({ path })))
  return started
}

async function startOne(): Promise<Child> {
  const [child] = await start(1)
  if (child === undefined) throw new Error('no child was started')
  return child
}

const runOf = async (runId: string) => (await store.runs.list({ runId, limit: 1 }))[0]

test('of 20 processes that race for a lease exactly one wins, in each of 50 rounds', { timeout: 120_000 }, async () => {
  const racers = await start(20)
  for (let round = 1; round <= 50; round += 1) {
    const time = Date.now() + 10
    const keys = await Promise.all(racers.map((racer) => racer.call('raceAt', request(), time)))
    const winners = keys.flatMap((key, index) => (key === undefined ? [] : [{ key, racer: racers[index] }]))
    expect(winners.map(({ key }) => key.token)).toEqual([round])
    for (const { key, racer } of winners) expect(await racer?.call('finish', key, outcome())).toBe(true)
  }
  const runs = await store.runs.list({ limit: 1000 })
  expect(runs.map(({ token, status }) => [token, status])).toEqual(
    Array.from({ length: 50 }, (_, index) => [50 - index, 'SUCCESS']),
  )
  expect(await store.runs.decisions(undefined, 1000)).toHaveLength(50 * 19)
})

test.skipIf(process.platform !== 'linux')('a holder killed with -9 is replaced at once, however long its lease', async () => {
  const child = await startOne()
  const old = await child.call('begin', request('extract/sales', { leaseTtlMs: longTtlMs }))
  expect((await tryBegin(store, request())).begun).toBe(false)
  await child.kill()
  expect(await runOf(old.runId)).toMatchObject({ status: 'RUNNING', live: false })
  const successor = await begin(store)
  expect(successor.token).toBe(old.token + 1)
  expect(await runOf(old.runId)).toMatchObject({ status: 'ABANDONED', live: false })
  expect(await store.extractions.commit(successor, extraction())).toBe(true)
})

test('a process killed while it decides leaves nothing behind', async () => {
  const child = await startOne()
  await child.call('decideForEver', request())
  const waiting = begin(store)
  await child.kill()
  expect((await waiting).token).toBe(1)
  expect(await store.runs.list({ limit: 10 })).toHaveLength(1)
})

test('a frozen holder keeps its lease as long as its TTL lasts', async () => {
  const child = await startOne()
  const key = await child.call('begin', request('extract/sales', { leaseTtlMs: longTtlMs }))
  child.signal('SIGSTOP')
  expect((await tryBegin(store, request())).begun).toBe(false)
  child.signal('SIGCONT')
  expect(await child.call('finish', key, outcome())).toBe(true)
})

test('a holder frozen beyond its TTL is refused when it wakes: at commit, finish and renew', async () => {
  const child = await startOne()
  const old = await child.call('begin', request('extract/sales', { leaseTtlMs: 2_000 }))
  child.signal('SIGSTOP')
  const successor = await replacement()
  const everything = async () => ({
    runs: await store.runs.list({ limit: 100 }),
    lease: await ask(store, (facts) => facts.lease('extract/sales')),
    ledger: await store.runs.ledger(old.runId),
    package: await store.extractions.latest('extract/sales', old.batch),
    cursor: await store.extractions.cursor('extract/sales'),
  })
  const before = await everything()
  child.signal('SIGCONT')
  const ledger = [{ hop: 'read-staged', term: 'read', rows: 3 }] as const
  expect(await child.call('commit', old, { ...windowTo('9'), ledger })).toBe(false)
  expect(await child.call('finish', old, outcome({ ledger }))).toBe(false)
  expect(await child.call('renew', old, 2_000)).toBe(false)
  expect(await everything()).toEqual(before)
  expect(await store.extractions.commit(successor, windowTo('5'))).toBe(true)
  expect(await child.call('commit', old, windowTo('9'))).toBe(false)
  expect(await store.extractions.cursor('extract/sales')).toMatchObject({ value: '5', runId: successor.runId })
})

/** Tries until the lease can be taken. */
async function replacement() {
  for (;;) {
    const begun = await tryBegin(store, request())
    if (begun.begun) return begun.key
    await sleep(100)
  }
}

test('processes share one budget', async () => {
  const takers = await start(4)
  const limits = [{ requests: 10, withinMs: longTtlMs }]
  const waits = await Promise.all(Array.from({ length: 40 }, (_, index) => takers[index % 4]?.call('take', 'api', limits)))
  expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(10)
})

test('of several processes that make a new store at once all end in the same one', async () => {
  const makers = await start(4)
  for (let round = 0; round < 10; round += 1) {
    const fresh = join(folder, `new-${round}`, 'control.db')
    const time = Date.now() + 10
    const ids = await Promise.all(makers.map((maker) => maker.call('migrateAt', { path: fresh }, time)))
    expect(new Set(ids).size).toBe(1)
  }
})

test("a run's thread keeps its lease of 2 s while the main thread is blocked for 6 s", async () => {
  const child = await startOne()
  const key = await child.call('begin', request('extract/sales', { leaseTtlMs: 2_000 }))
  let blocked = true
  const stopped = child.call('keepWhileBlocked', key, 2_000, 6_000).finally(() => {
    blocked = false
  })
  let tries = 0
  while (blocked) {
    expect((await tryBegin(store, request())).begun).toBe(false)
    tries += 1
    await sleep(200)
  }
  expect(tries).toBeGreaterThan(10)
  expect(await stopped).toBe(false)
  expect(await child.call('finish', key, outcome())).toBe(true)
})
