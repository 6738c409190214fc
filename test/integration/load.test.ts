import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EngineProject, engineProject, loadOf, tableExtract } from '../fixtures/engine-project.ts'

const orders = tableExtract('orders')
const merge = { disposition: 'merge', key: ['id'], newest: 'updated_at' } as const
const create = 'CREATE TABLE orders (id INTEGER NOT NULL, updated_at TIMESTAMP NOT NULL, amount DECIMAL(12,2), note TEXT)'

function counts(outcome: { readonly ledger: readonly { readonly term: string; readonly rows: number }[] }) {
  return Object.fromEntries(outcome.ledger.map(({ term, rows }) => [term, rows]))
}

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
