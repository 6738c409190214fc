import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bigint, timestamp } from '../../src/index.ts'
import { files, type OfflineOptions, runProject, tables } from '../../src/testing.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const project = {
  'sluice.config.ts': `
import { duckdb, env, localFiles, localLake, project, secret, sqlite, sqliteControl } from 'sluice-etl'
export const shop = sqlite({ path: secret('SHOP_DB') })
export const drop = localFiles({ folder: env('DROP_DIR') })
export default project({
  name: 'p', timeZone: 'UTC', batches: 'explicit', approval: true,
  lake: localLake('/nowhere/lake'), warehouse: duckdb('/nowhere/p.duckdb'), control: sqliteControl('/nowhere/control.db'),
})
`,
  'extract/sales.ts': `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('sales'), { description: 'Sales', cursor: 'updated_at' })
`,
  'extract/city.ts': `
import { csv, extract, integer, text } from 'sluice-etl'
import { drop } from '../sluice.config.ts'
export default extract(drop.newest('city-*.csv', { format: csv(), columns: { city_id: integer(), name: text().from('Name') } }), { description: 'Cities' })
`,
  'extract/rate.ts': `
import { decimal, extract, text } from 'sluice-etl'
export default extract({
  description: 'Rates', columns: { currency: text(3), rate: decimal(12, 6) },
  async *read({ batch, fetch, env }) {
    const answer = await fetch(env('RATES') + '?day=' + batch, { headers: { accept: 'application/json' } })
    yield await answer.json()
  },
})
`,
  'load/sales.ts': `
import { bigint, decimal, load, text, timestamp } from 'sluice-etl'
import sales from '../extract/sales.ts'
export default load(sales, {
  into: 'fact_sales',
  columns: { sale_id: bigint(), amount: decimal(12, 2), city_id: bigint(), updated_at: timestamp() },
  write: { disposition: 'merge', key: ['sale_id'], newest: 'updated_at' }, rejectLimit: 1,
})
`,
  'load/city.ts': `
import { load } from 'sluice-etl'
import city from '../extract/city.ts'
export default load(city, { into: 'city', write: { disposition: 'replace' } })
`,
  'load/rate.ts': `
import { load } from 'sluice-etl'
import rate from '../extract/rate.ts'
export default load(rate, { into: 'rate', write: { disposition: 'append' } })
`,
  'marts/sales_by_city.sql':
    'SELECT c.name, sum(f.amount) AS amount FROM target.fact_sales f JOIN target.city c ON c.city_id = f.city_id GROUP BY c.name',
  '.env': 'RATES=https://real.example.com\n',
}

let folder: ProjectFolder
beforeAll(async () => {
  folder = await projectFolder(project)
})
afterAll(() => folder.remove())

const sale = (sale_id: number, amount: string, day: number) => {
  return { sale_id, amount, city_id: 1, updated_at: `2025-01-0${day} 10:00:00` }
}
const cities = files({
  'city-2025-01-01.csv': 'city_id,Name\n1,Old\n',
  'city-2025-01-02.csv': 'city_id,Name\n1,Boston\n2,Paris\n',
})
const run = (options: Partial<OfflineOptions>) => runProject({ folder: folder.root, batch: '2025-01-02', ...options })

test('runs scripts of every kind on given rows, and shows what they published as exact texts', async () => {
  const asked: unknown[] = []
  const { exitCode, outcomes, rejects, rows } = await run({
    environment: { RATES: 'https://rates.example.com' },
    sources: { shop: tables({ sales: [sale(1, '1.10', 1), sale(2, 'free', 1), sale(3, '10', 2)] }), drop: cities },
    fetch: (url, { headers }) => {
      asked.push([url, headers])
      return Response.json([{ currency: 'EUR', rate: '1.084000' }])
    },
  })
  expect(outcomes.map(({ script, exitCode: code, error }) => [script, code, error])).toEqual(
    expect.arrayContaining([
      ['extract/sales', 0, undefined],
      ['load/sales', 4, undefined],
      ['load/rate', 0, undefined],
      ['mart/sales_by_city', 0, undefined],
    ]),
  )
  expect(exitCode).toBe(4)
  expect(rows('fact_sales')).toEqual([
    { sale_id: '1', amount: '1.10', city_id: '1', updated_at: '2025-01-01 10:00:00' },
    { sale_id: '3', amount: '10.00', city_id: '1', updated_at: '2025-01-02 10:00:00' },
  ])
  expect(rows('target.city')).toEqual([
    { city_id: '1', name: 'Boston' },
    { city_id: '2', name: 'Paris' },
  ])
  expect(rows('rate')).toEqual([{ currency: 'EUR', rate: '1.084000' }])
  expect(rows('sales_by_city')).toEqual([{ name: 'Boston', amount: '11.10' }])
  expect(rejects).toMatchObject([{ script: 'load/sales', code: 'CAST', column: 'amount', value: 'free', row: 2 }])
  expect(asked).toEqual([['https://rates.example.com?day=2025-01-02', { accept: 'application/json' }]])
  expect(() => rows('fact_sale')).toThrow("No load or mart of the run wrote 'fact_sale'. Did you mean 'fact_sales'?")
})

