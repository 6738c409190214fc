import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ControlStore } from '../../src/contracts/control-store.ts'
import { type MovedTable, moveControl } from '../../src/control-stores/move.ts'
import { openPostgresControl } from '../../src/control-stores/postgres/index.ts'
import { openSqliteControl } from '../../src/control-stores/sqlite/index.ts'
import type { ScriptId } from '../../src/model/script.ts'
import {
  begin,
  extraction,
  held,
  outcome,
  registration,
  request,
  shortTtlMs,
  windowTo,
} from '../../src/testing/control-store-fixture.ts'
import { type FaultyProxy, openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'
import { Child } from './control-processes.ts'

const sales = 'extract/sales'
const refusals = 2_100

/** Something of everything that a store keeps. */
async function fill(store: ControlStore): Promise<void> {
  await store.scripts.register(registration({ owner: 'data team', approve: true }))
  await store.scripts.register(registration({ id: 'load/sales', name: 'sales', kind: 'load', description: "it's <b> ü" }))
  await store.scripts.setActive('load/sales', false)
  await store.batches.open('2026-11-19')
  await store.batches.close('2026-11-19')
  const ledger = [{ hop: 'read-staged', term: 'read', rows: 5_000_000_000 }] as const
  const file = { path: 'a.csv', bytes: 5_000_000_000, modifiedAt: '2025-01-01T00:00:00Z', sha256: '1', sameAs: 'b.csv' }
  for (const [batch, next] of [
    ['2026-11-20', '9'],
    ['2026-11-21', '10'],
  ] as const) {
    const key = await begin(store, request(sales, { batch }))
    await store.extractions.commit(key, { ...windowTo(next), ledger, files: [file, { ...file, path: 'c.csv' }] })
  }
  await store.extractions.setCursor('extract/other', { value: '5', batch: '2026-11-20' })
  const load = await begin(store, request('load/sales', { batch: '2026-11-20' }))
  await store.runs.finish(load, outcome({ published: { manifestSha256: 'sha', sequence: 2 }, ledger }))
  const failed = await begin(store)
  await store.extractions.partitions.plan(failed, { schemaHash: 's', window: undefined, partitions: ['a', 'b'] })
  await store.extractions.partitions.keep(failed, { id: 'b', parts: [], rejects: [], read: 3, rejected: 3 })
  const reason = { errorCode: 'FILE_CORRUPT', errorMessage: 'line 1: x', exitCode: 65 }
  await store.runs.finish(failed, outcome({ status: 'FAILED', ...reason }))
  for (let count = 0; count < refusals; count += 1) await store.runs.begin(request('mart/sales'), async () => held)
  await store.budgets.take('api', [{ requests: 2, withinMs: 3_600_000 }])
  // Its process never ended it, and its TTL has passed.
  await begin(store, request('load/stores', { leaseTtlMs: shortTtlMs }))
  await sleep(2 * shortTtlMs)
}

async function everything(store: ControlStore) {
  const runs = await store.runs.list({ limit: 10_000 })
  const extracts: readonly ScriptId[] = [sales, 'extract/other']
  return {
    identity: await store.migrate(),
    scripts: await store.scripts.list(),
    batches: await store.batches.list(),
    runs,
    ledgers: await Promise.all(runs.map(({ runId }) => store.runs.ledger(runId))),
    decisions: await store.runs.decisions(undefined, 10_000),
    cursors: await Promise.all(extracts.map((id) => store.extractions.cursor(id))),
    packages: await Promise.all(['2026-11-20', '2026-11-21'].map((batch) => store.extractions.latest(sales, batch))),
    files: [...(await store.extractions.files(sales, '2026-11-19'))],
    kept: await store.extractions.partitions.kept(sales, '2026-11-22'),
    lease: await store.runs.ask((facts) => facts.lease('load/stores')),
  }
}

describeWith(['postgres'], 'moving a control store from SQLite to Postgres', () => {
  let server: PostgresServer
  let folder: string
  let path: string
  let to: { readonly url: string; readonly schema: string }
  let old: ControlStore
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server?.stop())

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-move-'))
    path = join(folder, 'control.db')
    schemas += 1
    to = { url: server.url, schema: `store${schemas}` }
    old = await openSqliteControl({ path })
    await old.migrate()
  })

  afterEach(async () => {
    await old.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Whether the old store still lets runs begin, and the new one is empty. */
  async function nothingMoved(): Promise<void> {
    const key = await begin(old, request('extract/still'))
    expect(await old.runs.finish(key, outcome())).toBe(true)
    const target = await openPostgresControl(to)
    await target.migrate()
    expect([await target.runs.list({ limit: 1 }), await target.scripts.list()]).toEqual([[], []])
    await target.close()
  }

  test('carries everything over, as many rows of each table as there were, and goes on where it stood', async () => {
    await fill(old)
    const before = await everything(old)
    const moved = await moveControl(path, to)
    const counted: MovedTable[] = []
    for (const { table } of moved) {
      const [row] = await server.run(`SELECT count(*) AS rows FROM ${to.schema}."${table}"`)
      counted.push({ table, rows: Number(row?.['rows']) })
    }
    expect(moved).toEqual(counted)
    const tables = await server.run(`SELECT table_name FROM information_schema.tables WHERE table_schema = '${to.schema}'`)
    expect(tables).toHaveLength(moved.length + ['meta', 'store_version'].length)
    expect(Object.fromEntries(moved.map(({ table, rows }) => [table, rows]))).toMatchObject({
      script: 2,
      batch: 4,
      run: 5,
      lease: 3,
      ledger: 3,
      extraction: 2,
      source_file: 4,
      cursor: 2,
      gate_decision: refusals,
      partition_plan: 1,
      kept_partition: 1,
      budget_request: 1,
    })
    const store = await openPostgresControl(to)
    expect(await everything(store)).toEqual(before)
    const next = await begin(store)
    expect(next.token).toBe(4)
    expect((await begin(store, request('load/stores'))).token).toBe(2)
    expect((await store.runs.list({ limit: 10 })).map(({ script }) => script).slice(0, 2)).toEqual(['load/stores', sales])
    const limits = [{ requests: 2, withinMs: 3_600_000 }]
    expect([await store.budgets.take('api', limits), (await store.budgets.take('api', limits)) > 0]).toEqual([0, true])
    expect(await store.extractions.commit(next, windowTo('11'))).toBe(true)
    expect((await store.extractions.latest(sales, next.batch))?.runId).toBe(next.runId)
    await store.close()
  })

  test('afterwards the old store refuses to be used, also by who had it open', async () => {
    await moveControl(path, to)
    const refusal = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`was moved to 127.0.0.1:${server.port}/postgres (schema ${to.schema})`),
      hint: expect.stringContaining('postgresControl('),
    }
    await expect(openSqliteControl({ path })).rejects.toMatchObject(refusal)
    await expect(moveControl(path, { ...to, schema: 'again' })).rejects.toMatchObject(refusal)
    await expect(old.migrate()).rejects.toMatchObject(refusal)
    await expect(begin(old)).rejects.toMatchObject(refusal)
    await expect(old.scripts.register(registration())).rejects.toMatchObject(refusal)
    await expect(old.batches.open('2026-11-22')).rejects.toMatchObject(refusal)
    await expect(old.extractions.setCursor(sales, undefined)).rejects.toMatchObject(refusal)
    await expect(old.budgets.take('api', [{ requests: 1, withinMs: 1 }])).rejects.toMatchObject(refusal)
  })

  test('is refused while a run is alive', async () => {
    const key = await begin(old)
    await expect(moveControl(path, to)).rejects.toMatchObject({
      code: 'RUN_ACTIVE',
      exitCode: 73,
      message: expect.stringContaining(key.runId),
    })
    expect(await old.extractions.commit(key, extraction())).toBe(true)
    await nothingMoved()
    expect((await moveControl(path, to)).find(({ table }) => table === 'extraction')).toEqual({ table: 'extraction', rows: 1 })
  })

  test('is refused when the new store is not empty, or another program has the schema', async () => {
    const target = await openPostgresControl(to)
    await target.migrate()
    await target.batches.open('2026-11-22')
    await expect(moveControl(path, to)).rejects.toMatchObject({ code: 'OTHER_CONTROL_STORE', exitCode: 77 })
    expect(await target.batches.list()).toEqual([{ date: '2026-11-22', status: 'OPEN' }])
    await target.close()
    await server.run(`CREATE SCHEMA theirs${schemas}; CREATE TABLE theirs${schemas}.run (id int)`)
    await expect(moveControl(path, { ...to, schema: `theirs${schemas}` })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect((await begin(old)).token).toBe(1)
  })

  test('rows that do not arrive are noticed, and nothing is moved', async () => {
    await fill(old)
    const target = await openPostgresControl(to)
    await target.migrate()
    await target.close()
    await server.run(`CREATE FUNCTION ${to.schema}.lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER lose BEFORE INSERT ON ${to.schema}.gate_decision FOR EACH ROW WHEN (NEW.number = 1500)
      EXECUTE FUNCTION ${to.schema}.lose()`)
    await expect(moveControl(path, to)).rejects.toMatchObject({
      code: 'HOP_UNBALANCED',
      details: { table: 'gate_decision', expected: refusals, rows: refusals - 1 },
    })
    await nothingMoved()
  })

  /** Opens a proxy to the server for a move, and closes it afterwards. */
  async function through<T>(work: (proxy: FaultyProxy, url: string) => Promise<T>): Promise<T> {
    const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: server.port } })
    try {
      return await work(proxy, server.url.replace(`:${server.port}/`, `:${proxy.port}/`))
    } finally {
      await proxy.close()
    }
  }

  async function filled(name: string): Promise<string> {
    const store = await openSqliteControl({ path: join(folder, name) })
    await store.migrate()
    await fill(store)
    await store.close()
    return join(folder, name)
  }

  test('a connection that is cut before the commit leaves the old store in use, and the new one empty', async () => {
    await fill(old)
    const twin = await filled('twin.db')
    const bytes = await through(async (proxy, url) => {
      await moveControl(twin, { url, schema: `twin${schemas}` })
      return proxy.passed('to-server')
    })
    for (const share of [0.01, 0.1, 0.3, 0.6, 0.9]) {
      await through(async (proxy, url) => {
        proxy.set({ kind: 'reset', direction: 'to-server', afterBytes: Math.floor(bytes * share) })
        await expect(moveControl(path, { ...to, url })).rejects.toMatchObject({ code: 'CONTROL_FAILED', exitCode: 69 })
        expect(proxy.hasFired).toBe(true)
      })
      await nothingMoved()
    }
    expect((await moveControl(path, to)).find(({ table }) => table === 'gate_decision')?.rows).toBe(refusals)
  })

  test('when the answer to the commit is lost, the old store stays in use, and moves again when the new one is dropped', async () => {
    const [first, second] = [await filled('first.db'), await filled('second.db')]
    const schema = `second${schemas}`
    const bytes = await through(async (proxy, url) => {
      await moveControl(first, { url, schema: `first_${schemas}` })
      return proxy.passed('to-client')
    })
    await through(async (proxy, url) => {
      proxy.set({ kind: 'reset', direction: 'to-client', afterBytes: bytes - 4 })
      await expect(moveControl(second, { url, schema })).rejects.toMatchObject({ code: 'CONTROL_FAILED' })
    })
    const store = await openSqliteControl({ path: second })
    expect(await store.runs.finish(await begin(store), outcome())).toBe(true)
    await store.close()
    await expect(moveControl(second, { url: server.url, schema })).rejects.toMatchObject({
      code: 'OTHER_CONTROL_STORE',
      hint: expect.stringContaining('drop the schema'),
    })
    await server.run(`DROP SCHEMA ${schema} CASCADE`)
    expect((await moveControl(second, { url: server.url, schema })).find(({ table }) => table === 'run')?.rows).toBe(6)
  })

  test('a process that is killed in the middle leaves the old store in use, and the new one empty', async () => {
    await fill(old)
    const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: server.port } })
    proxy.set({ kind: 'stall', direction: 'to-server', afterBytes: 100_000 })
    const child = new Child()
    const url = server.url.replace(`:${server.port}/`, `:${proxy.port}/`)
    const moving = child.call('move', path, url, to.schema)
    moving.catch(() => {})
    while (!proxy.hasFired) await sleep(20)
    await child.kill()
    await proxy.close()
    await nothingMoved()
    expect((await moveControl(path, to)).find(({ table }) => table === 'gate_decision')?.rows).toBe(refusals)
  })
})
