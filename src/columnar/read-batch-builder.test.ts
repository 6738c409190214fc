import { expect, test } from 'vitest'
import { cellTexts } from './cell-text.ts'
import { ReadBatchBuilder } from './read-batch-builder.ts'

function builder(mostRows?: number): ReadBatchBuilder {
  return new ReadBatchBuilder([{ name: 'v', type: { kind: 'int32' }, nullable: false }], mostRows)
}

function add(to: ReadBatchBuilder, ...values: readonly number[]): void {
  for (const value of values) {
    to.columns[0]?.addInt(value)
    to.accept()
  }
}

function shown(from: ReadBatchBuilder) {
  const { batch, rejects, rowNumbers } = from.take()
  const values = batch.columns.flatMap((vector) => cellTexts(vector, batch.rows))
  return { values, refused: rejects.map(({ row }) => row), numbers: rowNumbers && [...rowNumbers] }
}

test('rows without a gap need no numbers; after a gap each has its own, also in later batches', () => {
  const rows = builder()
  add(rows, 7, 8)
  expect(shown(rows)).toEqual({ values: ['7', '8'], refused: [], numbers: undefined })
  add(rows, 9)
  rows.reject({ causes: [{ code: 'MISFIT' }] })
  add(rows, 10)
  expect(shown(rows)).toEqual({ values: ['9', '10'], refused: [4], numbers: [3, 5] })
  add(rows, 11)
  expect(shown(rows)).toEqual({ values: ['11'], refused: [], numbers: [6] })
  expect(rows.isEmpty).toBe(true)
})

test('a batch is full by its rows, refused ones included, and by its refused rows alone', () => {
  const rows = builder(3)
  add(rows, 1, 2)
  expect(rows.isFull).toBe(false)
  rows.reject({ causes: [] })
  expect(rows.isFull).toBe(true)
  const refused = builder()
  for (let row = 1; row < 1_000; row += 1) refused.reject({ causes: [] })
  expect(refused.isFull).toBe(false)
  refused.reject({ causes: [] })
  expect(refused.isFull).toBe(true)
})
