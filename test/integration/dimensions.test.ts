import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LoadScript } from '../../src/model/script.ts'
import { type EngineProject, engineProject, loadOf, tableExtract } from '../fixtures/engine-project.ts'

const [stores, sales, plain] = [tableExtract('stores'), tableExtract('sales'), tableExtract('plain')]
const storeLoad = loadOf(stores, { disposition: 'merge', key: ['store_id'], surrogateKey: 'store_key' })
const lookup: LoadScript['lookups'][number] = {
  name: 'store_key',
  dimension: storeLoad.id,
  into: 'stores',
  surrogateKey: 'store_key',
  keys: [{ column: 'store_id', from: 'store' }],
  unknown: 'stub',
  nullable: true,
}

function factLoad(more: Partial<LoadScript> = {}): LoadScript {
  const write = { disposition: 'merge', key: ['sale_id'], newest: 'updated_at' } as const
  return loadOf(sales, write, { dependsOn: [sales.id, storeLoad.id], lookups: [lookup], ...more })
}

const shop = `CREATE TABLE stores (store_id INTEGER NOT NULL, name TEXT);
  CREATE TABLE sales (sale_id INTEGER NOT NULL, updated_at TIMESTAMP NOT NULL, store INTEGER, amount DECIMAL(12,2) NOT NULL);
  CREATE TABLE plain (id INTEGER, v TEXT);
  INSERT INTO stores VALUES (10, 'Boston'), (20, 'Lima');
  INSERT INTO sales VALUES (1, '2025-01-01 10:00:00', 10, 1), (2, '2025-01-01 10:00:00', 20, 2), (3, '2025-01-01 10:00:00', NULL, 3)`

let project: EngineProject
afterEach(() => project.close())

async function open(...loads: readonly LoadScript[]): Promise<void> {
  project = await engineProject([stores, sales, plain, ...loads])
  project.shop(shop)
}

async function batch(date: string, ...ids: readonly string[]) {
  const outcomes = []
  for (const id of ids) outcomes.push(await project.run(id, date))
  return outcomes
}

const all = ['extract/stores', 'load/stores', 'extract/sales', 'load/sales'] as const

function terms(outcome: { readonly ledger: readonly { readonly term: string; readonly rows: number }[] } | undefined) {
  return Object.fromEntries((outcome?.ledger ?? []).map(({ term, rows }) => [term, rows]))
}

