import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ControlStore } from '../../src/contracts/control-store.ts'
import { extract } from '../../src/engine/extract.ts'
import { load } from '../../src/engine/load.ts'
import { SluiceError } from '../../src/errors.ts'
import type { LoadScript } from '../../src/model/script.ts'
import {
  columnsOf,
  type EngineProject,
  engineProject,
  fileExtract,
  loadColumns,
  loadOf,
  tableExtract,
} from '../fixtures/engine-project.ts'
import { lakePaths } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const done = { status: 'DONE', exitCode: 0, error: undefined }

let project: EngineProject
afterEach(() => project.close())

describe('an answer of the control store that got lost', () => {
  const orders = tableExtract('orders')
  const orderLoad = loadOf(orders, { disposition: 'append' })
  beforeEach(async () => {
    project = await engineProject([orders, orderLoad])
    project.shop('CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2)')
  })

  /** Does what is asked the first time, and says that it could not. */
  function losing<Key, Value, Answer>(ask: (key: Key, value: Value) => Promise<Answer>) {
    let lost = false
    return async (key: Key, value: Value): Promise<Answer> => {
      const answer = await ask(key, value)
      if (lost) return answer
      lost = true
      throw new SluiceError('CONTROL_FAILED', 'The answer got lost.', { hint: 'Ask again.' })
    }
  }

  const contextWith = (part: Partial<ControlStore>) => {
    const context = project.context()
    return { ...context, control: { ...context.control, ...part } }
  }

  test('to an extraction that committed: the run finds its own package, and reads nothing again', async () => {
    let opened = 0
    const { extractions } = project.control
    const context = contextWith({ extractions: { ...extractions, commit: losing(extractions.commit) } })
    const counted = {
      ...context,
      source: (name: string) => {
        opened += 1
        return context.source(name)
      },
    }
    const outcome = await extract(counted, { script: orders, batch, force: false })
    expect(outcome).toMatchObject(done)
    expect(outcome.ledger.length).toBeGreaterThan(0)
    expect(opened).toBe(1)
    expect(await lakePaths(project)).toHaveLength(2)
    expect(await project.run(orderLoad.id, batch)).toMatchObject(done)
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['2']])
  })

  test('and whose lease was seen free before it could ask again: its files stay, and it is done', async () => {
    project.settings = { ...project.settings, leaseTtlMs: 300 }
    const { extractions } = project.control
    const commit = async (...asked: Parameters<typeof extractions.commit>): Promise<boolean> => {
      await extractions.commit(...asked)
      await sleep(1_500)
      throw new SluiceError('CONTROL_FAILED', 'The answer got lost.', { hint: 'Ask again.' })
    }
    const context = contextWith({ extractions: { ...extractions, commit } })
    expect(await extract(context, { script: orders, batch, force: false })).toMatchObject(done)
    expect(await lakePaths(project)).toHaveLength(2)
  })

  test('to a run that began: it goes on, and does not find itself in its way', async () => {
    const { runs } = project.control
    const context = contextWith({ runs: { ...runs, begin: losing(runs.begin) } })
    expect(await extract(context, { script: orders, batch, force: false })).toMatchObject(done)
  })

  test('to a load that ended: it is done, not fenced', async () => {
    await project.run(orders.id, batch)
    const { runs } = project.control
    const context = contextWith({ runs: { ...runs, finish: losing(runs.finish) } })
    expect(await load(context, { script: orderLoad, batch, force: false })).toMatchObject(done)
  })
})

