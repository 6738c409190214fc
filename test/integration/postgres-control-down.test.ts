import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ControlStore, StoreIdentity } from '../../src/contracts/control-store.ts'
import { openPostgresControl } from '../../src/control-stores/postgres/index.ts'
import { runGraph } from '../../src/engine/run-graph.ts'
import type { StepOutcome } from '../../src/engine/step.ts'
import { registration } from '../../src/testing/control-store-fixture.ts'
import { type FaultKind, openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { columnsOf, type EngineProject, engineProject, loadColumns, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'

const batch = '2026-11-22'
const leaseTtlMs = 5_000

const extractMoments = ['after-lease', 'after-part', 'before-manifest', 'after-manifest', 'before-commit', 'after-commit']
const loadMoments = [
  'after-lease',
  'mid-stage',
  'before-stage-commit',
  'after-stage-commit',
  'before-publish-commit',
  'after-publish-commit',
]
const moments = [
  ...extractMoments.map((moment) => ['extract/orders', `extract.${moment}`] as const),
  ...loadMoments.map((moment) => ['load/orders', `load.${moment}`] as const),
]

/** A way to the server that can be closed, or left open with nothing passing, and opened again. */
class Way {
  readonly #port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #mode: 'open' | 'closed' | 'silent' = 'open'

  constructor(port: number) {
    this.#port = port
    this.#server = createServer((client) => this.#join(client))
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  set(mode: 'open' | 'closed' | 'silent'): void {
    this.#mode = mode
    for (const socket of this.#sockets) {
      if (mode === 'silent') socket.pause()
      else socket.destroy()
    }
  }

  close(): void {
    this.set('closed')
    this.#server.close()
  }

  #join(client: Socket): void {
    this.#keep(client)
    if (this.#mode === 'closed') client.destroy()
    if (this.#mode !== 'open') return
    const server = connect(this.#port, '127.0.0.1')
    this.#keep(server)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (bytes) => to.write(bytes))
      from.on('close', () => to.destroy())
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

describeWith(['postgres'], 'the control store on Postgres is lost during a run', () => {
  let server: PostgresServer
  let project: EngineProject
  let schema: string
  let schemas = 0
  const orders = tableExtract('orders')
  const load = loadOf(
    orders,
    { disposition: 'merge', key: ['id'] },
    { columns: loadColumns(columnsOf({ id: 'int64', note: 'text' })) },
  )

  beforeAll(async () => {
    server = await startPostgres()
  })

  afterAll(() => server?.stop())

  beforeEach(async () => {
    schemas += 1
    schema = `store${schemas}`
    project = await engineProject([orders, load])
    project.settings = { ...project.settings, leaseTtlMs, retry: { attempts: 3, firstDelayMs: 50, deadlineMs: 20_000 } }
    project.shop("CREATE TABLE orders (id INTEGER NOT NULL, note TEXT); INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
    const store = await openPostgresControl({ url: server.url, schema })
    await store.migrate()
    for (const { id, name, kind } of [orders, load]) {
      await store.scripts.register(registration({ id, name, kind, contentHash: 'c0ffee', approve: true }))
    }
    await store.close()
  })

  afterEach(() => project.close())

  /** Works with a store that is reached at this port. */
  async function at<T>(port: number, work: (control: ControlStore, identity: StoreIdentity) => Promise<T>): Promise<T> {
    const url = server.url.replace(`:${server.port}/`, `:${port}/`)
    const control = await openPostgresControl({ url, schema })
    try {
      return await work(control, await control.migrate())
    } finally {
      await control.close()
    }
  }

  async function step(port: number, id: string, atMoment?: { readonly moment: string; happens(): void }): Promise<StepOutcome> {
    return at(port, async (control, store) => {
      let happened = false
      const failpoint = async (point: string) => {
        if (point !== atMoment?.moment || happened) return
        happened = true
        atMoment.happens()
      }
      const scripts = project.scripts.filter((script) => script.id === id)
      const context = { ...project.context(), control, store, failpoint }
      const { outcomes } = await runGraph(context, { scripts, batch, force: false })
      const [outcome] = outcomes
      if (!outcome) throw new Error(`There is no script ${id}.`)
      expect(happened).toBe(atMoment !== undefined)
      return outcome
    })
  }

  const needed = (id: string) => (id === 'load/orders' ? step(server.port, 'extract/orders') : undefined)

  /** Runs again over the healthy way until the old lease has run out; then everything is there, once. */
  async function recovers(): Promise<void> {
    for (const id of ['extract/orders', 'load/orders']) {
      let outcome = await step(server.port, id)
      for (; outcome.exitCode === 73; outcome = await step(server.port, id)) await sleep(200)
      expect(outcome).toMatchObject({ exitCode: 0 })
    }
    expect(await project.rows('SELECT id, note FROM target.orders ORDER BY id')).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ])
    await at(server.port, async (control) => {
      const runs = await control.runs.list({ limit: 100 })
      expect(runs.filter(({ status }) => status === 'RUNNING')).toEqual([])
      expect(runs.filter(({ status }) => status === 'STAGED')).toHaveLength(1)
    })
  }

  describe('for good: the run ends, says so, and the next one goes on', () => {
    test.each(moments)('%s at %s', async (id, moment) => {
      await needed(id)
      const way = new Way(server.port)
      const outcome = await step(await way.listen(), id, { moment, happens: () => way.set('closed') })
      if (moment === 'extract.after-commit') expect(outcome.exitCode).toBe(0)
      else expect([69, 73]).toContain(outcome.exitCode)
      if (outcome.exitCode === 69) expect(outcome.error?.code).toBe('CONTROL_FAILED')
      if (outcome.exitCode === 73) expect(outcome.error?.code).toBe('LEASE_LOST')
      way.close()
      await recovers()
    })

    test.each([
      ['extract/orders', 'extract.before-commit'],
      ['load/orders', 'load.after-publish-commit'],
    ] as const)('without a word: %s at %s', async (id, moment) => {
      await needed(id)
      const way = new Way(server.port)
      const outcome = await step(await way.listen(), id, { moment, happens: () => way.set('silent') })
      expect([69, 73]).toContain(outcome.exitCode)
      way.close()
      await recovers()
    })

    test('before it begins', async () => {
      const way = new Way(server.port)
      const port = await way.listen()
      await at(port, async (control, store) => {
        way.set('closed')
        const context = { ...project.context(), control, store }
        const { outcomes } = await runGraph(context, { scripts: [orders], batch, force: false })
        expect(outcomes).toMatchObject([{ exitCode: 69, error: { code: 'CONTROL_FAILED' } }])
      })
      await expect(at(port, async () => {})).rejects.toMatchObject({ code: 'CONTROL_FAILED', exitCode: 69, retryable: true })
      way.close()
      await recovers()
    })
  })

  describe('for one connection: the run goes on over another', () => {
    const kinds: readonly FaultKind[] = ['cut', 'reset']
    test.each(moments.flatMap(([id, moment]) => kinds.map((kind) => [kind, id, moment] as const)))(
      '%s: %s at %s',
      async (kind, id, moment) => {
        project.settings = { ...project.settings, leaseTtlMs: 60_000 }
        await needed(id)
        const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: server.port } })
        const happens = () => proxy.set({ kind, direction: 'to-client', afterBytes: 0 })
        expect(await step(proxy.port, id, { moment, happens })).toMatchObject({ exitCode: 0 })
        // Once the package is committed the run asks the store for nothing more.
        expect(proxy.hasFired).toBe(moment !== 'extract.after-commit')
        await proxy.close()
        await recovers()
      },
    )
  })

  test('the server dies: the run ends, says so, and the target is as it was', async () => {
    const dying = await startPostgres()
    const url = dying.url
    const control = await openPostgresControl({ url })
    const store = await control.migrate()
    await control.scripts.register(registration({ id: orders.id, name: 'orders', contentHash: 'c0ffee', approve: true }))
    const failpoint = async (point: string) => {
      if (point === 'extract.before-commit') await dying.stop()
    }
    const context = { ...project.context(), control, store, failpoint }
    const { outcomes } = await runGraph(context, { scripts: [orders], batch, force: false })
    expect([69, 73]).toContain(outcomes[0]?.exitCode)
    await control.close()
    await expect(openPostgresControl({ url })).rejects.toMatchObject({ code: 'CONTROL_FAILED' })
  })
})
