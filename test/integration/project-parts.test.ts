import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openProjectParts, type ProjectParts } from '../../src/library.ts'
import { runProjectFolder } from '../fixtures/run-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const project = {
  'sluice.config.ts': `
import { connection, duckdb, env, localLake, project, secret, sqlite, sqliteControl } from 'sluice-etl'
import { clock } from './sources/clock.ts'
export const shop = sqlite({ path: env('SHOP_DB') })
export const wall = connection(clock, { zone: env('ZONE'), key: secret('KEY'), ticks: 2 })
export default project({
  name: 'p', timeZone: 'UTC', retry: { firstDelayMs: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`,
  'sources/clock.ts': `
const read = async function* ({ options }, resource, columns) {
  const { RowCollector } = await import('sluice-etl/library')
  const rows = new RowCollector(columns, undefined)
  for (let tick = 1; tick <= options.ticks; tick += 1) rows.add({ tick, place: [resource.locator, options.zone, options.key, resource.options.hand].join() })
  yield rows.take()
}
export const clock = {
  type: 'clock', hasCursors: false,
  open: async (options) => ({
    check: async () => {},
    describe: async () => undefined,
    open: async ({ resource }) => ({
      schema: { columns: resource.columns.map(({ name, type, nullable }) => ({ name, type, nullable })) },
      window: undefined, expectedRows: undefined, partitions: [{ id: resource.locator }],
      read: () => read({ options }, resource, resource.columns),
      close: async () => {},
    }),
    close: async () => {},
  }),
}
`,
  'extract/orders.ts': `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('orders'), { description: 'Orders', cursor: 'updated_at' })
`,
  'extract/ticks.ts': `
import { extract, integer, text } from 'sluice-etl'
import { wall } from '../sluice.config.ts'
export default extract(wall.resource('tower', { columns: { tick: integer(), place: text() }, hand: 'long' }), { description: 'Ticks' })
`,
  'load/orders.ts': `
import { load } from 'sluice-etl'
import orders from '../extract/orders.ts'
export default load(orders, { into: 'fact_orders', write: { disposition: 'append' }, rejectLimit: 1 })
`,
  'load/ticks.ts': `
import { load } from 'sluice-etl'
import ticks from '../extract/ticks.ts'
export default load(ticks, { into: 'tick', write: { disposition: 'append' } })
`,
}
const environment = { SHOP_DB: 'shop.db', ZONE: 'Europe/Berlin', KEY: 'hush-hush' }
const batch = '2025-01-01'

let folder: ProjectFolder
let parts: ProjectParts

function shop(sql: string): void {
  const database = new DatabaseSync(join(folder.root, 'shop.db'))
  database.exec(sql)
  database.close()
}

beforeAll(async () => {
  folder = await projectFolder(project)
  shop(`CREATE TABLE orders (id INTEGER NOT NULL, amount DECIMAL(12,2), updated_at TIMESTAMP NOT NULL);
    INSERT INTO orders VALUES (1, '1.10', '2025-01-01 10:00:00'), (2, 'free', '2025-01-01 11:00:00')`)
  const outcomes = await runProjectFolder(folder.root, { batch, environment })
  expect(outcomes.map(({ script, exitCode }) => [script, exitCode]).sort()).toEqual([
    ['extract/orders', 4],
    ['extract/ticks', 0],
    ['load/orders', 4],
    ['load/ticks', 0],
  ])
  shop(`INSERT INTO orders VALUES (3, '3.30', '2125-01-01 10:00:00'), (4, '4.40', '2025-01-02 10:00:00')`)
  parts = await openProjectParts(folder.root, { environment })
})
afterAll(async () => {
  await parts.close()
  await folder.remove()
})

test('the lake has the packages', async () => {
  const paths: string[] = []
  for await (const { path } of parts.lake.list('orders/')) paths.push(path.split('/').at(-1) ?? '')
  expect(paths).toEqual(['manifest.json', 'part-00001.parquet', 'rejects-00001.parquet'])
})

test("the warehouse has the tables, and a session of one's own that is whole or nothing", async () => {
  const warehouse = await parts.warehouse()
  const count = async () =>
    (await warehouse.query({ sql: 'SELECT count(*)::INTEGER AS rows FROM target.fact_orders' }))[0]?.['rows']
  expect(await count()).toBe(1)
  const table = { schema: 'target', table: 'fact_orders' }
  const failing = warehouse.transaction([table], async (session) => {
    expect(await session.execute({ sql: 'DELETE FROM target.fact_orders WHERE id = $1', values: [1n] })).toBe(1)
    throw new Error('not like this')
  })
  await expect(failing).rejects.toThrow('not like this')
  expect(await count()).toBe(1)
})

test('a source of the own kind gets its settings, its resource and its columns', async () => {
  const rows = await (await parts.warehouse()).query({ sql: 'SELECT tick, place FROM target.tick ORDER BY tick' })
  expect(rows).toEqual([
    { tick: 1, place: 'tower,Europe/Berlin,hush-hush,long' },
    { tick: 2, place: 'tower,Europe/Berlin,hush-hush,long' },
  ])
})

test('runs, ledger, decisions, cursor and gate', async () => {
  const [run] = await parts.runs({ script: 'load/orders', limit: 1 })
  expect(run).toMatchObject({ status: 'SUCCESS', exitCode: 4, batch })
  expect(await parts.ledger(run?.runId ?? '')).toContainEqual({ hop: 'typed-target', term: 'inserted', rows: 1 })
  expect(await parts.decisions('load/orders', 5)).toEqual([])
  expect(await parts.cursor('extract/orders')).toMatchObject({ batch, runId: expect.any(String) })
  expect(await parts.cursor('extract/ticks')).toBeUndefined()
  expect(await parts.gate('load/orders', batch)).toMatchObject({
    mayRun: false,
    message: 'load/orders is done for batch 2025-01-01.',
  })
  expect(await parts.gate('extract/orders')).toMatchObject({ mayRun: true })
  await expect(parts.gate('load/order' as never)).rejects.toMatchObject({ code: 'SCRIPT_UNKNOWN' })
})

test('rows are read from where the cursor is, and nothing moves', async () => {
  shop(`UPDATE orders SET updated_at = '2099-01-01 10:00:00' WHERE id = 3`)
  const before = await parts.cursor('extract/orders')
  const read: unknown[] = []
  for await (const { rows, rejects } of parts.read('extract/ticks')) read.push(...rows, ...rejects)
  expect(read).toEqual([
    { tick: '1', place: 'tower,Europe/Berlin,hush-hush,long' },
    { tick: '2', place: 'tower,Europe/Berlin,hush-hush,long' },
  ])
  for await (const { rows } of parts.read('extract/orders', batch)) expect(rows).toEqual([])
  expect(await readFile(join(folder.root, 'log/read-orders.log'), 'utf8')).toContain('held back')
  expect(await parts.cursor('extract/orders')).toEqual(before)
  await expect(parts.read('load/orders').next()).rejects.toMatchObject({ code: 'SCRIPT_UNKNOWN' })
})

test("a log of one's own knows the secrets", async () => {
  const log = parts.log('nightly-report')
  log.info('the key is hush-hush', { rows: 3 })
  await log.close()
  expect(await readFile(join(folder.root, log.file), 'utf8')).toMatch(/"rows":3,"msg":"the key is \*\*\*"/)
})

test('a source is the connection itself; fetch asks within limits', async () => {
  await (await parts.source('shop')).check()
  const server = createServer((_, response) => void response.end('[]'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    expect(await (await parts.fetch(url, { allowPrivate: true })).json()).toEqual([])
    await expect(parts.fetch(url)).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