describe('a fact that looks into a dimension', () => {
  beforeEach(() => open(storeLoad, factLoad()))

  const facts = () =>
    project.rows(`SELECT s.sale_id, s.store, d.store_id, d._stub, d.name FROM target.sales s
      LEFT JOIN target.stores d ON d.store_key = s.store_key ORDER BY 1`)

  test('points at the row of its key; NULL points nowhere', async () => {
    for (const outcome of await batch('2025-01-01', ...all)) expect(outcome).toMatchObject({ exitCode: 0, error: undefined })
    expect(await facts()).toEqual([
      ['1', '10', '10', 'false', 'Boston'],
      ['2', '20', '20', 'false', 'Lima'],
      ['3', 'null', 'null', 'null', 'null'],
    ])
  })

  test('makes a stub for an unknown key, which the row itself completes under the same surrogate key', async () => {
    await batch('2025-01-01', ...all)
    project.shop(`INSERT INTO sales VALUES (4, '2025-01-02 10:00:00', 30, 4), (5, '2025-01-02 10:00:00', 30, 5)`)
    const outcomes = await batch('2025-01-02', ...all)
    expect(outcomes.at(-1)).toMatchObject({ exitCode: 0, error: undefined })
    expect(terms(outcomes.at(-1))).toMatchObject({ 'unknown keys': 1, stubs: 1, inserted: 2 })
    const [stub] = await project.rows('SELECT store_key, _stub, name FROM target.stores WHERE store_id = 30')
    expect(stub?.slice(1)).toEqual(['true', 'null'])
    project.shop(`INSERT INTO stores VALUES (30, 'Oslo')`)
    const [, completed] = await batch('2025-01-03', 'extract/stores', 'load/stores')
    expect(terms(completed)).toMatchObject({ updated: 1, unchanged: 2, inserted: 0 })
    expect(await project.rows('SELECT store_key, _stub, name FROM target.stores WHERE store_id = 30')).toEqual([
      [stub?.[0], 'false', 'Oslo'],
    ])
    expect((await facts()).at(-1)).toEqual(['5', '30', '30', 'false', 'Oslo'])
  })

  test('a stub is completed by a row that has nothing but its key, too', async () => {
    project.shop(`INSERT INTO sales VALUES (4, '2025-01-01 10:00:00', 30, 4)`)
    await batch('2025-01-01', ...all)
    project.shop('INSERT INTO stores VALUES (30, NULL)')
    const [, completed] = await batch('2025-01-02', 'extract/stores', 'load/stores')
    expect(terms(completed)).toMatchObject({ updated: 1, unchanged: 2 })
    expect(await project.rows('SELECT _stub, name FROM target.stores WHERE store_id = 30')).toEqual([['false', 'null']])
  })

  test('surrogate keys are unique and stay with their natural keys', async () => {
    await batch('2025-01-01', ...all)
    const before = await project.rows('SELECT store_id, store_key FROM target.stores ORDER BY 1')
    project.shop(`UPDATE stores SET name = 'Cusco' WHERE store_id = 20; INSERT INTO stores VALUES (5, 'Rome')`)
    await batch('2025-01-02', 'extract/stores', 'load/stores')
    const after = await project.rows('SELECT store_id, store_key FROM target.stores ORDER BY 1')
    expect(after.slice(1)).toEqual(before)
    expect(new Set(after.map(([, key]) => key)).size).toBe(3)
  })

  test('a key that the dimension holds twice stops the load', async () => {
    await batch('2025-01-01', 'extract/stores', 'load/stores', 'extract/sales')
    project.session = (session) => ({
      ...session,
      execute: async (statement) => {
        const changed = await session.execute(statement)
        if (statement.sql.startsWith('UPDATE audit._fence')) {
          await session.execute({ sql: 'INSERT INTO target.stores SELECT * FROM target.stores WHERE store_id = 10' })
        }
        return changed
      },
      query: (statement) => session.query(statement),
      copyInto: (copy) => session.copyInto(copy),
    })
    const [outcome] = await batch('2025-01-01', 'load/sales')
    expect(outcome).toMatchObject({ exitCode: 65, error: { code: 'HOP_UNBALANCED' } })
    expect(outcome?.error?.message).toContain('target.stores')
  })

  test('before the dimension was ever loaded the fact is refused', async () => {
    await batch('2025-01-01', 'extract/sales')
    expect((await batch('2025-01-01', 'load/sales'))[0]).toMatchObject({ exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
  })
})

describe('unknown keys that are refused', () => {
  const strict = { ...lookup, unknown: 'reject' } as const

  test('within the limit the others are published; over it, nothing is, and the rejects stay', async () => {
    await open(storeLoad, factLoad({ lookups: [strict], rejectLimit: 1 }))
    project.shop(`INSERT INTO sales VALUES (4, '2025-01-01 10:00:00', 77, 4)`)
    const outcomes = await batch('2025-01-01', ...all)
    expect(outcomes.at(-1)).toMatchObject({ exitCode: 4, error: undefined })
    expect(terms(outcomes.at(-1))).toMatchObject({ candidates: 4, inserted: 3, 'refused at publish': 1, stubs: 0 })
    project.shop(`INSERT INTO sales VALUES (5, '2025-01-02 10:00:00', 78, 5)`)
    const [, refused] = await batch('2025-01-02', 'extract/sales', 'load/stores')
      .then(() => batch('2025-01-02', 'extract/stores', 'load/stores', 'load/sales'))
      .then((list) => [list[0], list[2]])
    expect(refused).toMatchObject({ exitCode: 65, error: { code: 'REJECTS_OVER_LIMIT' } })
    expect(
      await project.rows(`SELECT code, column_name, value FROM audit.rejects WHERE batch = '2025-01-02' ORDER BY 3`),
    ).toEqual([
      ['UNKNOWN_KEY', 'store_key', '77'],
      ['UNKNOWN_KEY', 'store_key', '78'],
    ])
    expect(await project.rows('SELECT count(*) FROM target.sales')).toEqual([['3']])
  })

  test('a required lookup refuses NULL', async () => {
    await open(storeLoad, factLoad({ lookups: [{ ...strict, nullable: false }], rejectLimit: 5 }))
    await batch('2025-01-01', ...all)
    expect(await project.rows('SELECT code, column_name FROM audit.rejects')).toEqual([['NULL_VALUE', 'store_key']])
  })
})

describe('replace', () => {
  const replace = (more: Partial<LoadScript['write']> = {}) =>
    loadOf(stores, { disposition: 'replace', key: ['store_id'], surrogateKey: 'store_key', ...more })

  test('writes what arrives and nothing else, under the same surrogate keys; stubs without a row stay', async () => {
    await open(replace(), factLoad())
    project.shop(`INSERT INTO sales VALUES (4, '2025-01-01 10:00:00', 30, 4)`)
    await batch('2025-01-01', ...all)
    const key = async (id: number) => (await project.rows(`SELECT store_key FROM target.stores WHERE store_id = ${id}`))[0]?.[0]
    const [lima, stub] = [await key(20), await key(30)]
    project.shop(`DELETE FROM stores WHERE store_id = 10; UPDATE stores SET name = 'Cusco'`)
    const [, outcome] = await batch('2025-01-02', 'extract/stores', 'load/stores')
    expect(outcome).toMatchObject({ exitCode: 0, error: undefined })
    expect(terms(outcome)).toMatchObject({ removed: 2, inserted: 1, 'batch keys': 1, 'keys in target': 1 })
    expect(await project.rows('SELECT store_id, store_key, name, _stub FROM target.stores ORDER BY 1')).toEqual([
      ['20', lima, 'Cusco', 'false'],
      ['30', stub, 'null', 'true'],
    ])
  })

  test('by nothing is refused unless it is allowed', async () => {
    await open(replace())
    await batch('2025-01-01', 'extract/stores', 'load/stores')
    project.shop('DELETE FROM stores')
    const [, refused] = await batch('2025-01-02', 'extract/stores', 'load/stores')
    expect(refused).toMatchObject({ exitCode: 65, error: { code: 'REPLACE_EMPTY' } })
    expect(await project.rows('SELECT count(*) FROM target.stores')).toEqual([['2']])
  })

  test('by an older batch is refused', async () => {
    await open(replace())
    await batch('2025-01-02', 'extract/stores', 'load/stores')
    const [, older] = await batch('2025-01-01', 'extract/stores', 'load/stores')
    expect(older).toMatchObject({ exitCode: 77, error: { code: 'BATCH_NOT_LATEST' } })
  })

  test('of an incremental extraction is refused', async () => {
    const incremental = tableExtract('sales', { column: 'updated_at', overlap: undefined, nulls: 'reject' })
    project = await engineProject([incremental, loadOf(incremental, { disposition: 'replace' })])
    project.shop(shop)
    const [, refused] = await batch('2025-01-01', 'extract/sales', 'load/sales')
    expect(refused).toMatchObject({ exitCode: 78, error: { code: 'REPLACE_INCREMENTAL' } })
  })
})

describe('insert_only', () => {
  test('adds the keys that are not there and keeps the rows that are', async () => {
    await open(loadOf(stores, { disposition: 'insert_only', key: ['store_id'] }))
    await batch('2025-01-01', 'extract/stores', 'load/stores')
    project.shop(`UPDATE stores SET name = 'changed'; INSERT INTO stores VALUES (40, 'Bonn')`)
    const [, outcome] = await batch('2025-01-02', 'extract/stores', 'load/stores')
    expect(terms(outcome)).toMatchObject({ inserted: 1, kept: 2, 'batch keys': 3, 'keys in target': 3 })
    expect(await project.rows('SELECT store_id, name FROM target.stores ORDER BY 1')).toEqual([
      ['10', 'Boston'],
      ['20', 'Lima'],
      ['40', 'Bonn'],
    ])
  })
})

describe('columns and checks', () => {
  const column = { length: undefined, nullable: false, computed: undefined, default: undefined, mask: undefined }
  const id = { ...column, name: 'id', type: { kind: 'int64' }, from: 'id' } as const
  const v = { ...column, name: 'v', type: { kind: 'text' }, from: 'v' } as const

  test('rename, default, mask and computed', async () => {
    const columns: LoadScript['columns'] = [
      id,
      { ...v, name: 'label', default: 'none' },
      { ...v, name: 'hash', nullable: true, mask: 'sha256' },
      { ...v, name: 'hidden', nullable: true, mask: 'redact' },
      { ...column, name: 'twice', type: { kind: 'int64' }, from: 'twice', computed: 'id * 2' },
    ]
    await open(loadOf(plain, { disposition: 'append' }, { columns }))
    project.shop(`INSERT INTO plain VALUES (1, 'abc'), (2, NULL)`)
    const [, outcome] = await batch('2025-01-01', 'extract/plain', 'load/plain')
    expect(outcome).toMatchObject({ exitCode: 0, error: undefined })
    expect(await project.rows('SELECT id, label, hash, hidden, twice FROM target.plain ORDER BY id')).toEqual([
      ['1', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', '***', '2'],
      ['2', 'none', 'null', 'null', '4'],
    ])
  })

  test('NULL in a computed column that is not optional stops the load', async () => {
    const nothing = { ...column, name: 'nothing', type: { kind: 'int64' }, from: 'nothing', computed: 'nullif(id, 1)' } as const
    await open(loadOf(plain, { disposition: 'append' }, { columns: [id, nothing] }))
    project.shop(`INSERT INTO plain VALUES (1, 'a')`)
    const [, outcome] = await batch('2025-01-01', 'extract/plain', 'load/plain')
    expect(outcome).toMatchObject({ exitCode: 65, error: { code: 'CHECK_FAILED' } })
  })

  test('a default stands for NULL in newest, too: the row is as old as it says', async () => {
    const columns: LoadScript['columns'] = [id, { ...v, name: 'version', nullable: false, default: 'b' }]
    await open(loadOf(plain, { disposition: 'merge', key: ['id'], newest: 'version' }, { columns }))
    project.shop(`INSERT INTO plain VALUES (1, NULL), (2, 'c')`)
    const [, first] = await batch('2025-01-01', 'extract/plain', 'load/plain')
    expect(first).toMatchObject({ exitCode: 0, error: undefined })
    project.shop(`UPDATE plain SET v = 'a' WHERE id = 1; UPDATE plain SET v = NULL WHERE id = 2`)
    const [, second] = await batch('2025-01-02', 'extract/plain', 'load/plain')
    expect(terms(second)).toMatchObject({ older: 2, updated: 0, inserted: 0 })
    expect(await project.rows('SELECT id, version FROM target.plain ORDER BY id')).toEqual([
      ['1', 'b'],
      ['2', 'c'],
    ])
  })

  test.each([
    ['notNull', { kind: 'notNull', column: 'v' }, 1],
    ['between', { kind: 'between', column: 'id', lowest: '1', highest: '2' }, 1],
    ['oneOf', { kind: 'oneOf', column: 'v', values: ['a', 'b'] }, 1],
    ['matches', { kind: 'matches', column: 'v', pattern: '[ab]' }, 1],
    ['sql', { kind: 'sql', name: 'small', condition: "id < 3 OR v <> 'c'" }, 1],
  ] as const)('the check %s fails the load, or only warns', async (_, check, rows) => {
    for (const onFail of ['fail', 'warn'] as const) {
      const columns = [id, { ...v, nullable: true }]
      await open(loadOf(plain, { disposition: 'append' }, { columns, checks: [{ ...check, onFail }] }))
      project.shop(`INSERT INTO plain VALUES (1, 'a'), (2, 'b'), (3, 'c')${check.kind === 'notNull' ? ', (4, NULL)' : ''}`)
      const [, outcome] = await batch('2025-01-01', 'extract/plain', 'load/plain')
      if (onFail === 'warn') expect(outcome).toMatchObject({ exitCode: 0, error: undefined })
      else {
        expect(outcome).toMatchObject({ exitCode: 65, error: { code: 'CHECK_FAILED' } })
        expect(outcome?.error?.message).toMatch(new RegExp(`^${rows} rows`))
        expect(await project.rows('SELECT count(*) FROM target.plain')).toEqual([['0']])
        await project.close()
      }
    }
  })
})
