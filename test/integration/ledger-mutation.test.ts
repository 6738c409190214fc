import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lake } from '../../src/contracts/lake.ts'
import type { LoadScript } from '../../src/model/script.ts'
import { type Disturbance, disturbSession } from '../fixtures/disturb-run.ts'
import { columnsOf, type EngineProject, engineProject, fileExtract, loadOf, tableExtract } from '../fixtures/engine-project.ts'
import { counts, publishedState } from '../fixtures/published-state.ts'

const orders = tableExtract('orders')
const [first, second] = ['2025-01-01', '2025-01-02']
/** What may happen to one row of a table. */
const mutations = (table: string, where: string) => ({
  drop: `DELETE FROM ${table} WHERE ${where}`,
  double: `INSERT INTO ${table} SELECT * FROM ${table} WHERE ${where}`,
  empty: (column: string) => `UPDATE ${table} SET ${column} = NULL WHERE ${where}`,
})
const newRow = `id = 5 AND _batch_id = DATE '${second}'`
const [landing, stage] = [mutations('landing.orders', newRow), mutations('landing.orders__typed', newRow)]
const fills = /^INSERT INTO landing\.orders__typed/
const deduplicates = /^DELETE FROM landing\.orders__typed .*_rank > 1/
const updates = /^UPDATE target\.orders/
const inserts = /^INSERT INTO target\.orders/

/** What a mutation must be found by: the hop that does not balance, or the code of a reject. */
type Found = 'staged-landed' | 'landed-typed' | 'typed-target' | 'NULL_KEY' | 'NULL_VALUE'
type Mutation = readonly [name: string, disturbance: Disturbance, found: Found]

const staging: readonly Mutation[] = [
  ['landing loses a row', { after: 'copyInto', sql: landing.drop }, 'staged-landed'],
  ['landing has a row twice', { after: 'copyInto', sql: landing.double }, 'staged-landed'],
  ['landing loses a key', { after: 'copyInto', sql: landing.empty('id') }, 'NULL_KEY'],
  ['landing loses a value that must be there', { after: 'copyInto', sql: landing.empty('updated_at') }, 'NULL_VALUE'],
  ['the stage loses a row', { after: fills, sql: stage.drop }, 'landed-typed'],
  ['the stage has a row twice', { after: fills, sql: stage.double }, 'landed-typed'],
  ['the stage loses a key', { after: fills, sql: stage.empty('id') }, 'NULL_KEY'],
]

const deduplicated: readonly Mutation[] = [
  ['the stage loses a row', { after: deduplicates, sql: stage.drop }, 'typed-target'],
  ['the stage has a row twice', { after: deduplicates, sql: stage.double }, 'typed-target'],
  ['the stage loses a key', { after: deduplicates, sql: stage.empty('id') }, 'typed-target'],
]

/** Of one row of the target, which the statement before has just written. */
function written(after: RegExp, id: number): readonly Mutation[] {
  const target = mutations('target.orders', `id = ${id}`)
  return [
    ['the target loses a row', { after, sql: target.drop }, 'typed-target'],
    ['the target has a row twice', { after, sql: target.double }, 'typed-target'],
    ['the target loses a key', { after, sql: target.empty('id') }, 'typed-target'],
    ['the target loses a value', { after, sql: target.empty('amount') }, 'typed-target'],
  ]
}

/** A published first batch, and a second one in the lake: 1 has changed, 2 and 3 have not, 4 and 5 are new, 4 is there twice. */
async function shopWith(load: LoadScript): Promise<EngineProject> {
  const project = await engineProject([orders, load])
  project.shop(`CREATE TABLE orders (id INTEGER, updated_at TIMESTAMP, amount DECIMAL(12,2));
    INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1), (2, '2025-01-01 10:00:00', 2), (3, '2025-01-01 10:00:00', 3)`)
  await project.run('extract/orders', first)
  expect(await project.run('load/orders', first)).toMatchObject({ status: 'DONE', error: undefined })
  project.shop(`UPDATE orders SET amount = 9, updated_at = '2025-01-02 10:00:00' WHERE id = 1;
    INSERT INTO orders VALUES (4, '2025-01-02 10:00:00', 4), (4, '2025-01-02 11:00:00', 4), (5, '2025-01-02 10:00:00', 5)`)
  await project.run('extract/orders', second)
  return project
}

async function expectFound(project: EngineProject, disturbance: Disturbance, found: Found): Promise<void> {
  const { tables, ...control } = await publishedState(project)
  const times = disturbSession(project, disturbance)
  const outcome = await project.run('load/orders', second)
  project.session = (session) => session
  expect(times()).toBe(1)
  if (found === 'NULL_KEY' || found === 'NULL_VALUE') {
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'REJECTS_OVER_LIMIT' } })
    expect(await project.rows('SELECT DISTINCT code FROM audit.rejects')).toEqual([[found]])
  } else {
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'HOP_UNBALANCED' } })
    expect(outcome.error?.message).toContain(`the hop ${found} does not balance`)
  }
  const after = await publishedState(project)
  for (const table of ['target.orders', 'audit.ledger']) expect(after.tables[table]).toEqual(tables[table])
  expect({ done: after.done, cursors: after.cursors }).toEqual(control)
}