test('a source that cannot be closed after the commit: the extraction is done all the same', async () => {
  const orders = tableExtract('orders')
  project = await engineProject([orders])
  project.shop('CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2)')
  project.source = (source) => ({
    check: () => source.check(),
    describe: (resource) => source.describe(resource),
    close: () => source.close(),
    open: async (request) => {
      const reading = await source.open(request)
      return {
        schema: reading.schema,
        window: reading.window,
        expectedRows: reading.expectedRows,
        partitions: reading.partitions,
        read: (partition) => reading.read(partition),
        close: async () => {
          await reading.close()
          throw new SluiceError('SOURCE_UNREACHABLE', 'The source is gone.', { hint: 'Wait.' })
        },
      }
    },
  })
  expect(await project.run(orders.id, batch)).toMatchObject(done)
  expect(await lakePaths(project)).toHaveLength(2)
})

test('a load that waits for another one that writes its target keeps its lease', async () => {
  const orders = tableExtract('orders')
  const orderLoad = loadOf(orders, { disposition: 'append' })
  project = await engineProject([orders, orderLoad])
  project.shop('CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2)')
  project.settings = { ...project.settings, leaseTtlMs: 3_000 }
  await project.run(orders.id, batch)
  const warehouse = await project.context().warehouse()
  let other: Promise<void> | undefined
  project.failpoint = async (point) => {
    if (point !== 'load.after-ddl') return
    other = warehouse.transaction([{ schema: 'target', table: 'orders' }], () => sleep(4_000))
  }
  expect(await project.run(orderLoad.id, batch)).toMatchObject(done)
  await other
})

describe('a dimension that gets its surrogate key later', () => {
  const [stores, sales] = [tableExtract('stores'), tableExtract('sales')]
  const keyed = loadOf(stores, { disposition: 'merge', key: ['store_id'], surrogateKey: 'store_key' })
  const lookup: LoadScript['lookups'][number] = {
    name: 'store_key',
    dimension: keyed.id,
    into: 'stores',
    surrogateKey: 'store_key',
    keys: [{ column: 'store_id', from: 'store' }],
    unknown: 'stub',
    nullable: true,
  }
  const facts = loadOf(sales, { disposition: 'append' }, { lookups: [lookup] })

  beforeEach(async () => {
    const plain = loadOf(stores, { disposition: 'merge', key: ['store_id'] })
    project = await engineProject([stores, sales, plain, facts])
    project.shop(`CREATE TABLE stores (store_id INTEGER, name TEXT); CREATE TABLE sales (sale_id INTEGER, store INTEGER);
      INSERT INTO stores VALUES (10, 'Boston'), (20, 'Lima'); INSERT INTO sales VALUES (1, 10), (2, 20)`)
    await project.run(stores.id, batch)
    await project.run(plain.id, batch)
    project.scripts = [stores, sales, keyed, facts]
  })

  test('gives one to the rows that it has: no fact points nowhere', async () => {
    project.shop(
      `DELETE FROM stores WHERE store_id = 10; UPDATE stores SET name = 'Cusco'; INSERT INTO stores VALUES (30, 'Oslo')`,
    )
    await project.run(stores.id, '2025-01-02')
    expect(await project.run(keyed.id, '2025-01-02')).toMatchObject(done)
    await project.run(sales.id, '2025-01-02')
    expect(await project.run(facts.id, '2025-01-02')).toMatchObject(done)
    const keys = (await project.rows('SELECT store_key FROM target.stores')).flat()
    expect(keys).not.toContain('null')
    expect(new Set(keys).size).toBe(3)
    expect(
      await project.rows('SELECT s.sale_id, d.name FROM target.sales s LEFT JOIN target.stores d USING (store_key) ORDER BY 1'),
    ).toEqual([
      ['1', 'Boston'],
      ['2', 'Cusco'],
    ])
  })

  test('in a column that was there before: new keys begin behind the old ones', async () => {
    await project.rows('ALTER TABLE target.stores ADD COLUMN store_key BIGINT')
    await project.rows('UPDATE target.stores SET store_key = store_id / 10')
    project.shop(`INSERT INTO stores VALUES (30, 'Oslo')`)
    await project.run(stores.id, '2025-01-02')
    expect(await project.run(keyed.id, '2025-01-02')).toMatchObject(done)
    expect(await project.rows('SELECT store_id, store_key FROM target.stores ORDER BY 1')).toEqual([
      ['10', '1'],
      ['20', '2'],
      ['30', '3'],
    ])
  })

  test('before it has: the fact is refused by name', async () => {
    await project.run(sales.id, batch)
    const refused = await project.run(facts.id, batch)
    expect(refused).toMatchObject({ exitCode: 77, error: { code: 'UPSTREAM_NOT_DONE' } })
    expect(refused.error?.hint).toContain('sluice load stores')
  })
})

