import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Reading, Source } from '../../src/contracts/source.ts'
import type { ExtractScript } from '../../src/model/script.ts'
import { type EngineProject, engineProject, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { counts, lakePaths, publishedState } from '../fixtures/published-state.ts'

const cursor = { column: 'updated_at', overlap: undefined, nulls: 'reject' } as const
const orders = tableExtract('orders', cursor)
const named = (name: string, of: Partial<NonNullable<ExtractScript['cursor']>>): ExtractScript => ({
  ...tableExtract('orders', { ...cursor, ...of }),
  id: `extract/${name}`,
  name,
})
const [included, excluded, byId] = [
  named('included', { nulls: 'include' }),
  named('excluded', { nulls: 'exclude' }),
  named('by_id', { column: 'id', overlap: 1 }),
]
const load = loadOf(orders, { disposition: 'merge', key: ['id'], newest: 'updated_at' })

let project: EngineProject
beforeEach(async () => {
  project = await engineProject([orders, included, excluded, byId, load])
  project.shop('CREATE TABLE orders (id INTEGER, updated_at TIMESTAMP)')
})
afterEach(() => project.close())

const addNow = (id: number) => project.shop(`INSERT INTO orders VALUES (${id}, strftime('%Y-%m-%d %H:%M:%S', 'now'))`)
const latest = async (batch: string, id: ExtractScript['id'] = orders.id) => project.control.extractions.latest(id, batch)
const moved = async (id: ExtractScript['id'] = orders.id) => (await project.control.extractions.cursor(id))?.value

describe('windows', () => {
  test('follow each other without gap or overlap; a row that comes late is in the next one', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00')`)
    const first = await project.run('extract/orders', '2025-01-01')
    expect(first).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    addNow(2)
    await wait(1_100)
    // Committed later with a time before the next horizon.
    addNow(3)
    await wait(1_100)
    await project.run('extract/orders', '2025-01-02')
    addNow(4)
    const [one, two] = [await latest('2025-01-01'), await latest('2025-01-02')]
    expect(one?.window).toMatchObject({ column: 'updated_at', lower: undefined, proven: true })
    expect(one?.window?.next).toBe(one?.window?.upper)
    expect(two?.window).toMatchObject({ lower: one?.window?.upper, proven: true })
    expect([one?.rowsStaged, two?.rowsStaged]).toEqual([1, 2])
    expect(await moved()).toBe(two?.window?.upper)
    await project.run('load/orders', '2025-01-01')
    await project.run('load/orders', '2025-01-02')
    expect(await project.rows('SELECT id, _batch_id FROM target.orders ORDER BY 1')).toEqual([
      ['1', '2025-01-01'],
      ['2', '2025-01-02'],
      ['3', '2025-01-02'],
    ])
  })

  test('of the same second is empty: no part, nothing rejected, the load changes nothing', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00')`)
    await project.run('extract/orders', '2025-01-01')
    await project.run('load/orders', '2025-01-01')
    const before = await project.rows('SELECT * FROM target.orders')
    expect(await project.run('extract/orders', '2025-01-02')).toMatchObject({ status: 'DONE', exitCode: 0 })
    expect(await latest('2025-01-02')).toMatchObject({ rowsStaged: 0, rowsRejected: 0 })
    expect((await lakePaths(project)).filter((path) => path.includes('2025-01-02'))).toEqual([
      expect.stringMatching(/manifest\.json$/),
    ])
    const loaded = await project.run('load/orders', '2025-01-02')
    expect(loaded).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(counts(loaded)).toMatchObject({ staged: 0, candidates: 0, inserted: 0 })
    expect(await project.rows('SELECT * FROM target.orders')).toEqual(before)
  })

  test('are read again by --force as they were recorded, and the cursor stays', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00')`)
    await project.run('extract/orders', '2025-01-01')
    const [first, cursorBefore] = [await latest('2025-01-01'), await moved()]
    addNow(2)
    project.shop(`INSERT INTO orders VALUES (3, '2025-01-01 11:00:00')`)
    await wait(1_100)
    expect(await project.run('extract/orders', '2025-01-01')).toMatchObject({ status: 'DONE_BEFORE' })
    await project.run('extract/orders', '2025-01-01', true)
    const again = await latest('2025-01-01')
    expect(again).toMatchObject({ window: { lower: undefined, upper: first?.window?.upper }, rowsStaged: 2 })
    expect(again?.runId).not.toBe(first?.runId)
    expect(await moved()).toBe(cursorBefore)
    await project.run('extract/orders', '2025-01-02')
    expect(await latest('2025-01-02')).toMatchObject({ window: { lower: first?.window?.upper }, rowsStaged: 1 })
  })

  test('of a batch behind a newer one is empty, and the cursor does not move back', async () => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00')`)
    await project.run('extract/orders', '2025-01-01')
    addNow(2)
    await wait(1_100)
    await project.run('extract/orders', '2025-01-03')
    const cursorBefore = await moved()
    expect(await project.run('extract/orders', '2025-01-02')).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    const chained = (await latest('2025-01-01'))?.window?.upper
    expect(await latest('2025-01-02')).toMatchObject({ window: { lower: chained, upper: chained }, rowsStaged: 0 })
    await project.run('extract/orders', '2025-01-01', true)
    expect(await moved()).toBe(cursorBefore)
  })
})

