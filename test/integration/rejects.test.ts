import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listRejects } from '../../src/engine/list-rejects.ts'
import type { ScriptId } from '../../src/model/script.ts'
import { columnsOf, type EngineProject, engineProject, fileExtract, loadOf } from '../fixtures/engine-project.ts'
import { counts, publishedState } from '../fixtures/published-state.ts'

const columns = columnsOf({
  id: 'int32',
  day: 'date',
  amount: { kind: 'decimal', precision: 6, scale: 2 },
  note: 'text',
}).map((column) => (column.name === 'note' ? { ...column, length: 5 } : { ...column, nullable: column.name !== 'day' }))
const lines = fileExtract('lines', 'lines-*.csv', columns)
const records = fileExtract('records', 'records-*.jsonl', columns, { format: { kind: 'jsonl' } })
const append = { disposition: 'append' } as const
const [strict, lenient, fromRecords] = [
  loadOf(lines, append),
  loadOf(lines, append, { id: 'load/lenient', name: 'lenient', into: 'lenient', rejectLimit: 4 }),
  loadOf(records, { disposition: 'merge', key: ['id'] }, { rejectLimit: 4 }),
]

const mended = 'id,day,amount,note\n1,2025-01-01,1.10,\n2,2025-01-01,2.20,b\n'
/** Row 2 has two faults, rows 3 and 5 one each, row 6 is ragged; rows 1 and 4 are sound. */
const faulty =
  'id,day,amount,note\n1,2025-01-01,1.10,\n2,2025-02-29,1.239,b\n3000000000,2025-01-01,1,c\n4,2025-01-01,,d\n5,,1,toolong\n6,2025-01-01,1\n'

let project: EngineProject
beforeEach(async () => {
  project = await engineProject([lines, records, strict, lenient, fromRecords])
})
afterEach(() => project.close())

async function listed(script?: ScriptId, batch?: string, limit = 100) {
  const rejects = await listRejects(project.context(), { script, batch, limit })
  return rejects.map((reject) => [reject.batch, reject.code, reject.column, reject.value, reject.part, reject.row])
}

const causes = [
  ['2025-01-01', 'CAST', 'amount', '1.239', 1, 2],
  ['2025-01-01', 'CAST', 'day', '2025-02-29', 1, 2],
  ['2025-01-01', 'OUT_OF_RANGE', 'id', '3000000000', 1, 3],
  ['2025-01-01', 'NULL_VALUE', 'day', undefined, 1, 5],
  ['2025-01-01', 'TOO_LONG', 'note', 'toolong', 1, 5],
]