describe('two scripts into one target', () => {
  const [east, west] = [tableExtract('east'), tableExtract('west')]
  const open = async (...loads: readonly LoadScript[]) => {
    project = await engineProject([east, west, ...loads])
    project.shop(`CREATE TABLE east (id INTEGER); CREATE TABLE west (id INTEGER);
      INSERT INTO east VALUES (1); INSERT INTO west VALUES (2)`)
    for (const { id } of [east, west]) await project.run(id, batch)
  }

  test('of which one replaces: it is refused, or it would remove what the other wrote', async () => {
    const [replacing, adding] = [
      loadOf(east, { disposition: 'replace' }, { into: 'all_stores' }),
      loadOf(west, { disposition: 'append' }, { into: 'all_stores' }),
    ]
    await open(replacing, adding)
    expect(await project.run(adding.id, batch)).toMatchObject(done)
    const refused = await project.run(replacing.id, batch)
    expect(refused).toMatchObject({ status: 'REFUSED', exitCode: 78, error: { code: 'CONFIG_INVALID' } })
    expect(refused.error?.message).toContain('load/west')
    expect(await project.rows('SELECT id FROM target.all_stores')).toEqual([['2']])
  })

  test('that spell it in two ways are refused: they would have two fences and two marks', async () => {
    const loads = [
      loadOf(east, { disposition: 'append' }, { into: 'all_stores' }),
      loadOf(west, { disposition: 'append' }, { into: 'All_Stores' }),
    ] as const
    await open(...loads)
    for (const { id } of loads) {
      const refused = await project.run(id, batch)
      expect(refused).toMatchObject({ status: 'REFUSED', exitCode: 78, error: { code: 'CONFIG_INVALID' } })
    }
  })
})

describe('a replacement by a package that holds only what was new', () => {
  test('of files: refused, also when the package was read again', async () => {
    const lines = fileExtract('lines', '*.csv', columnsOf({ id: 'int64' }), { select: 'new', renamed: 'read' })
    const lineLoad = loadOf(lines, { disposition: 'replace' })
    project = await engineProject([lines, lineLoad])
    await project.file('a.csv', 'id\n1\n')
    for (const force of [false, true]) {
      await project.run(lines.id, batch, force)
      const refused = await project.run(lineLoad.id, batch)
      expect(refused).toMatchObject({ exitCode: 78, error: { code: 'REPLACE_INCREMENTAL' } })
    }
  })

  test('of a cursor that the extraction had when it read: refused, and the target stays', async () => {
    const [byCursor, whole] = [tableExtract('orders', { column: 'at', overlap: 1, nulls: 'reject' }), tableExtract('orders')]
    const merging = loadOf(byCursor, { disposition: 'merge', key: ['id'] })
    const replacing = loadOf(whole, { disposition: 'replace' })
    project = await engineProject([byCursor, merging])
    project.shop(`CREATE TABLE orders (id INTEGER, at TIMESTAMP); INSERT INTO orders VALUES (1, '2025-01-01 10:00:00')`)
    await project.run(byCursor.id, batch)
    expect(await project.run(merging.id, batch)).toMatchObject(done)
    project.shop(`INSERT INTO orders VALUES (2, '2025-01-02 10:00:00')`)
    await project.run(byCursor.id, '2025-01-02')
    project.scripts = [whole, replacing]
    const refused = await project.run(replacing.id, '2025-01-02')
    expect(refused).toMatchObject({ exitCode: 78, error: { code: 'REPLACE_INCREMENTAL' } })
    expect(await project.rows('SELECT id FROM target.orders')).toEqual([['1']])
    await project.run(whole.id, '2025-01-02', true)
    expect(await project.run(replacing.id, '2025-01-02')).toMatchObject(done)
    expect(await project.rows('SELECT id FROM target.orders ORDER BY 1')).toEqual([['1'], ['2']])
  })
})

