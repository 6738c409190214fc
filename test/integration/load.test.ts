import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { columnsOf, type EngineProject, engineProject, fileExtract, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { counts, publishedState } from '../fixtures/published-state.ts'

const orders = tableExtract('orders')
const merge = { disposition: 'merge', key: ['id'], newest: 'updated_at' } as const
const create = 'CREATE TABLE orders (id INTEGER NOT NULL, updated_at TIMESTAMP NOT NULL, amount DECIMAL(12,2), note TEXT)'

describe('merge with newest', () => {
  let project: EngineProject
  beforeEach(async () => {
    project = await engineProject([orders, loadOf(orders, merge)])
    project.shop(create)
  })
  afterEach(() => project.close())

  const target = () => project.rows('SELECT id, amount, note, _batch_id FROM target.orders ORDER BY id')

  test('two batches: what changed is updated, what is new is added, the rest stays', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1.10, 'a'), (2, '2025-01-01 10:00:00', 2.20, NULL)`)
    expect(await project.run('extract/orders', '2025-01-01')).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    const first = await project.run('load/orders', '2025-01-01')
    expect(first).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(counts(first)).toMatchObject({ landed: 2, typed: 2, candidates: 2, inserted: 2, updated: 0, 'keys in target': 2 })
    project.shop(`UPDATE orders SET amount = 9.99, updated_at = '2025-01-02 10:00:00' WHERE id = 2;
      INSERT INTO orders VALUES (3, '2025-01-02 10:00:00', 3.30, '')`)
    await project.run('extract/orders', '2025-01-02')
    const second = await project.run('load/orders', '2025-01-02')
    expect(counts(second)).toMatchObject({ candidates: 3, inserted: 1, updated: 1, unchanged: 1, older: 0 })
    expect(await target()).toEqual([
      ['1', '1.10', 'a', '2025-01-01'],
      ['2', '9.99', 'null', '2025-01-02'],
      ['3', '3.30', '', '2025-01-02'],
    ])
  })

  test('a load that is repeated does nothing, with --force it changes no row', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1.10, 'a')`)
    await project.run('extract/orders', '2025-01-01')
    await project.run('load/orders', '2025-01-01')
    expect(await project.run('load/orders', '2025-01-01')).toMatchObject({ status: 'DONE_BEFORE', exitCode: 0 })
    const forced = await project.run('load/orders', '2025-01-01', true)
    expect(counts(forced)).toMatchObject({ unchanged: 1, inserted: 0, updated: 0 })
    expect(await project.rows('SELECT "sequence" FROM audit.ledger ORDER BY 1')).toEqual([['0'], ['1']])
  })

  test('a load before its extraction is refused', async () => {
    const outcome = await project.run('load/orders', '2025-01-01')
    expect(outcome).toMatchObject({ status: 'REFUSED', exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
  })

  test('duplicates: the newest wins; a tie with other content is refused', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1, 'old'), (1, '2025-01-01 11:00:00', 2, 'new'),
      (2, '2025-01-01 10:00:00', 1, 'same'), (2, '2025-01-01 10:00:00', 1, 'same')`)
    await project.run('extract/orders', '2025-01-01')
    expect(counts(await project.run('load/orders', '2025-01-01'))).toMatchObject({ typed: 4, duplicates: 2, candidates: 2 })
    expect(await target()).toEqual([
      ['1', '2.00', 'new', '2025-01-01'],
      ['2', '1.00', 'same', '2025-01-01'],
    ])
    project.shop(`INSERT INTO orders VALUES (7, '2025-01-02 10:00:00', 1, 'x'), (7, '2025-01-02 10:00:00', 1, 'y')`)
    await project.run('extract/orders', '2025-01-02')
    const refused = await project.run('load/orders', '2025-01-02')
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'REJECTS_OVER_LIMIT' } })
    expect(await project.rows('SELECT DISTINCT code, value FROM audit.rejects')).toEqual([['DUP_CONFLICT', '7']])
    expect(await target()).toHaveLength(2)
    expect(await project.rows('SELECT count(*) FROM audit.ledger')).toEqual([['1']])
  })

  test('an older batch after a newer one changes nothing that is newer', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1, 'a')`)
    await project.run('extract/orders', '2025-01-01')
    project.shop(`UPDATE orders SET amount = 2, updated_at = '2025-01-02 10:00:00'`)
    await project.run('extract/orders', '2025-01-02')
    await project.run('load/orders', '2025-01-02')
    expect(counts(await project.run('load/orders', '2025-01-01'))).toMatchObject({ older: 1, updated: 0, inserted: 0 })
    expect(await target()).toEqual([['1', '2.00', 'a', '2025-01-02']])
  })
})

