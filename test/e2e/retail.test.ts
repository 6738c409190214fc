import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startApi } from '../../examples/retail/demo/api-server.ts'
import { check } from '../../examples/retail/demo/checker.ts'
import { changeSources, keepSources, makeSources } from '../../examples/retail/demo/data.ts'
import { keepKeys } from '../../examples/retail/demo/dimension-keys.ts'
import { type RunningSftp, startSftp } from '../../examples/retail/demo/sftp-server.ts'
import { type CliProject, cliProject } from '../fixtures/cli.ts'

const example = join(import.meta.dirname, '../../examples/retail')
const batches = ['2025-10-01', '2025-10-02'] as const
let environment: Readonly<Record<string, string>>
let api: RunningServer
let sftp: RunningSftp

let project: CliProject

const options = () => ({
  snapshots: join(project.folder, 'snapshots'),
  batches,
  warehouse: join(project.folder, 'data/retail.duckdb'),
})

async function sql(statement: string): Promise<void> {
  const instance = await DuckDBInstance.fromCache(options().warehouse)
  const connection = await instance.connect()
  await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}

beforeAll(async () => {
  project = await cliProject({})
  for (const name of ['sluice.config.ts', 'types', 'extract', 'load', 'marts']) {
    await cp(join(example, name), join(project.folder, name), { recursive: true })
  }
  const [first, second] = batches
  const sources = join(project.folder, 'sources')
  await makeSources(sources, { date: first, rows: 2_000 })
  api = await startApi({ folder: join(sources, 'catalog'), key: 'the key' })
  sftp = await startSftp({ folder: join(sources, 'closures'), user: 'branches', password: 'the password' })
  environment = {
    SHOP_DB: 'sources/shop.db',
    CATALOG_URL: `http://127.0.0.1:${api.port}`,
    CATALOG_KEY: 'the key',
    STORES_DIR: 'sources/stores',
    SFTP_HOST: '127.0.0.1',
    SFTP_PORT: String(sftp.port),
    SFTP_USER: 'branches',
    SFTP_PASSWORD: 'the password',
    SFTP_HOST_KEY: sftp.hostKey,
  }
  await keepSources(sources, options().snapshots, first)
  expect(await project.sluice(['register'], environment)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await project.sluice(['run', '--batch', first], environment)).toMatchObject({ exitCode: 0, stderr: '' })
  await keepKeys(options().warehouse, options().snapshots, first)
  await changeSources(sources, { date: second })
  await keepSources(sources, options().snapshots, second)
  expect(await project.sluice(['run', '--batch', second], environment)).toMatchObject({ exitCode: 4, stderr: '' })
  await keepKeys(options().warehouse, options().snapshots, second)
})
afterAll(async () => {
  await api.close()
  await sftp.close()
  await project.remove()
})

describe('the checker of the example', () => {
  test('finds every row equal after two batches', async () => {
    expect(await check(options())).toEqual([])
  })

  const columns = 'sale_id, sold_at, updated_at, store_id, asin, quantity, amount, note, store_key, product_key'
  test.each([
    ['one cell altered', 'UPDATE target.fact_sales SET amount = amount + 0.01 WHERE sale_id = 17', /fact_sales 17: .*instead of/],
    [
      'a NULL that became empty',
      "UPDATE target.fact_sales SET note = '' WHERE sale_id = (SELECT min(sale_id) FROM target.fact_sales WHERE note IS NULL)",
      /fact_sales \d+: /,
    ],
    ['one row deleted', 'DELETE FROM target.store WHERE store_id = 3', /^store 3: |its store_key is \d+, that of store_id 3 is/],
    [
      'one row doubled',
      `INSERT INTO target.fact_sales (${columns}) SELECT ${columns} FROM target.fact_sales WHERE sale_id = 5`,
      /fact_sales 5 again .*should not be there/,
    ],
    [
      'a key that points at another row',
      'UPDATE target.fact_sales SET store_key = coalesce(store_key, 0) + 1 WHERE sale_id = 17',
      /fact_sales 17: its store_key is \d+, that of store_id /,
    ],
    ['a sum of the mart', 'UPDATE mart.sales_by_category SET lines = lines + 1 WHERE rowid = 0', /sales_by_category /],
  ])('finds %s', async (_, statement, expected) => {
    const copy = `${options().warehouse}.copy`
    await cp(options().warehouse, copy)
    await sql(statement)
    const found = await check(options())
    await cp(copy, options().warehouse)
    expect(found.length).toBeGreaterThan(0)
    expect(found.every((line) => expected.test(line))).toBe(true)
  })
})

test('a store that only sales knew was a stub, and kept its key when its file came', async () => {
  const kept: readonly (readonly (readonly [string, string])[])[] = JSON.parse(
    await readFile(join(options().snapshots, batches[0], 'keys.json'), 'utf8'),
  )
  const stub = kept[1]?.find(([id]) => id === '41')
  expect(stub).toBeDefined()
  const instance = await DuckDBInstance.fromCache(options().warehouse)
  const connection = await instance.connect()
  const rows = await connection.runAndReadAll(
    'SELECT CAST(store_id AS VARCHAR), CAST(store_key AS VARCHAR), _stub, name IS NULL FROM target.store WHERE store_id IN (41, 999) ORDER BY 1',
  )
  connection.closeSync()
  instance.closeSync()
  expect(rows.getRows()).toEqual([
    [...(stub ?? []), false, false],
    ['999', expect.stringMatching(/^\d+$/), true, true],
  ])
})

test('both hostile sales are where they belong: one exact in the target, one refused by name', async () => {
  const listed = await project.sluice(['rejects', 'list', 'load/sales'], environment)
  expect(listed.stdout).toMatch(/MISFIT.*quantity.*many/)
})