const keyed = { key: ['id'], newest: undefined }
const cases: readonly (readonly [string, LoadScript, readonly Mutation[], Readonly<Record<string, number>>])[] = [
  [
    'merge',
    loadOf(orders, { disposition: 'merge', key: ['id'], newest: 'updated_at' }),
    [...staging, ...deduplicated, ...written(updates, 1), ...written(inserts, 4)],
    { typed: 6, duplicates: 1, candidates: 5, updated: 1, unchanged: 2, inserted: 2, 'keys in target': 5 },
  ],
  ['append', loadOf(orders, { disposition: 'append' }), written(inserts, 5).slice(0, 2), { candidates: 6, inserted: 6 }],
  [
    'replace',
    loadOf(orders, { disposition: 'replace', ...keyed, newest: 'updated_at' }),
    written(inserts, 5),
    { candidates: 5, inserted: 5, removed: 3 },
  ],
  [
    'insert_only',
    loadOf(orders, { disposition: 'insert_only', ...keyed, newest: 'updated_at' }),
    written(inserts, 5).slice(0, 3),
    { candidates: 5, inserted: 2, kept: 3 },
  ],
]

describe.each(cases)('%s', (_, load, mutated, undisturbed) => {
  let project: EngineProject
  beforeAll(async () => {
    project = await shopWith(load)
  })
  afterAll(() => project.close())

  test.each(mutated)('%s: it is found, and nothing is published (%#)', (_name, disturbance, found) =>
    expectFound(project, disturbance, found),
  )

  test('undisturbed, the same package balances', async () => {
    const outcome = await project.run('load/orders', second)
    expect(outcome).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(counts(outcome)).toMatchObject(undisturbed)
  })
})

test('rejects of the extraction that do not all arrive stop the load', async () => {
  const lines = fileExtract('lines', 'lines.csv', columnsOf({ id: 'int64', note: 'text' }))
  const project = await engineProject([lines, loadOf(lines, { disposition: 'append' }, { rejectLimit: 5 })])
  try {
    await project.file('lines.csv', 'id,note\n1,a\n2\n3\n')
    await project.run('extract/lines', first)
    const times = disturbSession(project, {
      after: /^INSERT INTO audit\.rejects/,
      sql: 'DELETE FROM audit.rejects WHERE row_number = 3',
    })
    const outcome = await project.run('load/lines', first)
    expect([times(), outcome]).toMatchObject([1, { status: 'FAILED', exitCode: 65, error: { code: 'HOP_UNBALANCED' } }])
    expect(outcome.error?.message).toContain("1 rows of the extraction's rejects arrived, not 2")
    project.session = (session) => session
    expect(await project.run('load/lines', first)).toMatchObject({ status: 'DONE', exitCode: 4 })
  } finally {
    await project.close()
  }
})

test('a part that lost a row on its way into the lake is found by its count', async () => {
  const few = tableExtract('few')
  const project = await engineProject([orders, few, loadOf(orders, { disposition: 'append' })])
  try {
    project.shop(`CREATE TABLE orders (id INTEGER); CREATE TABLE few (id INTEGER);
      INSERT INTO orders VALUES (1), (2), (3); INSERT INTO few VALUES (1), (2)`)
    await project.run('extract/few', first)
    const context = project.context
    project.context = () => ({ ...context(), lake: losingLake(project.lake, 'few/') })
    await project.run('extract/orders', first)
    project.context = context
    const outcome = await project.run('load/orders', first)
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'HOP_UNBALANCED' } })
    expect(outcome.error?.message).toContain('brought 2 rows into landing, its manifest says 3')
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['0']])
  } finally {
    await project.close()
  }
})

/** A lake that writes the part of another package in the place of each part, and says so truly. */
function losingLake(lake: Lake, from: string): Lake {
  const partBytes = async () => {
    const chunks: Uint8Array[] = []
    for await (const { path } of lake.list(from)) {
      if (!path.endsWith('.parquet')) continue
      for await (const chunk of lake.read(path)) chunks.push(Uint8Array.from(chunk))
    }
    return chunks
  }
  return {
    check: () => lake.check(),
    list: (prefix) => lake.list(prefix),
    read: (path) => lake.read(path),
    verify: (file) => lake.verify(file),
    remove: (paths) => lake.remove(paths),
    locate: (path) => lake.locate(path),
    close: () => lake.close(),
    create: async (path) => {
      const writer = await lake.create(path)
      if (!path.endsWith('.parquet')) return writer
      return {
        write: async () => {},
        abort: () => writer.abort(),
        commit: async () => {
          await writer.write(await partBytes())
          return writer.commit()
        },
      }
    },
  }
}