describe('merge without newest', () => {
  const files = fileExtract(
    'prices',
    'prices-*.csv',
    columnsOf({ id: 'int64', price: { kind: 'decimal', precision: 8, scale: 2 } }),
    {
      select: 'all',
    },
  )
  const byKey = { disposition: 'merge', key: ['id'] } as const
  let project: EngineProject
  beforeEach(async () => {
    project = await engineProject([
      orders,
      loadOf(orders, byKey),
      files,
      loadOf(files, byKey, { rejectLimit: 2 }),
      loadOf(files, byKey, { id: 'load/strict', name: 'strict', into: 'strict' }),
    ])
    project.shop(create)
  })
  afterEach(() => project.close())

  const target = () => project.rows('SELECT id, price FROM target.prices ORDER BY id')
  const rejects = () => project.rows('SELECT code, value, part, row_number FROM audit.rejects ORDER BY part, row_number')

  test('one key with other content in one file: every row of the tie is refused, equal ones are one row', async () => {
    await project.file('prices-2025-01-01.csv', 'id,price\n1,1.00\n2,5.00\n1,2.00\n3,3.00\n3,3.00\n')
    await project.run('extract/prices', '2025-01-01')
    const outcome = await project.run('load/prices', '2025-01-01')
    expect(outcome).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
    expect(counts(outcome)).toMatchObject({ typed: 5, duplicates: 1, 'refused by dedup': 2, candidates: 2, inserted: 2 })
    expect(await target()).toEqual([
      ['2', '5.00'],
      ['3', '3.00'],
    ])
    expect(await rejects()).toEqual([
      ['DUP_CONFLICT', '1', '1', '1'],
      ['DUP_CONFLICT', '1', '1', '3'],
    ])
  })

  test('one key in two files: the last in file order wins, whatever the order of their names', async () => {
    await project.file('prices-b-2025-01-01.csv', 'id,price\n1,1.00\n2,2.00\n')
    await project.file('prices-a-2025-01-02.csv', 'id,price\n2,9.00\n')
    await project.run('extract/prices', '2025-01-02')
    const outcome = await project.run('load/prices', '2025-01-02')
    expect(outcome).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(counts(outcome)).toMatchObject({ typed: 3, duplicates: 1, 'refused by dedup': 0, candidates: 2 })
    expect(await target()).toEqual([
      ['1', '1.00'],
      ['2', '9.00'],
    ])
  })

  test('a row without a key is refused as NULL_KEY, within the limit the others are published', async () => {
    await project.file('prices-2025-01-01.csv', 'id,price\n,1.00\n2,2.00\n')
    await project.run('extract/prices', '2025-01-01')
    expect(await project.run('load/strict', '2025-01-01')).toMatchObject({ exitCode: 65, error: { code: 'REJECTS_OVER_LIMIT' } })
    expect(await project.rows('SELECT count(*) FROM target.strict')).toEqual([['0']])
    expect(await project.run('load/prices', '2025-01-01')).toMatchObject({ exitCode: 4, error: undefined })
    expect(await project.rows(`SELECT code, column_name, value FROM audit.rejects WHERE script = 'load/prices'`)).toEqual([
      ['NULL_KEY', 'id', 'null'],
    ])
    expect(await target()).toEqual([['2', '2.00']])
  })

  test('a batch older than the published one is refused, and does not stand in the way of the next one', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-02 10:00:00', 2, 'new')`)
    await project.run('extract/orders', '2025-01-02')
    expect(await project.run('load/orders', '2025-01-02')).toMatchObject({ exitCode: 0 })
    project.shop(`UPDATE orders SET note = 'late'`)
    await project.run('extract/orders', '2025-01-01')
    const before = await publishedState(project)
    const refused = await project.run('load/orders', '2025-01-01')
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 77, error: { code: 'BATCH_NOT_LATEST' } })
    expect(refused.error?.message).toContain('2025-01-02')
    expect(await publishedState(project)).toEqual(before)
    await project.run('extract/orders', '2025-01-03')
    expect(await project.run('load/orders', '2025-01-03')).toMatchObject({ exitCode: 0, error: undefined })
    expect(await project.rows('SELECT note, _batch_id FROM target.orders')).toEqual([['late', '2025-01-03']])
  })

  test('a batch is refused while an earlier one is not loaded', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1, 'a')`)
    await project.run('extract/orders', '2025-01-01')
    await project.run('extract/orders', '2025-01-02')
    const refused = await project.run('load/orders', '2025-01-02')
    expect(refused).toMatchObject({ status: 'REFUSED', exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
    expect(refused.error?.hint).toContain('sluice load orders --batch 2025-01-01')
    expect(await project.run('load/orders', '2025-01-01')).toMatchObject({ exitCode: 0 })
    expect(await project.run('load/orders', '2025-01-02')).toMatchObject({ exitCode: 0 })
  })

  test('a package that was read again in place of a loaded one must be loaded before the next batch', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1, 'a')`)
    await project.run('extract/orders', '2025-01-01')
    await project.run('load/orders', '2025-01-01')
    await project.run('extract/orders', '2025-01-01', true)
    await project.run('extract/orders', '2025-01-02')
    expect(await project.run('load/orders', '2025-01-02')).toMatchObject({ exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
    const again = await project.run('load/orders', '2025-01-01')
    expect(counts(again)).toMatchObject({ unchanged: 1, inserted: 0 })
    expect(await project.run('load/orders', '2025-01-02')).toMatchObject({ exitCode: 0 })
  })
})
