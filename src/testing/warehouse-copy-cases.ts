import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchBuilder } from '../columnar/batch-builder.ts'
import { ParquetWriter } from '../columnar/parquet-writer.ts'
import type { FileLocation } from '../contracts/lake.ts'
import { isSluiceError } from '../errors.ts'
import type { Column } from '../model/schema.ts'
import { create, int64, rowsOf, text, type Work, writing } from './warehouse-bench.ts'

/** The promises of `copyInto`. */
export const copyCases: Readonly<Record<string, Work>> = {
  'copied files are counted one by one, in their order': (bench) =>
    inFolder(async (folder) => {
      const table = await create(bench, 'landing', { id: int64, label: text })
      const files = await Promise.all([3, 0, 70_000].map((rows, index) => stage(folder, `part-${index}`, rows)))
      const counts = await writing(bench, table, (session) => session.copyInto({ table, columns: ['id', 'label'], files }))
      assert.deepEqual(counts, [3, 0, 70_000])
      assert.equal((await rowsOf(bench, table)).length, 70_003)
    }),

  'columns are found by name, and NULL and an empty text stay apart': (bench) =>
    inFolder(async (folder) => {
      const table = await create(bench, 'landing', { label: text, missing: text, id: int64 })
      const files = [await stage(folder, 'part', 3)]
      await writing(bench, table, (session) => session.copyInto({ table, columns: ['id', 'label'], files }))
      assert.deepEqual(await rowsOf(bench, table), [
        ['', null, 0n],
        ['label 1', null, 1n],
        [null, null, 2n],
      ])
    }),

  'a path is only a path': (bench) =>
    inFolder(async (folder) => {
      const table = await create(bench, 'landing', { id: int64, label: text })
      await stage(folder, 'part-a', 5)
      await mkdir(join(folder, 'id=9'))
      const files = await Promise.all(["it's", '*', '[part-a]', 'part-?', 'a b', 'id=9/x'].map((name) => stage(folder, name, 1)))
      const counts = await writing(bench, table, (session) => session.copyInto({ table, columns: ['id', 'label'], files }))
      assert.deepEqual(counts, [1, 1, 1, 1, 1, 1])
      assert.deepEqual(
        (await rowsOf(bench, table)).map(([id]) => id),
        [0n, 0n, 0n, 0n, 0n, 0n],
      )
    }),

  'a file that cannot be read fails the transaction, the files before it included': (bench) =>
    inFolder(async (folder) => {
      const table = await create(bench, 'landing', { id: int64, label: text })
      const files = [await stage(folder, 'part', 3), located(folder, 'missing')]
      await assert.rejects(
        writing(bench, table, (session) => session.copyInto({ table, columns: ['id', 'label'], files })),
        (error) => isSluiceError(error) && error.message.includes('missing.parquet'),
      )
      assert.deepEqual(await rowsOf(bench, table), [])
    }),

  'a column that a file does not have fails the transaction': (bench) =>
    inFolder(async (folder) => {
      const table = await create(bench, 'landing', { id: int64, other: text })
      const files = [await stage(folder, 'part', 3)]
      await assert.rejects(writing(bench, table, (session) => session.copyInto({ table, columns: ['id', 'other'], files })))
      assert.deepEqual(await rowsOf(bench, table), [])
    }),
}

const columns: readonly Column[] = [
  { name: 'id', type: int64, nullable: false },
  { name: 'label', type: text, nullable: true },
]

/** A file with the ids from 0 and a label: the first is empty, the third is NULL. */
async function stage(folder: string, name: string, rows: number): Promise<FileLocation> {
  const location = located(folder, name)
  const sink = {
    async write(chunks: readonly Uint8Array[]) {
      await appendFile(location.path, Buffer.concat(chunks))
    },
  }
  const builder = new BatchBuilder(columns)
  const [id, label] = builder.columns
  for (let row = 0; row < rows; row++) {
    id?.addBigint(BigInt(row))
    if (row === 2) label?.addNull()
    else label?.addString(row === 0 ? '' : `label ${row}`)
  }
  const writer = new ParquetWriter(sink, columns)
  await writer.write(builder.take())
  await writer.finish()
  return location
}

function located(folder: string, name: string): FileLocation {
  return { kind: 'file', path: join(folder, `${name}.parquet`) }
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-staged-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