test('batches before come first, and the cursor goes on from them', async () => {
  const first = tables({ sales: [sale(1, '1.00', 1), sale(2, '2.00', 1)] })
  const second = tables({ sales: [sale(1, '9.99', 1), sale(2, '2.50', 2), sale(3, '3.00', 2)] })
  const { outcomes, rows } = await run({
    before: [{ batch: '2025-01-01', sources: { shop: first } }],
    sources: { shop: second },
    only: ['load/sales'],
  })
  expect(outcomes.map(({ script, exitCode }) => [script, exitCode])).toEqual([
    ['extract/sales', 0],
    ['load/sales', 0],
  ])
  expect(rows('fact_sales').map((row) => row['amount'])).toEqual(['1.00', '2.50', '3.00'])
})

test('a batch before that fails is named', async () => {
  await expect(run({ before: [{ batch: '2025-01-01' }], only: ['load/sales'] })).rejects.toThrow(
    'extract/sales failed for batch 2025-01-01, before the one that is tested: The offline run has nothing to read for the connection shop.',
  )
})

test('nothing of the project is opened, changed or left behind', async () => {
  const before = await readdir(folder.root, { recursive: true })
  const isOurs = (name: string) => name.startsWith('sluice-offline-')
  const temporary = (await readdir(tmpdir())).filter(isOurs)
  await run({ sources: { shop: tables({ sales: [sale(1, '1', 1)] }) }, only: ['load/sales'] })
  expect(await readdir(folder.root, { recursive: true })).toEqual(before)
  expect((await readdir(tmpdir())).filter(isOurs)).toEqual(temporary)
})

describe('what is missing is named', () => {
  const failure = async (options: Partial<OfflineOptions>) => (await run(options)).outcomes.find(({ error }) => error)?.error

  test('a connection without rows, a resource without rows, and one whose name is near', async () => {
    expect(await failure({ only: ['extract/sales'] })).toMatchObject({
      message: 'The offline run has nothing to read for the connection shop.',
      hint: 'Give it to runProject: sources: { shop: tables({ … }) }.',
    })
    expect(await failure({ only: ['extract/sales'], sources: { shop: tables({ sale: [{ a: 1 }] }) } })).toMatchObject({
      message: "There are no rows for 'sales' of shop. Did you mean 'sale'?",
    })
    expect(await failure({ only: ['extract/sales'], sources: { shop: tables({}) } })).toMatchObject({
      message: "There are no rows for 'sales' of shop.",
      code: 'RESOURCE_NOT_FOUND',
    })
  })

  test('the network, and variables that stand in .env only', async () => {
    expect(await failure({ only: ['extract/rate'] })).toMatchObject({ code: 'VARIABLE_UNSET' })
    expect(await failure({ only: ['extract/rate'], environment: { RATES: 'https://rates.example.com' } })).toMatchObject({
      message: 'There is no network for https://rates.example.com in an offline run.',
      hint: 'Give runProject its answers: fetch: (url) => Response.json([ … ]).',
    })
  })

  test('a script', async () => {
    await expect(run({ only: ['load/sale'] })).rejects.toMatchObject({ code: 'SCRIPT_UNKNOWN' })
  })
})

describe('the types of given rows', () => {
  const typed = async (rows: readonly object[]) => {
    const { outcomes, rows: published } = await run({ only: ['load/sales'], sources: { shop: tables({ sales: rows }) } })
    const failed = outcomes.find(({ error }) => error)
    return failed?.error?.message ?? published('fact_sales')
  }

  test('are those of the values, or declared', async () => {
    const none = { columns: { sale_id: bigint(), updated_at: timestamp() }, rows: [] }
    const { outcomes } = await run({ only: ['extract/sales'], sources: { shop: tables({ sales: none }) } })
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0])
    expect(
      await typed([
        { ...sale(1, '1', 1), amount: 1.5 },
        { ...sale(2, '1', 1), amount: 2 },
      ]),
    ).toMatchObject([{ amount: '1.50' }, { amount: '2.00' }])
    expect(await typed([{ ...sale(1, '1', 1), flag: true, bytes: Uint8Array.of(1), empty: null }])).toHaveLength(1)
  })

  test('must be one type a column', async () => {
    expect(await typed([])).toBe("The rows for 'sales' do not say which columns they have.")
    const mixed = "The values 'amount' of the rows for 'sales' do not say what type they have."
    expect(await typed([sale(1, '1', 1), { ...sale(2, '1', 1), amount: 1 }])).toBe(mixed)
    expect(await typed([{ ...sale(2, '1', 1), amount: new Date() }])).toBe(mixed)
  })
})

describe('a cursor over given rows', () => {
  const ids = async (at: readonly (string | null)[]) => {
    const rows = at.map((updated_at, index) => ({ ...sale(index + 1, '1', 1), updated_at }))
    const columns = { sale_id: bigint(), amount: bigint(), city_id: bigint(), updated_at: timestamp().optional() }
    const { outcomes } = await run({ only: ['extract/sales'], sources: { shop: tables({ sales: { columns, rows } }) } })
    return outcomes[0]?.ledger.find(({ term }) => term === 'rejected')?.rows
  }
  test('refuses rows without one, as the script says', async () => {
    expect(await ids(['2025-01-01 00:00:00', null, '2025-01-02 00:00:00'])).toBe(1)
  })
})
