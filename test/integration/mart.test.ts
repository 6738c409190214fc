import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MartScript } from '../../src/model/script.ts'
import { type EngineProject, engineProject, loadOf, martOf, tableExtract } from '../fixtures/engine-project.ts'
import { counts, publishedState } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const orders = tableExtract('orders')
const load = loadOf(orders, { disposition: 'append' })
const select = 'SELECT city, sum(amount) AS amount FROM target.orders GROUP BY city'
const balance = { measure: 'amount', schema: 'target', table: 'orders', column: 'amount' }
const mart = (text: string, more: Partial<MartScript> = {}) => martOf('cities', text, { dependsOn: [load.id], ...more })

let project: EngineProject
beforeEach(async () => {
  project = await engineProject([orders, load, mart(select)])
  project.shop(`CREATE TABLE orders (city TEXT, amount DECIMAL(12,2));
    INSERT INTO orders VALUES ('Lima', 1.10), ('Lima', 2.20), ('Oslo', 3.30)`)
  await project.run('extract/orders', batch)
  await project.run('load/orders', batch)
})
afterEach(() => project.close())

/** Runs the mart as it is written now. */
function build(script: MartScript, force = false, of = batch) {
  project.scripts = [orders, load, script]
  return project.run('mart/cities', of, force)
}