test('a cursor of another column is refused: its bounds would mean nothing', async () => {
  project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00')`)
  await project.run('extract/by_id', '2025-01-01')
  project.scripts = [{ ...byId, cursor }]
  const before = [await publishedState(project), await lakePaths(project)]
  for (const [batch, force] of [
    ['2025-01-02', false],
    ['2025-01-01', true],
  ] as const) {
    const refused = await project.run('extract/by_id', batch, force)
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 78, error: { code: 'CURSOR_INVALID' } })
    expect(refused.error?.message).toContain('updated_at')
  }
  expect([await publishedState(project), await lakePaths(project)]).toEqual(before)
})

test('rows without a cursor: refused, taken or left out, as the script says', async () => {
  project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00'), (2, NULL)`)
  const outcomes = []
  for (const script of [orders, included, excluded]) outcomes.push(await project.run(script.id, '2025-01-01'))
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([4, 0, 0])
  expect(outcomes.map(counts)).toMatchObject([
    { expected: 2, read: 2, staged: 1, rejected: 1 },
    { expected: 2, staged: 2, rejected: 0 },
    { expected: 1, staged: 1, rejected: 0 },
  ])
  expect(await project.run('load/orders', '2025-01-01')).toMatchObject({ exitCode: 65, error: { code: 'REJECTS_OVER_LIMIT' } })
  expect(await project.rows('SELECT code, column_name, row_number, refused_by FROM audit.rejects')).toEqual([
    ['NULL_CURSOR', 'updated_at', '2', 'extract'],
  ])
})

test('a table without a row is a package without a part', async () => {
  expect(await project.run('extract/orders', '2025-01-01')).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
  expect(counts(await project.run('load/orders', '2025-01-01'))).toMatchObject({ staged: 0, landed: 0, inserted: 0 })
  expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['0']])
})

describe('a source that counts other rows than it brings', () => {
  const miscounting = (source: Source, by: number): Source => ({
    check: () => source.check(),
    describe: (resource) => source.describe(resource),
    close: () => source.close(),
    open: async (request) => {
      const reading = await source.open(request)
      return {
        schema: reading.schema,
        window: reading.window,
        expectedRows: (reading.expectedRows ?? 0) + by,
        partitions: reading.partitions,
        read: (partition) => reading.read(partition),
        close: () => reading.close(),
      } satisfies Reading
    },
  })

  test.each([1, -1])('%i: stops the extraction, nothing of it stays', async (by) => {
    project.shop(`INSERT INTO orders VALUES (1, '2025-01-01 10:00:00'), (2, '2025-01-01 10:00:00')`)
    project.source = (source) => miscounting(source, by)
    const outcome = await project.run('extract/orders', '2025-01-01')
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'HOP_UNBALANCED' } })
    expect(outcome.error?.message).toContain(`source-read does not balance: expected ${2 + by} is not read 2`)
    expect([await lakePaths(project), await moved(), await latest('2025-01-01')]).toEqual([[], undefined, undefined])
    project.source = (source) => source
    expect(await project.run('extract/orders', '2025-01-01')).toMatchObject({ status: 'DONE', exitCode: 0 })
  })
})
