import { afterEach, describe, expect, test } from 'vitest'
import type { LoadScript, Script } from '../../src/model/script.ts'
import {
  columnsOf,
  type EngineProject,
  engineProject,
  fileExtract,
  loadColumns,
  loadOf,
  tableExtract,
} from '../fixtures/engine-project.ts'
import { lakePaths, publishedState } from '../fixtures/published-state.ts'

const orders = tableExtract('orders')
const merge = { disposition: 'merge', key: ['id'] } as const
const wholeLoad = loadOf(orders, merge)

let project: EngineProject
afterEach(() => project.close())

async function open(scripts: readonly Script[] = [orders, wholeLoad]): Promise<void> {
  project = await engineProject(scripts)
  project.shop(`CREATE TABLE orders (id INTEGER, amount INTEGER); INSERT INTO orders VALUES (1, 10)`)
}

async function batch(date: string, script: LoadScript = wholeLoad) {
  await project.run(script.extract, date)
  return project.run(script.id, date)
}

const columnsIn = async (table: string) =>
  (await project.rows(`SELECT column_name FROM duckdb_columns() WHERE schema_name || '.' || table_name = '${table}'`)).flat()

/** What a refused step must leave as it was. */
async function everything() {
  const tables = await project.rows(
    'SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY ALL',
  )
  return { state: await publishedState(project), tables, lake: await lakePaths(project) }
}

describe('a column that is new at the source', () => {
  test('is added to landing and target; the rows of before have NULL in it', async () => {
    await open()
    await batch('2025-01-01')
    project.shop(`ALTER TABLE orders ADD COLUMN note TEXT; INSERT INTO orders VALUES (2, 20, 'new')`)
    expect(await batch('2025-01-02')).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(await project.rows('SELECT id, amount, note FROM target.orders ORDER BY id')).toEqual([
      ['1', '10', 'null'],
      ['2', '20', 'new'],
    ])
    for (const table of ['landing.orders', 'landing.orders__typed', 'target.orders']) {
      expect(await columnsIn(table)).toContain('note')
    }
  })

  test('is not taken into a target whose load declares its columns', async () => {
    const declared = loadOf(orders, merge, { columns: loadColumns(columnsOf({ id: 'int64' })) })
    await open([orders, declared])
    await batch('2025-01-01', declared)
    project.shop('ALTER TABLE orders ADD COLUMN note TEXT')
    expect(await batch('2025-01-02', declared)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(await columnsIn('landing.orders')).toContain('note')
    expect(await columnsIn('target.orders')).toEqual(['id', '_batch_id', '_script', '_run_id', '_loaded_at'])
  })
})

describe('a source that changed its shape', () => {
  test.each([
    ['another type', 'CREATE TABLE orders (id INTEGER, amount TEXT)', 'Column amount of orders is text now, it was int64'],
    ['a column less', 'CREATE TABLE orders (id INTEGER)', 'Column amount of orders is no longer there'],
    ['another name', 'CREATE TABLE orders (id INTEGER, total INTEGER)', 'Column amount of orders is no longer there'],
  ])('%s: the extraction is refused before it reads, nothing changes', async (_, create, says) => {
    await open()
    await batch('2025-01-01')
    const before = await everything()
    project.shop(`DROP TABLE orders; ${create}`)
    const refused = await project.run('extract/orders', '2025-01-02')
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'SCHEMA_CHANGED' } })
    expect(refused.error?.message).toContain(says)
    expect(await everything()).toEqual(before)
    expect(await project.run('load/orders', '2025-01-02')).toMatchObject({ exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
  })

  test('names that differ only by case, or are those of Sluice, are refused by name', async () => {
    const twins = fileExtract('twins', 'twins.csv', columnsOf({ id: 'int64', Name: 'text', name: 'text' }))
    const own = fileExtract('own', 'own.csv', columnsOf({ id: 'int64', _Row: 'text' }))
    await open([twins, own])
    await project.file('twins.csv', 'id,Name,name\n1,a,b\n')
    await project.file('own.csv', 'id,_Row\n1,a\n')
    const refused = await project.run('extract/twins', '2025-01-01')
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'SCHEMA_CHANGED' } })
    expect(refused.error?.message).toMatch(/Name.*name/)
    expect(await project.run('extract/own', '2025-01-01')).toMatchObject({ exitCode: 65, error: { code: 'SCHEMA_CHANGED' } })
    expect(await lakePaths(project)).toEqual([])
  })
})

describe('a load that does not fit', () => {
  const declaring = (types: Parameters<typeof columnsOf>[0], more: Partial<LoadScript> = {}) =>
    loadOf(orders, merge, { columns: loadColumns(columnsOf(types)), ...more })

  test.each([
    ['a column that is not extracted', declaring({ id: 'int64', price: 'int64' }), /needs the column price.*id, amount/],
    ['a key that is not loaded', declaring({ amount: 'int64' }), /needs the column id/],
    ['a type that nothing becomes', declaring({ id: 'int64', amount: 'binary' }), /makes amount a binary/],
  ])('%s', async (_, load, says) => {
    await open([orders, wholeLoad, load])
    await batch('2025-01-01')
    project.scripts = [orders, load]
    const before = await everything()
    const refused = await project.run(load.id, '2025-01-01', true)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'SCHEMA_CHANGED' } })
    expect(refused.error?.message).toMatch(says)
    expect(await everything()).toEqual(before)
  })

  test.each(['Id', '_Batch_Id', '_Row'])('a second column of one name, %s, is refused', async (name) => {
    const twin = columnsOf({ [name]: 'int64' }).map((column) => ({ ...column, from: 'amount' }))
    const load = loadOf(orders, merge, { columns: loadColumns([...columnsOf({ id: 'int64' }), ...twin]) })
    await open([orders, load])
    const refused = await batch('2025-01-01', load)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 78, error: { code: 'CONFIG_INVALID' } })
    expect(refused.error?.message).toContain(name)
    expect((await everything()).tables).toEqual([])
  })

  test('a target that holds another type is named, and stays as it is', async () => {
    await open()
    await batch('2025-01-01')
    const other = declaring({ id: 'int64', amount: { kind: 'decimal', precision: 12, scale: 2 } })
    project.scripts = [orders, other]
    const before = await everything()
    const refused = await project.run('load/orders', '2025-01-01', true)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'DDL_BREAKING' } })
    expect(refused.error?.message).toBe('target.orders holds amount as BIGINT, the script says decimal(12,2).')
    expect(await everything()).toEqual(before)
    project.scripts = [orders, { ...other, into: 'orders_2' }]
    expect(await project.run('load/orders', '2025-01-01', true)).toMatchObject({ status: 'DONE', exitCode: 0 })
    expect(await project.rows('SELECT amount FROM target.orders_2')).toEqual([['10.00']])
  })

  test('a view where the target should be is refused', async () => {
    await open()
    await (await project.context().warehouse()).define([
      { sql: 'CREATE SCHEMA target' },
      { sql: `CREATE VIEW target.orders AS SELECT 1::BIGINT AS id` },
    ])
    const refused = await batch('2025-01-01')
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 69, error: { code: 'TARGET_FAILED' } })
    expect(await project.rows('SELECT * FROM target.orders')).toEqual([['1']])
  })
})