describe('a CSV file with faults', () => {
  beforeEach(async () => {
    await project.file('lines-2025-01-01.csv', faulty)
    const extracted = await project.run('extract/lines', '2025-01-01')
    expect(extracted).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
    expect(counts(extracted)).toMatchObject({ read: 6, staged: 5, rejected: 1 })
  })

  test('stops a load without a limit; every cause is kept, nothing is published', async () => {
    const refused = await project.run('load/lines', '2025-01-01')
    expect(refused).toMatchObject({ status: 'FAILED', exitCode: 65, error: { code: 'REJECTS_OVER_LIMIT' } })
    expect(refused.error?.message).toContain('refused 4 rows, 0 are allowed')
    const state = await publishedState(project)
    expect([state.tables['target.lines'], state.tables['audit.ledger']]).toEqual([[], []])
    expect(state.done).toEqual(['extract/lines 2025-01-01 4 0'])
    const all = await listed('load/lines')
    expect(all).toHaveLength(6)
    expect(all).toEqual(expect.arrayContaining(causes))
    expect(all).toContainEqual(['2025-01-01', 'RAGGED', undefined, undefined, undefined, 6])
    expect(await project.run('load/lines', '2025-01-01')).toMatchObject({ exitCode: 65 })
    expect(await listed('load/lines')).toEqual(all)
  })

  test('within the limit ends with 4, also when it is called again; the others are published and every row is counted', async () => {
    const outcome = await project.run('load/lenient', '2025-01-01')
    expect(outcome).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
    expect(counts(outcome)).toMatchObject({ staged: 5, landed: 5, typed: 2, 'refused by casts': 3, inserted: 2 })
    expect(await project.rows('SELECT id, amount, note FROM target.lenient ORDER BY id')).toEqual([
      ['1', '1.10', 'null'],
      ['4', 'null', 'd'],
    ])
    const state = await publishedState(project)
    expect(await project.run('load/lenient', '2025-01-01')).toMatchObject({ status: 'DONE_BEFORE', exitCode: 4 })
    expect(await publishedState(project)).toEqual(state)
    expect(await project.rows('SELECT exit_code, landed, typed, refused_by_casts FROM audit.ledger')).toEqual([
      ['4', '5', '2', '3'],
    ])
  })

  test('that was mended and extracted again by force leaves no reject behind', async () => {
    await project.run('load/lines', '2025-01-01')
    await project.run('load/lenient', '2025-01-01')
    await project.file('lines-2025-01-01.csv', mended)
    expect(await project.run('extract/lines', '2025-01-01', true)).toMatchObject({ status: 'DONE', exitCode: 0 })
    for (const name of ['lines', 'lenient']) {
      expect(await project.run(`load/${name}`, '2025-01-01')).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
      expect(await project.rows(`SELECT id, amount FROM target.${name} ORDER BY id`)).toEqual([
        ['1', '1.10'],
        ['2', '2.20'],
      ])
    }
    expect(await listed()).toEqual([])
  })

  test('of another batch or script is listed by itself, the newest batch first', async () => {
    await project.run('load/lines', '2025-01-01')
    await project.run('load/lenient', '2025-01-01')
    await project.file('lines-2025-01-02.csv', 'id,day,amount,note\nx,2025-01-02,1,\n')
    await project.run('extract/lines', '2025-01-02')
    await project.run('load/lines', '2025-01-02')
    const second = ['2025-01-02', 'CAST', 'id', 'x', 1, 1]
    expect(await listed(undefined, '2025-01-02')).toEqual([second])
    expect(await listed(undefined, undefined, 1)).toEqual([second])
    expect(await listed('load/lenient')).toHaveLength(6)
    expect(await listed()).toHaveLength(13)
  })
})

test('nothing is listed before the first load', async () => {
  expect(await listed()).toEqual([])
})

test('a JSON file: records that are none, values that do not fit, keys that conflict, all in one count', async () => {
  await project.file(
    'records-2025-01-01.jsonl',
    [
      '{"id": 1, "day": "2025-01-01", "amount": 1.10}',
      '{"id": 2, "day": "2025-01-01", "amount": 0.001}',
      '{"id": 3, "day": ',
      '{"id": 4, "day": "2025-01-01", "note": "a"}',
      '{"id": 4, "day": "2025-01-01", "note": "b"}',
    ].join('\n'),
  )
  expect(await project.run('extract/records', '2025-01-01')).toMatchObject({ status: 'DONE', exitCode: 4 })
  const outcome = await project.run('load/records', '2025-01-01')
  expect(outcome).toMatchObject({ status: 'DONE', exitCode: 4, error: undefined })
  expect(counts(outcome)).toMatchObject({ staged: 4, typed: 3, 'refused by casts': 1, 'refused by dedup': 2, inserted: 1 })
  expect(await project.rows('SELECT id, day, amount FROM target.records')).toEqual([['1', '2025-01-01', '1.10']])
  expect((await listed('load/records')).map(([, code, column, value, , row]) => [code, column, value, row])).toEqual(
    expect.arrayContaining([
      ['CAST', 'amount', '0.001', 2],
      ['DUP_CONFLICT', 'id', '4', 4],
      ['DUP_CONFLICT', 'id', '4', 5],
      ['MALFORMED', undefined, undefined, 3],
    ]),
  )
  expect(await project.rows(`SELECT raw, line_number FROM audit.rejects WHERE code = 'MALFORMED'`)).toEqual([
    ['{"id": 3, "day": ', '3'],
  ])
})
