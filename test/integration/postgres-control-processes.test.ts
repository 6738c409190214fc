import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ControlStore } from '../../src/contracts/control-store.ts'
import { openPostgresControl } from '../../src/control-stores/postgres/index.ts'
import type { RunKey } from '../../src/model/run.ts'
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
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'
import { Child } from './control-processes.ts'

const hourMs = 3_600_000

describeWith(['postgres'], 'processes of several hosts with one control store on Postgres', () => {
  let server: PostgresServer
  let place: { readonly url: string; readonly schema: string }
  let store: ControlStore
  let children: Child[]
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server?.stop())

  beforeEach(async () => {
    schemas += 1
    place = { url: server.url, schema: `store${schemas}` }
    store = await openPostgresControl(place)
    await store.migrate()
    children = []
  })

  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()))
    await store.close()
  })

  /** Without a host it runs on this one. */
  async function start(host?: string, clockOffMs = 0): Promise<Child> {
    const child = new Child()
    children.push(child)
    await child.open(place, host, clockOffMs)
    return child
  }

  const onHosts = (count: number) => Promise.all(Array.from({ length: count }, (_, index) => start(`host-${index}`)))

  const runOf = async (runId: string) => (await store.runs.list({ runId, limit: 1 }))[0]

  /** Tries until the lease can be taken. */
  async function replacement(): Promise<RunKey> {
    for (;;) {
      const begun = await tryBegin(store, request())
      if (begun.begun) return begun.key
      await sleep(100)
    }
  }

  test('of 20 processes on 20 hosts that race for a lease exactly one wins, in each of 25 rounds', async () => {
    const racers = await onHosts(20)
    for (let round = 1; round <= 25; round += 1) {
      const time = Date.now() + 10
      const keys = await Promise.all(racers.map((racer) => racer.call('raceAt', request(), time)))
      const winners = keys.flatMap((key, index) => (key === undefined ? [] : [{ key, racer: racers[index] }]))
      expect(winners.map(({ key }) => key.token)).toEqual([round])
      for (const { key, racer } of winners) expect(await racer?.call('finish', key, outcome())).toBe(true)
    }
    const runs = await store.runs.list({ limit: 1000 })
    expect(runs.map(({ token, status }) => [token, status])).toEqual(
      Array.from({ length: 25 }, (_, index) => [25 - index, 'SUCCESS']),
    )
    expect(new Set(runs.map(({ holder }) => holder)).size).toBeGreaterThan(1)
    expect(await store.runs.decisions(undefined, 1000)).toHaveLength(25 * 19)
  })

  test.skipIf(process.platform !== 'linux')('a holder of this host that was killed with -9 is replaced at once', async () => {
    const child = await start()
    const old = await child.call('begin', request('extract/sales', { leaseTtlMs: longTtlMs }))
    expect((await tryBegin(store, request())).begun).toBe(false)
    await child.kill()
    expect(await runOf(old.runId)).toMatchObject({ status: 'RUNNING', live: false })
    const successor = await begin(store)
    expect(successor.token).toBe(old.token + 1)
    expect(await runOf(old.runId)).toMatchObject({ status: 'ABANDONED', live: false })
    expect(await store.extractions.commit(successor, extraction())).toBe(true)
  })

  test('a holder of another host that was killed is replaced when its TTL has passed, not before', async () => {
    const child = await start('elsewhere')
    const old = await child.call('begin', request('extract/sales', { leaseTtlMs: 5_000 }))
    await child.kill()
    expect(await runOf(old.runId)).toMatchObject({ status: 'RUNNING', live: true })
    expect((await tryBegin(store, request())).begun).toBe(false)
    expect((await replacement()).token).toBe(old.token + 1)
    expect(await runOf(old.runId)).toMatchObject({ status: 'ABANDONED' })
  })

  test('a holder frozen beyond its TTL is refused when it wakes: at commit, finish and renew', async () => {
    const child = await start('elsewhere')
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
    expect(await store.extractions.cursor('extract/sales')).toMatchObject({ value: '5', runId: successor.runId })
  })

  test('hosts whose clocks are an hour off change nothing', async () => {
    const [ahead, behind] = [await start('ahead', hourMs), await start('behind', -hourMs)]
    expect((await ahead.call('clock')) - (await behind.call('clock'))).toBeGreaterThan(1.9 * hourMs)
    for (const [holder, rival] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      const asked = request('extract/sales', { leaseTtlMs: 5_000 })
      const old = await holder.call('begin', asked)
      expect(await rival.call('raceAt', request(), 0)).toBeUndefined()
      expect(await runOf(old.runId)).toMatchObject({ live: true })
      const successor = await replacement()
      expect(successor.token).toBe(old.token + 1)
      expect(await holder.call('finish', old, outcome())).toBe(false)
      expect(await store.runs.finish(successor, outcome())).toBe(true)
    }
    const load = await ahead.call('begin', request('load/sales'))
    expect(await ahead.call('finish', load, outcome())).toBe(true)
    const mart = await behind.call('begin', request('mart/sales'))
    expect(await behind.call('finish', mart, outcome())).toBe(true)
    expect(await ask(store, (facts) => facts.doneSince(['load/sales'], 'mart/sales'))).toBe(false)
    const again = await behind.call('begin', request('load/sales'))
    expect(await behind.call('finish', again, outcome())).toBe(true)
    expect(await ask(store, (facts) => facts.doneSince(['load/sales'], 'mart/sales'))).toBe(true)
    const limits = [{ requests: 2, withinMs: 10_000 }]
    expect([await ahead.call('take', 'api', limits), await behind.call('take', 'api', limits)]).toEqual([0, 0])
    for (const child of [ahead, behind]) {
      const waitMs = await child.call('take', 'api', limits)
      expect(waitMs).toBeGreaterThan(0)
      expect(waitMs).toBeLessThanOrEqual(10_000)
    }
    const [{ now } = {}] = await server.run('SELECT (extract(epoch FROM now()) * 1000)::bigint AS now')
    for (const { startedAt, finishedAt } of await store.runs.list({ limit: 100 })) {
      for (const at of [startedAt, finishedAt ?? startedAt]) {
        expect(Math.abs(Date.parse(at) - Number(now))).toBeLessThan(hourMs / 4)
      }
    }
  })

  test('a process killed while it decides leaves nothing behind', async () => {
    const child = await start()
    await child.call('decideForEver', request())
    const waiting = begin(store)
    await child.kill()
    expect((await waiting).token).toBe(1)
    expect(await store.runs.list({ limit: 10 })).toHaveLength(1)
  })

  test('a process frozen while it decides is cut off; those who wait go on, and renewals never wait', async () => {
    const held = await begin(store, request('load/sales', { leaseTtlMs: 3_000 }))
    const [child, renewing] = [await start('elsewhere'), await start('third')]
    await child.call('decideForEver', request())
    child.signal('SIGSTOP')
    let waits = true
    const waiting = begin(store).finally(() => {
      waits = false
    })
    let renewals = 0
    while (waits) {
      expect(await renewing.call('renew', held, 3_000)).toBe(true)
      renewals += 1
      await sleep(300)
    }
    expect(renewals).toBeGreaterThan(3)
    expect((await waiting).token).toBe(1)
    expect(await store.runs.finish(held, outcome())).toBe(true)
  })

  test('processes share one budget', async () => {
    const takers = await onHosts(4)
    const limits = [{ requests: 10, withinMs: longTtlMs }]
    const waits = await Promise.all(Array.from({ length: 40 }, (_, index) => takers[index % 4]?.call('take', 'api', limits)))
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(10)
  })

  test('of several processes that make a new store at once all end in the same one', async () => {
    const makers = await onHosts(4)
    for (let round = 0; round < 10; round += 1) {
      const fresh = { ...place, schema: `${place.schema}_new${round}` }
      const time = Date.now() + 10
      const ids = await Promise.all(makers.map((maker) => maker.call('migrateAt', fresh, time)))
      expect(new Set(ids).size).toBe(1)
    }
  })

  test("a run's thread keeps its lease of 5 s while the main thread is blocked for 12 s", async () => {
    const child = await start('elsewhere')
    const key = await child.call('begin', request('extract/sales', { leaseTtlMs: 5_000 }))
    let blocked = true
    const stopped = child.call('keepWhileBlocked', key, 5_000, 12_000).finally(() => {
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
})
