import { expect, test } from 'vitest'
import { batchOf, type Cell, columnOf, openBytes, parquetBytes } from '../../test/parquet-cells.ts'
import type { ColumnBatch } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import { cellTexts } from './cell-text.ts'
import { ParquetWriter } from './parquet-writer.ts'

const columns = [columnOf('id', 'int64'), columnOf('label', 'text'), columnOf('flag', 'boolean')]

function sample(rows: number, from = 0): ColumnBatch {
  const cells = Array.from({ length: rows }, (_, index): Cell[] => {
    const row = from + index
    return [BigInt(row), row % 7 === 0 ? null : `label ${row % 100}`, row % 3 === 0]
  })
  return batchOf(columns, cells)
}

async function read(file: Uint8Array) {
  const open = await openBytes(file)
  const rows: (string | null)[][] = []
  const pageRows: number[] = []
  for await (const batch of open.batches()) {
    const texts = batch.columns.map((vector) => cellTexts(vector, batch.rows))
    for (let row = 0; row < batch.rows; row++) rows.push(texts.map((column) => column[row] ?? null))
    pageRows.push(batch.rows)
  }
  return { rows, pageRows, open }
}

test('the summary says what the file has, and the columns come back exactly', async () => {
  const exact: Column[] = [
    { name: 'amount', type: { kind: 'decimal', precision: 20, scale: 3 }, nullable: false, sourceType: 'NUMERIC(20,3)' },
  ]
  const written: Uint8Array[] = []
  const sink = {
    async write(chunks: readonly Uint8Array[]) {
      written.push(...chunks.map((chunk) => Uint8Array.from(chunk)))
    },
  }
  const writer = new ParquetWriter(sink, exact, { metadata: { batch: '2026-01-31' }, rowGroupRows: 2 })
  await writer.write(batchOf(exact, [[1n], [-2n], [3n]]))
  const summary = await writer.finish()
  const file = Buffer.concat(written)
  expect(summary).toEqual({ rows: 3, rowGroups: 2, bytes: file.length })
  const { open, rows, pageRows } = await read(file)
  expect([open.columns, open.rows, open.metadata]).toEqual([exact, 3, { batch: '2026-01-31' }])
  expect([rows, pageRows]).toEqual([
    [['0.001'], ['-0.002'], ['0.003']],
    [2, 1],
  ])
})

test('a file without rows is a file', async () => {
  for (const batches of [[], [sample(0)]]) {
    const { open, rows } = await read(await parquetBytes(columns, batches))
    expect([open.columns, open.rows, rows]).toEqual([columns, 0, []])
  }
})

test('rows keep their order over pages, groups and batches of any size', async () => {
  const sizes = [1, 0, 40_000, 7, 90_000, 32_768]
  let from = 0
  const batches = sizes.map((size) => {
    from += size
    return sample(size, from - size)
  })
  const { rows, pageRows } = await read(await parquetBytes(columns, batches, { rowGroupRows: 70_000 }))
  expect(pageRows).toEqual([32_768, 32_768, 4464, 32_768, 32_768, 4464, 22_776])
  expect(rows).toHaveLength(from)
  rows.forEach(([id, label, flag], row) => {
    if (id === String(row) && label === (row % 7 === 0 ? null : `label ${row % 100}`) && flag === String(row % 3 === 0)) return
    expect.fail(`row ${row} is ${id}, ${label}, ${flag}`)
  })
})

test('the same rows give the same bytes', async () => {
  const write = () => parquetBytes(columns, [sample(40_001), sample(3, 40_001)], { rowGroupRows: 35_003 })
  const first = await write()
  expect((await write()).equals(first)).toBe(true)
})

test('the buffers of a batch are free when write resolves', async () => {
  const written: Uint8Array[] = []
  const sink = {
    async write(chunks: readonly Uint8Array[]) {
      written.push(...chunks.map((chunk) => Uint8Array.from(chunk)))
    },
  }
  const writer = new ParquetWriter(sink, columns)
  for (const from of [0, 33_000]) {
    const batch = sample(33_000, from)
    await writer.write(batch)
    for (const { values, validity } of batch.columns) {
      values.fill(0xaa)
      validity?.fill(0)
    }
  }
  await writer.finish()
  const { rows } = await read(Buffer.concat(written))
  expect(rows[32_999]).toEqual(['32999', 'label 99', 'false'])
  expect(rows[65_999]).toEqual(['65999', 'label 99', 'false'])
})

test('large values end pages and row groups early, so memory stays bounded', async () => {
  const blob = [columnOf('blob', 'binary'), columnOf('id', 'int32')]
  const value = Buffer.alloc(1 << 20, 'x')
  const waiting: number[] = []
  const writer = new ParquetWriter(
    {
      async write(chunks) {
        waiting.push(chunks.length)
      },
    },
    blob,
  )
  for (let row = 0; row < 150; row++) await writer.write(batchOf(blob, [[value, row]]))
  expect(await writer.finish()).toMatchObject({ rows: 150, rowGroups: 3 })
  expect(waiting.length).toBeGreaterThan(2)
})

test('a failure of the sink reaches the caller', async () => {
  const failure = new Error('disk full')
  const write = async (): Promise<void> => {
    throw failure
  }
  const writer = new ParquetWriter({ write }, columns, { rowGroupRows: 10 })
  await expect(
    (async () => {
      for (let index = 0; index < 3; index++) await writer.write(sample(10))
    })(),
  ).rejects.toBe(failure)
  await expect(writer.finish()).rejects.toBe(failure)
})

const wrong: readonly (readonly [string, ColumnBatch])[] = [
  ['too few columns', { rows: 1, columns: sample(1).columns.slice(1) }],
  ['columns in another order', { rows: 1, columns: sample(1).columns.toReversed() }],
  ['more values than rows', { rows: 1, columns: sample(2).columns }],
  ['fewer values than rows', { rows: 3, columns: sample(2).columns }],
]

test.each(wrong)('a batch with %s is refused as a bug', async (_name, batch) => {
  await expect(parquetBytes(columns, [batch])).rejects.toMatchObject({ code: 'INTERNAL' })
})