const done = { status: 'DONE', exitCode: 0, error: undefined }
const rows = () => project.rows('SELECT * FROM mart.cities ORDER BY 1')
const martTables = async () =>
  (await project.rows(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'mart'`)).flat()
const sums = [
  ['Lima', '3.30'],
  ['Oslo', '3.30'],
]

describe('a table', () => {
  test('holds what its SELECT says; a rerun does nothing, --force rebuilds it under a new sequence', async () => {
    const first = await build(mart(select))
    expect(first).toMatchObject(done)
    expect(counts(first)).toEqual({ rows: 2 })
    expect(await rows()).toEqual(sums)
    const before = await publishedState(project)
    expect(await build(mart(select))).toMatchObject({ status: 'DONE_BEFORE', exitCode: 0 })
    expect(await publishedState(project)).toEqual(before)
    expect(await build(mart(select), true)).toMatchObject(done)
    expect(await rows()).toEqual(sums)
    expect(await project.rows(`SELECT "sequence", mart_rows FROM audit.ledger WHERE script = 'mart/cities' ORDER BY 1`)).toEqual([
      ['0', '2'],
      ['1', '2'],
    ])
    expect(await martTables()).toEqual(['cities'])
  })

  test('follows what it is built on: when that was loaded again, and by the next batch', async () => {
    expect(await build(mart(select), false, '2025-01-02')).toMatchObject({ exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
    await build(mart(select))
    project.shop(`INSERT INTO orders VALUES ('Rome', 5)`)
    await project.run('extract/orders', batch, true)
    await project.run('load/orders', batch)
    expect(await build(mart(select))).toMatchObject(done)
    expect(await rows()).toEqual([...sums, ['Rome', '5.00']])
    expect(await build(mart(select))).toMatchObject({ status: 'DONE_BEFORE' })
    project.shop(`DELETE FROM orders WHERE city <> 'Rome'`)
    await project.run('extract/orders', '2025-01-02')
    await project.run('load/orders', '2025-01-02')
    expect(await build(mart(select), false, '2025-01-02')).toMatchObject(done)
    expect((await rows()).at(-1)).toEqual(['Rome', '10.00'])
  })

  test('gets a column that is new in the SELECT, wherever it stands there', async () => {
    await build(mart(select))
    const wider = 'SELECT count(*) AS orders, city, sum(amount) AS amount FROM target.orders GROUP BY city'
    expect(await build(mart(wider), true)).toMatchObject(done)
    expect(await project.rows('SELECT city, amount, orders FROM mart.cities ORDER BY 1')).toEqual([
      ['Lima', '3.30', '2'],
      ['Oslo', '3.30', '1'],
    ])
  })

  test.each([
    ['another type', select.replace('sum(amount)', 'CAST(sum(amount) AS DOUBLE)'), /amount.*was DECIMAL.*is DOUBLE now/],
    ['a column less', 'SELECT city FROM target.orders', /amount.*no longer in the SELECT/],
  ])('%s is refused, and the old rows stay', async (_, text, says) => {
    await build(mart(select))
    const before = await publishedState(project)
    const refused = await build(mart(text), true)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'DDL_BREAKING' } })
    expect(refused.error?.message).toMatch(says)
    expect(await publishedState(project)).toEqual(before)
    expect(await martTables()).toEqual(['cities'])
  })
})

describe('a view', () => {
  test('shows what is there now; each batch has its row in the ledger', async () => {
    expect(await build(mart(select, { materialized: 'view' }))).toMatchObject(done)
    expect(await rows()).toEqual(sums)
    project.shop(`INSERT INTO orders VALUES ('Rome', 5)`)
    await project.run('extract/orders', batch, true)
    await project.run('load/orders', batch)
    expect(await rows()).toEqual([...sums, ['Rome', '5.00']])
    expect(await build(mart(select, { materialized: 'view' }))).toMatchObject({ status: 'DONE_BEFORE' })
    expect(await build(mart('SELECT city FROM target.orders', { materialized: 'view' }), true)).toMatchObject(done)
    expect(await rows()).toEqual([['Lima'], ['Lima'], ['Oslo'], ['Rome']])
  })

  test.each([
    ['table', 'view'],
    ['view', 'table'],
  ] as const)('in the place of a %s that became a %s is refused with what to do', async (from, to) => {
    await build(mart(select, { materialized: from }))
    const before = await publishedState(project)
    const refused = await build(mart(select, { materialized: to }), true)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'DDL_BREAKING' } })
    expect(refused.error?.hint).toContain(`mart.cities`)
    expect(await publishedState(project)).toEqual(before)
  })
})

describe.each(['table', 'view'] as const)('the balance of a %s', (materialized) => {
  test('that holds is published; one that does not stops it, and the mart stays', async () => {
    const balanced = await build(mart(select, { materialized, balance }))
    expect(balanced).toMatchObject(done)
    const before = await publishedState(project)
    const losing = mart(select.replace('GROUP', `WHERE city <> 'Oslo' GROUP`), { materialized, balance })
    const refused = await build(losing, true)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'HOP_UNBALANCED' } })
    expect(refused.error?.message).toContain('sum of amount is 3.30, that of target.orders.amount is 6.60')
    expect(await publishedState(project)).toEqual(before)
  })
})

describe('a SELECT', () => {
  test('with comments and semicolons is one SELECT', async () => {
    const texts = [
      `${select};`,
      `${select}; -- by city`,
      `${select} -- by city;`,
      `${select};\n/* by; city */ ;\n`,
      `-- by city\n${select}\n-- the end`,
      `SELECT city, amount FROM (${select}) AS s WHERE city <> '-- ;'`,
      `SELECT city, amount FROM (${select}) AS s WHERE city <> 'it''s; --';`,
      `SELECT city, amount FROM (${select}) AS s WHERE city <> E'it\\'s; --';`,
      `SELECT city, amount FROM (${select}) AS s WHERE city <> $x$it's; --$x$; -- $x$`,
      `SELECT city, "a;--" AS amount FROM (SELECT city, amount AS "a;--" FROM (${select}) AS s) AS t;`,
    ]
    for (const [index, text] of texts.entries()) {
      for (const materialized of ['table', 'view'] as const) {
        const name = `cities_${index}_${materialized}`
        expect([text, await build(mart(text, { materialized, name }), true)]).toMatchObject([text, done])
        expect(await project.rows(`SELECT * FROM mart.${name} ORDER BY 1`)).toEqual(sums)
      }
    }
  })

  test.each([
    ['that is none', 'SELEKT city FROM target.orders', /syntax error/],
    ['of a table that is not there', 'SELECT city FROM target.cities', /cities/],
    ['and another statement', `${select}; DROP TABLE target.orders`, /syntax error/],
  ])('%s is refused, and nothing changes', async (_, text, says) => {
    for (const materialized of ['table', 'view'] as const) {
      const named = { materialized, name: `cities_${materialized}` }
      expect(await build(mart(select, named), true)).toMatchObject(done)
      const before = [await publishedState(project), await martTables()]
      const refused = await build(mart(text, named), true)
      expect(refused).toMatchObject({ status: 'FAILED', exitCode: 69, error: { code: 'TARGET_FAILED' } })
      expect(refused.error?.message).toMatch(says)
      expect([await publishedState(project), await martTables()]).toEqual(before)
    }
  })
})