test('insert_only: a batch that is read again does not take a key away that a later batch has brought too', async () => {
  const lines = fileExtract('lines', 'lines.csv', columnsOf({ id: 'int64', note: 'text' }))
  const lineLoad = loadOf(lines, { disposition: 'insert_only', key: ['id'], surrogateKey: 'line_key' })
  project = await engineProject([lines, lineLoad])
  const loaded = async (text: string, of: string, force = false) => {
    await project.file('lines.csv', `id,note\n${text}`)
    await project.run(lines.id, of, force)
    return project.run(lineLoad.id, of)
  }
  await loaded('1,a\n2,a\n', batch)
  await loaded('2,b\n3,b\n', '2025-01-02')
  expect(await loaded('1,c\n4,c\n', batch, true)).toMatchObject(done)
  expect(await project.rows('SELECT id, note FROM target.lines ORDER BY 1')).toEqual([
    ['1', 'c'],
    ['2', 'a'],
    ['3', 'b'],
    ['4', 'c'],
  ])
})

test('newest is never NULL, computed or not', async () => {
  const lines = fileExtract('lines', 'lines.csv', columnsOf({ id: 'int64', seen: 'int64' }))
  const columns = loadColumns(columnsOf({ id: 'int64', seen: 'int64', version: 'int64' }))?.map((column) =>
    column.name === 'version' ? { ...column, computed: 'seen * 2' } : column,
  )
  const lineLoad = loadOf(lines, { disposition: 'merge', key: ['id'], newest: 'version' }, { columns })
  project = await engineProject([lines, lineLoad])
  await project.file('lines.csv', 'id,seen\n1,\n2,2\n')
  await project.run(lines.id, batch)
  expect(await project.run(lineLoad.id, batch)).toMatchObject({ exitCode: 65, error: { code: 'CHECK_FAILED' } })
})

test('columns called like those of our own statements', async () => {
  const names = [
    'code',
    'value',
    'part',
    'row_number',
    'column_name',
    'raw',
    's',
    't',
    'd',
    'staged',
    'ties',
    'given',
    'typed',
    'rows',
    'refused',
    'target',
    'script',
    'run_id',
    'refused_by',
    'batch',
  ]
  const types = Object.fromEntries(names.map((name) => [name, 'int64' as const]))
  const lines = fileExtract('lines', 'lines.csv', columnsOf(types))
  const lineLoad = loadOf(lines, { disposition: 'merge', key: names.slice(0, 5), surrogateKey: 'line_key' }, { rejectLimit: 9 })
  project = await engineProject([lines, lineLoad])
  const row = (first: string, last = '1') => [first, ...names.slice(1, -1).map(() => '1'), last].join(',')
  await project.file(
    'lines.csv',
    [names.join(','), row('1'), row('1'), row('2'), row('2', '3'), row('x'), row(''), row('7')].join('\n'),
  )
  await project.run(lines.id, batch)
  const outcome = await project.run(lineLoad.id, batch)
  expect(outcome).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
  expect(await project.rows('SELECT code, line_key FROM target.lines ORDER BY 1')).toEqual([
    ['1', expect.anything()],
    ['7', expect.anything()],
  ])
  expect(await project.rows('SELECT code, row_number FROM audit.rejects ORDER BY 2')).toEqual([
    ['DUP_CONFLICT', '3'],
    ['DUP_CONFLICT', '4'],
    ['CAST', '5'],
    ['NULL_KEY', '6'],
  ])
})
