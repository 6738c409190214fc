import { expect, test } from 'vitest'
import { batchOf, type Cell, columnOf, openBytes, parquetBytes } from '../../test/parquet-cells.ts'
import { isSluiceError } from '../errors.ts'
import { cellTexts } from './cell-text.ts'
import { openParquet } from './parquet-reader.ts'

const columns = [
  columnOf('id', 'int64'),
  columnOf('price', 'decimal(30,4)'),
  columnOf('name', 'text'),
  columnOf('flag', 'boolean'),
  columnOf('day', 'date'),
]

function sampleFile(): Promise<Buffer> {
  const row = (index: number): Cell[] => [
    BigInt(index) * 1_000_003n,
    index % 5 === 0 ? null : BigInt(index) * 10n ** 20n,
    index % 2 === 0 ? `name ${index}` : 'the same',
    index % 3 === 0,
    index < 60 ? 20_000 : null,
  ]
  const rows = Array.from({ length: 120 }, (_, index) => row(index))
  return parquetBytes(columns, [batchOf(columns, rows)], { rowGroupRows: 100 })
}

async function contents(bytes: Uint8Array): Promise<string> {
  const open = await openBytes(bytes)
  const parts: unknown[] = [open.columns.map(({ name, type }) => [name, type]), open.rows]
  for await (const batch of open.batches()) parts.push(batch.columns.map((vector) => cellTexts(vector, batch.rows)))
  return JSON.stringify(parts)
}

/** What reading these bytes gives; `altered` where that is refused as it should be. */
async function outcome(bytes: Uint8Array): Promise<string> {
  return contents(bytes).catch((error: unknown) => {
    if (isSluiceError(error, 'STAGED_FILE_ALTERED')) return 'altered'
    throw error
  })
}

test('a changed byte anywhere is refused or changes nothing', async () => {
  const file = await sampleFile()
  const original = await contents(file)
  let refused = 0
  for (let at = 0; at < file.length; at++) {
    for (const flip of [0x01, 0x90]) {
      const changed = Buffer.from(file)
      changed[at] = (file[at] ?? 0) ^ flip
      const found = await outcome(changed)
      if (found === 'altered') refused++
      else if (found !== original) expect.fail(`byte ${at} changed by ${flip} went unseen`)
    }
  }
  // The rest are statistics and other things that the reader does not need.
  expect(refused).toBeGreaterThan(file.length)
}, 120_000)

test('a file that was cut is refused, wherever', async () => {
  const file = await sampleFile()
  for (let length = 0; length < file.length; length++) expect(await outcome(file.subarray(0, length))).toBe('altered')
  expect(await outcome(Buffer.concat([file, Buffer.from('x')]))).toBe('altered')
  expect(await outcome(Buffer.concat([file.subarray(0, 200), file.subarray(201)]))).toBe('altered')
}, 120_000)

test('the message names the file, and what is wrong with it', async () => {
  const read = async () => Buffer.from('no')
  await expect(openParquet({ size: 2, name: 'sales/part-00001.parquet', read })).rejects.toMatchObject({
    code: 'STAGED_FILE_ALTERED',
    message: 'The staged file sales/part-00001.parquet was altered: it is too short.',
  })
})

test('a failure to read is not taken for damage', async () => {
  const failure = new Error('no right')
  const file = await sampleFile()
  let reads = 0
  const open = await openParquet({
    size: file.length,
    async read(offset, length) {
      reads++
      if (reads > 3) throw failure
      return file.subarray(offset, offset + length)
    },
  })
  const drain = async () => {
    for await (const batch of open.batches()) expect(batch.rows).toBeGreaterThan(0)
  }
  await expect(drain()).rejects.toBe(failure)
})
