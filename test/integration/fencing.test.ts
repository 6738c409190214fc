import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expireLease, failAt, pauseAt } from '../fixtures/disturb-run.ts'
import { type EngineProject, engineProject, loadOf, martOf, tableExtract } from '../fixtures/engine-project.ts'
import { counts, lakePaths, publishedState } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const orders = tableExtract('orders')
const append = loadOf(orders, { disposition: 'append' })
const mart = martOf('totals', 'SELECT sum(amount) AS amount FROM target.orders', { dependsOn: [append.id] })

let project: EngineProject
beforeEach(async () => {
  project = await engineProject([orders, append, mart])
  project.shop('CREATE TABLE orders (id INTEGER, amount INTEGER); INSERT INTO orders VALUES (1, 10), (2, 20)')
})
afterEach(() => project.close())

/** Starts a run and lets it stand at the point, then takes its lease from it: it does not notice. */
async function overtaken(id: string, point: string) {
  const paused = pauseAt(project, point)
  const ended = project.run(id, batch)
  await Promise.race([paused.reached, ended.then((outcome) => expect(outcome).toBe('still running'))])
  expireLease(project, id)
  return {
    wake: () => {
      paused.resume()
      return ended
    },
  }
}

const fenced = { status: 'FAILED', exitCode: 73, error: { code: 'FENCED' } }
const runStates = async (script: 'extract/orders' | 'load/orders' | 'mart/totals') =>
  (await project.control.runs.list({ script, limit: 9 })).map(({ status }) => status)

describe('a run whose successor wrote', () => {
  beforeEach(async () => {
    await project.run('extract/orders', batch)
  })

  test.each([
    ['before it stages', 'load.after-ddl'],
    ['before it publishes', 'load.after-stage-commit'],
  ])('%s is refused inside the transaction, and changes nothing', async (_, point) => {
    const old = await overtaken('load/orders', point)
    expect(await project.run('load/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    const before = await publishedState(project)
    const staged = await project.rows('SELECT DISTINCT _run_id FROM landing.orders__typed')
    expect(await old.wake()).toMatchObject(fenced)
    expect(await publishedState(project)).toEqual(before)
    expect(await project.rows('SELECT DISTINCT _run_id FROM landing.orders__typed')).toEqual(staged)
    expect(await runStates('load/orders')).toEqual(['SUCCESS', 'ABANDONED'])
  })

  test('its stage only, and failed then: the old run does not publish what the new one staged, or its own', async () => {
    const old = await overtaken('load/orders', 'load.after-stage-commit')
    failAt(project, 'load.after-stage-commit')
    expect(await project.run('load/orders', batch)).toMatchObject({ status: 'FAILED', exitCode: 70 })
    project.failpoint = async () => {}
    expect(await old.wake()).toMatchObject(fenced)
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['0']])
    expect(await project.run('load/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['2']])
  })

  test('after it published itself: the successor repairs, the old run is told, and the rows are there once', async () => {
    const old = await overtaken('load/orders', 'load.after-publish-commit')
    const successor = await project.run('load/orders', batch)
    expect(successor).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(counts(successor)).toMatchObject({ inserted: 2 })
    const before = await publishedState(project)
    expect(await old.wake()).toMatchObject(fenced)
    expect(await publishedState(project)).toEqual(before)
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['2']])
    expect(before.tables['audit.ledger']).toHaveLength(1)
  })

  test('a mart: the old run is refused inside its transaction', async () => {
    await project.run('load/orders', batch)
    const old = await overtaken('mart/totals', 'mart.after-ddl')
    expect(await project.run('mart/totals', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    const before = await publishedState(project)
    expect(await old.wake()).toMatchObject(fenced)
    expect(await publishedState(project)).toEqual(before)
  })
})

test('an extraction whose successor committed is refused at its own commit, and leaves nothing in the lake', async () => {
  const old = await overtaken('extract/orders', 'extract.before-commit')
  project.shop('INSERT INTO orders VALUES (3, 30)')
  expect(await project.run('extract/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
  const newest = await project.control.extractions.latest('extract/orders', batch)
  expect(await old.wake()).toMatchObject(fenced)
  expect(await project.control.extractions.latest('extract/orders', batch)).toEqual(newest)
  expect(newest?.rowsStaged).toBe(3)
  expect(await runStates('extract/orders')).toEqual(['STAGED', 'ABANDONED'])
  const folder = newest?.manifestPath.replace('manifest.json', '') ?? 'none'
  expect((await lakePaths(project)).filter((path) => !path.startsWith(folder))).toEqual([])
})

describe('a run whose successor wrote nothing', () => {
  test.each(['load.after-ddl', 'load.after-stage-commit'])('may publish from %s on; the control store follows', async (point) => {
    await project.run('extract/orders', batch)
    const old = await overtaken('load/orders', point)
    failAt(project, 'load.after-lease')
    expect(await project.run('load/orders', batch)).toMatchObject({ status: 'FAILED', exitCode: 70 })
    project.failpoint = async () => {}
    // It published, and cannot say so: the lease is not its own any more.
    expect(await old.wake()).toMatchObject(fenced)
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['2']])
    const before = await publishedState(project)
    expect(await project.run('load/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    const after = await publishedState(project)
    expect(after.tables).toEqual(before.tables)
    expect(after.done).toEqual([...before.done, 'load/orders 2025-01-01 0 0'])
  })
})

describe('another control store', () => {
  let other: EngineProject
  beforeEach(async () => {
    other = await engineProject([orders, append, mart], project)
    for (const id of ['extract/orders', 'load/orders', 'mart/totals']) {
      expect(await project.run(id, batch)).toMatchObject({ status: 'DONE', error: undefined })
    }
  })
  afterEach(() => other.close())

  const everything = async () => [
    await publishedState(project),
    await project.rows(
      'SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY ALL',
    ),
    await project.rows('SELECT * FROM landing.orders ORDER BY ALL'),
  ]

  test.each([
    ['whose token is as high', 0],
    ['whose token is lower', 1],
  ])('%s is refused by name, and leaves nothing that would refuse the owner', async (_, more) => {
    for (let count = 0; count < more; count++) await project.run('load/orders', batch, true)
    await other.run('extract/orders', batch)
    const before = await everything()
    const refused = await other.run('load/orders', batch)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 77, error: { code: 'OTHER_CONTROL_STORE' } })
    expect(refused.error?.message).toContain(project.context().store.storeId)
    expect(await everything()).toEqual(before)
    expect(await project.run('load/orders', batch, true)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
  })

  test('with another shape of the table does not change the tables of the owner', async () => {
    other.shop('ALTER TABLE orders ADD COLUMN note TEXT')
    await other.run('extract/orders', batch)
    const before = await everything()
    expect(await other.run('load/orders', batch)).toMatchObject({ exitCode: 77, error: { code: 'OTHER_CONTROL_STORE' } })
    expect(await everything()).toEqual(before)
  })

  test('does not change the shape of a mart, or what a view shows', async () => {
    const view = martOf('totals', 'SELECT 1 AS other')
    for (const changed of [view, { ...view, materialized: 'view' } as const]) {
      other.scripts = [orders, append, changed]
      const before = await everything()
      expect(await other.run('mart/totals', batch)).toMatchObject({ exitCode: 77, error: { code: 'OTHER_CONTROL_STORE' } })
      expect(await everything()).toEqual(before)
    }
    expect(await project.run('mart/totals', batch, true)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
  })
})
