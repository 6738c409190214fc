import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { columnsOf, type EngineProject, engineProject, fileExtract, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { counts, publishedState } from '../fixtures/published-state.ts'

const append = { disposition: 'append' } as const
const [north, south] = [tableExtract('north'), tableExtract('south')]
const days = fileExtract('days', 'day-*.csv', columnsOf({ day: 'date', visits: 'int64' }))
const events = tableExtract('events', { column: 'at', overlap: undefined, nulls: 'reject' })
const again = {
  ...tableExtract('events', { column: 'id', overlap: 10, nulls: 'reject' }),
  id: 'extract/again',
  name: 'again',
} as const
const all = {
  ...tableExtract('events', { column: 'at', overlap: undefined, nulls: 'include' }),
  id: 'extract/all',
  name: 'all',
} as const

let project: EngineProject
beforeEach(async () => {
  project = await engineProject([
    north,
    south,
    days,
    events,
    again,
    all,
    loadOf(north, append, { into: 'sales' }),
    loadOf(south, append, { into: 'sales' }),
    loadOf(days, append),
    loadOf(events, append),
    loadOf(again, append),
    loadOf(all, append),
  ])
  project.shop(`CREATE TABLE north (id INTEGER, amount INTEGER); CREATE TABLE south (amount INTEGER, id INTEGER);
    CREATE TABLE events (id INTEGER, at TIMESTAMP);
    INSERT INTO north VALUES (1, 10), (1, 10), (2, 20); INSERT INTO south VALUES (50, 5)`)
})
afterEach(() => project.close())

async function batch(date: string, name: string, force = false) {
  await project.run(`extract/${name}`, date)
  return project.run(`load/${name}`, date, force)
}

const sales = () => project.rows('SELECT id, amount, _batch_id, _script FROM target.sales ORDER BY _script, _batch_id, id')

test('all rows are added, equal ones too; a rerun changes nothing, --force replaces only its own batch', async () => {
  const first = await batch('2025-01-01', 'north')
  expect(first).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
  expect(counts(first)).toMatchObject({ candidates: 3, inserted: 3, removed: 0 })
  await batch('2025-01-02', 'north')
  const before = await publishedState(project)
  expect(await batch('2025-01-02', 'north')).toMatchObject({ status: 'DONE_BEFORE', exitCode: 0 })
  expect(await publishedState(project)).toEqual(before)
  const rows = await sales()
  expect(rows).toHaveLength(6)
  expect(counts(await batch('2025-01-01', 'north', true))).toMatchObject({ inserted: 3, removed: 3 })
  expect(await sales()).toEqual(rows)
})

test('a batch that was extracted again replaces what the first package brought', async () => {
  await batch('2025-01-01', 'north')
  project.shop('DELETE FROM north WHERE id = 1; UPDATE north SET amount = 21')
  await project.run('extract/north', '2025-01-01', true)
  expect(counts(await project.run('load/north', '2025-01-01'))).toMatchObject({ inserted: 1, removed: 3 })
  expect(await sales()).toEqual([['2', '21', '2025-01-01', 'load/north']])
  project.shop('DELETE FROM north')
  await project.run('extract/north', '2025-01-01', true)
  expect(counts(await project.run('load/north', '2025-01-01'))).toMatchObject({ inserted: 0, removed: 1 })
  expect(await sales()).toEqual([])
})

test('two scripts that append to one target, also at once, leave the rows of each other alone', async () => {
  await Promise.all([project.run('extract/north', '2025-01-01'), project.run('extract/south', '2025-01-01')])
  for (const outcome of await Promise.all([project.run('load/north', '2025-01-01'), project.run('load/south', '2025-01-01')])) {
    expect(outcome).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
  }
  const rows = await sales()
  expect(rows.map(([id, amount, , script]) => `${script} ${id} ${amount}`)).toEqual([
    'load/north 1 10',
    'load/north 1 10',
    'load/north 2 20',
    'load/south 5 50',
  ])
  project.shop('INSERT INTO south VALUES (60, 6)')
  await project.run('extract/south', '2025-01-01', true)
  expect(counts(await project.run('load/south', '2025-01-01'))).toMatchObject({ inserted: 2, removed: 1 })
  expect(counts(await project.run('load/north', '2025-01-01', true))).toMatchObject({ inserted: 3, removed: 3 })
  expect(await sales()).toEqual([...rows, ['6', '60', '2025-01-01', 'load/south']])
})

test('each file of each batch is added once', async () => {
  await project.file('day-2025-01-01.csv', 'day,visits\n2025-01-01,7\n')
  expect(await batch('2025-01-01', 'days')).toMatchObject({ exitCode: 0, error: undefined })
  await project.file('day-2025-01-02.csv', 'day,visits\n2025-01-02,8\n2025-01-02,\n')
  expect(await batch('2025-01-02', 'days')).toMatchObject({ exitCode: 0, error: undefined })
  expect(await project.rows('SELECT day, visits, _batch_id FROM target.days ORDER BY 1, 2')).toEqual([
    ['2025-01-01', '7', '2025-01-01'],
    ['2025-01-02', '8', '2025-01-02'],
    ['2025-01-02', 'null', '2025-01-02'],
  ])
})

describe('with a cursor', () => {
  test('a batch that comes after a newer one adds no row a second time', async () => {
    project.shop(`INSERT INTO events VALUES (1, '2025-01-01 10:00:00')`)
    await batch('2025-01-01', 'events')
    project.shop(`INSERT INTO events VALUES (2, strftime('%Y-%m-%d %H:%M:%S', 'now'))`)
    await wait(1_100)
    await batch('2025-01-03', 'events')
    const rows = () => project.rows('SELECT id, _batch_id FROM target.events ORDER BY id')
    const both = [
      ['1', '2025-01-01'],
      ['2', '2025-01-03'],
    ]
    expect(await rows()).toEqual(both)
    expect(await batch('2025-01-02', 'events')).toMatchObject({ exitCode: 0, error: undefined })
    expect(await rows()).toEqual(both)
  })

  test('a batch before the first one adds no row a second time', async () => {
    project.shop(`INSERT INTO events VALUES (1, '2025-01-01 10:00:00')`)
    await batch('2025-01-03', 'events')
    expect(await batch('2025-01-02', 'events')).toMatchObject({ exitCode: 0, error: undefined })
    expect(await project.rows('SELECT id, _batch_id FROM target.events')).toEqual([['1', '2025-01-03']])
  })

  test.each(['again', 'all'])('%s: rows that every batch reads again cannot be appended', async (name) => {
    project.shop(`INSERT INTO events VALUES (1, '2025-01-01 10:00:00'), (2, NULL)`)
    const before = await publishedState(project)
    await project.run(`extract/${name}`, '2025-01-01')
    const refused = await project.run(`load/${name}`, '2025-01-01')
    expect(refused).toMatchObject({ status: 'REFUSED', exitCode: 78, error: { code: 'APPEND_WITH_OVERLAP' } })
    expect((await publishedState(project)).tables).toEqual(before.tables)
  })
})
