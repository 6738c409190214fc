import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReadRequest } from '../../src/contracts/source.ts'
import { openLocalFiles } from '../../src/sources/local-files.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type SampleTable, sourceCases } from '../../src/testing/source-cases.ts'
import { csvText, everyBatch, first } from '../fixtures/file-readings.ts'
import { xlsxFile } from '../fixtures/xlsx-file.ts'
import { zipFile } from '../fixtures/zip-file.ts'
import { batchOf, columnOf, parquetBytes } from '../parquet-cells.ts'
import { readTexts, textColumns } from '../read-texts.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-formats-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

interface Asked {
  readonly columns?: readonly string[]
  readonly request?: Partial<ReadRequest>
}

async function open(name: string, options: object, { columns = ['v'], request }: Asked = {}) {
  const source = await openLocalFiles({ folder })
  const notices: string[] = []
  const all = { select: 'newest', ...options }
  const resource = { source: 'files', locator: name, options: all, columns: textColumns(...columns) }
  const reading = await source.open(readRequest(resource, { notice: (text) => notices.push(text), ...request }))
  return { reading, notices }
}

async function read(name: string, bytes: string | Uint8Array, options: object, asked: Asked = {}) {
  await writeFile(join(folder, name), bytes)
  const { reading, notices } = await open(name, options, asked)
  try {
    return { ...(await readTexts(everyBatch(reading))), notices, files: reading.readFiles?.() ?? [] }
  } finally {
    await reading.close()
  }
}

const csv = { format: { kind: 'csv' } }

function jsonText({ columns, rows }: SampleTable): string {
  const list = rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])))
  return JSON.stringify({ meta: { rows: rows.length }, data: list }, undefined, rows.length > 1000 ? 0 : 2)
}

async function parquetOf({ columns, rows }: SampleTable): Promise<Uint8Array> {
  const texts = columns.map(({ name }) => columnOf(name, 'text'))
  return parquetBytes(texts, [batchOf(texts, rows)])
}

const forms: readonly (readonly [string, object, (sample: SampleTable) => Uint8Array | string | Promise<Uint8Array>])[] = [
  ['csv.gz', csv, (sample) => gzipSync(csvText(sample))],
  ['csv.zip', csv, (sample) => zipFile([{ name: 'in/sample.csv', data: csvText(sample) }])],
  ['utf16.csv', csv, (sample) => Buffer.from(`\ufeff${csvText(sample)}`, 'utf16le')],
  ['json', { format: { kind: 'json', records: '$.data[*]' } }, jsonText],
  ['parquet', { format: { kind: 'parquet' } }, parquetOf],
  [
    'xlsx',
    { format: { kind: 'excel' } },
    ({ columns, rows }) => xlsxFile([{ name: 'S', rows: [columns.map(({ name }) => name), ...rows] }]),
  ],
]

describe.each(forms)('the contract of a source: %s', (ending, options, bytesOf) => {
  const cases = sourceCases({
    async prepare(sample) {
      await writeFile(join(folder, `sample.${ending}`), await bytesOf(sample))
      const columns = textColumns(...sample.columns.map(({ name }) => name))
      const source = await openLocalFiles({ folder })
      const resource = { source: 'files', locator: 'sample.*', options: { select: 'newest', ...options }, columns }
      return { source, resource, close: async () => {} }
    },
    missing: { locator: 'simple.*', code: 'FILE_NOT_FOUND' },
    nullDiffersFromEmpty: true,
    hasCatalogue: true,
  })
  test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
    contractCase.run(),
  )
})

describe('packed files', () => {
  test('by their name, or as they are declared, whatever their name', async () => {
    const packed = gzipSync('v\n1\n')
    expect((await read('a.CSV.GZ', packed, csv)).rows).toEqual([['1']])
    expect((await read('a.csv', packed, { ...csv, compression: 'gzip' })).rows).toEqual([['1']])
    expect((await read('plain.gz', 'v\n1\n', { ...csv, compression: 'none' })).rows).toEqual([['1']])
    await expect(read('b.csv', packed, csv)).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    await expect(read('b.csv.gz', 'v\n1\n', csv)).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    await expect(read('b.zip', 'v\n1\n', csv)).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })

  test('T54: of a zip file its only file, or those of a pattern in their order, rows numbered through', async () => {
    const both = zipFile([
      { name: 'b.csv', data: 'v\n3\nragged,\n4\n' },
      { name: 'a.csv', data: 'v\n1\nragged,\n2\n' },
      { name: 'readme.txt', data: '' },
    ])
    const { rows, numbers, rejects } = await read('a.zip', both, { ...csv, entries: '*.csv' })
    expect(rows.flat()).toEqual(['1', '2', '3', '4'])
    expect(numbers).toEqual([1, 3, 4, 6])
    expect(rejects.map(({ row, line }) => [row, line])).toEqual([
      [2, 3],
      [5, 3],
    ])
    await expect(read('a.zip', both, csv)).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: 'a.zip holds 3 files: b.csv, a.csv, readme.txt.',
    })
    await expect(read('a.zip', both, { ...csv, entries: '*.tsv' })).rejects.toMatchObject({
      message: 'a.zip holds no file that matches *.tsv: b.csv, a.csv, readme.txt.',
    })
    const hidden = zipFile([
      { name: '__MACOSX/._a.csv', data: 'x' },
      { name: 'a.csv', data: 'v\n1\n' },
    ])
    expect((await read('a.zip', hidden, csv)).rows).toEqual([['1']])
  })

  test('a bomb is refused, unless it is declared', async () => {
    const bomb = gzipSync(`v\n${`${'0'.repeat(10_000)}\n`.repeat(8_000)}`)
    await expect(read('a.csv.gz', bomb, csv)).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringMatching(/^a\.csv\.gz grows beyond every measure/),
    })
    await expect(read('a.csv.gz', bomb, { ...csv, unpackLimit: { bytes: 1000 } })).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  }, 30_000)

  test('an error in them is named by the file inside', async () => {
    const cut = zipFile([{ name: 'in.csv', data: 'v\n"1\n' }])
    await expect(read('a.zip', cut, csv)).rejects.toMatchObject({ message: expect.stringMatching(/^a\.zip: in\.csv, line 2: /) })
  })
})

test('T48: encodings as they are declared', async () => {
  const latin = Buffer.from('v\n\x80\xe9\n', 'latin1')
  expect((await read('a.csv', latin, { ...csv, encoding: 'windows-1252' })).rows).toEqual([['€é']])
  const packed = gzipSync(Buffer.from('v\n1\n', 'utf16le'))
  expect((await read('a.csv.gz', packed, { ...csv, encoding: 'utf-16le' })).rows).toEqual([['1']])
  const json = Buffer.from('[{"v":"\xe9"}]', 'latin1')
  expect((await read('a.json', json, { format: { kind: 'json' }, encoding: 'latin1' })).rows).toEqual([['é']])
  const { rejects } = await read('a.csv', latin, csv)
  expect(rejects.map(({ line, causes }) => [line, causes[0]?.code])).toEqual([[2, 'ENCODING']])
})

describe('T52: what changes far inside a file', () => {
  const lines = Array.from({ length: 30_000 }, (_, at) => `${at},${at}\n`).join('')

  test('another delimiter is refused line by line, nothing is lost', async () => {
    const text = `id,v\n${lines}30000;x\n30001;y\n`
    const { rows, rejects } = await read('a.csv', text, csv, { columns: ['id', 'v'] })
    expect([rows.length, rejects.map(({ line, causes }) => [line, causes[0]?.code])]).toEqual([
      30_000,
      [
        [30_002, 'RAGGED'],
        [30_003, 'RAGGED'],
      ],
    ])
  })

  test('another kind of value stays the text that it is', async () => {
    const { rows } = await read('a.csv', `id,v\n${lines}30000,1.75\n`, csv, { columns: ['id', 'v'] })
    expect(rows.at(-1)).toEqual(['30000', '1.75'])
  })
})

describe('a large file, read in a thread of its own', () => {
  const count = 1_200_000
  const large = `v,w\n${Array.from({ length: count }, (_, at) => `${at},"é ""${at}"""\n`).join('')}ragged\n`
  const columns = ['w', 'v']

  test('has the same rows, refused rows, notices and hash', async () => {
    const { rows, rejects, notices, files } = await read('a.csv', large, csv, { columns: ['v'] })
    expect(rows.length).toBe(count)
    expect(rows.every(([v], at) => v === String(at))).toBe(true)
    expect(rejects).toMatchObject([{ row: count + 1, line: count + 2, causes: [{ code: 'RAGGED' }], raw: 'ragged' }])
    expect(notices).toEqual(['a.csv: 1 column is not declared and left out: "w".'])
    expect(files[0]?.bytes).toBe(Buffer.byteLength(large))
    expect((await read('b.csv', large, csv, { columns })).rows[1234]).toEqual(['é "1234"', '1234'])
  }, 60_000)

  test('passes on what is wrong with it', async () => {
    await expect(read('a.csv', large, csv, { columns: ['x'] })).rejects.toMatchObject({
      code: 'SCHEMA_CHANGED',
      details: { file: 'a.csv', headers: ['v', 'w'] },
    })
    await expect(read('a.csv', `${large}"`, csv, { columns })).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    await writeFile(join(folder, 'a.csv.md5'), '0'.repeat(32))
    await expect(read('a.csv', large, { ...csv, checksum: 'md5' }, { columns })).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringContaining('a.csv.md5'),
    })
  }, 60_000)

  test.runIf(process.platform === 'linux')('an abort ends it, and no file stays open, however it ends', async () => {
    await writeFile(join(folder, 'a.csv'), large)
    const controller = new AbortController()
    const { reading } = await open('a.csv', csv, { request: { signal: controller.signal } })
    let abortedAt = 0
    await expect(async () => {
      for await (const { batch } of reading.read(first(reading))) {
        if (batch.rows === 0 || abortedAt > 0) continue
        abortedAt = performance.now()
        controller.abort()
      }
    }).rejects.toMatchObject({ code: 'ABORTED' })
    expect(performance.now() - abortedAt).toBeLessThan(1000)
    expect(await openFiles()).toEqual([])
    const { reading: other } = await open('a.csv', csv)
    await other.read(first(other))[Symbol.asyncIterator]().next()
    await other.close()
    expect(await openFiles()).toEqual([])
  })
})

async function openFiles(): Promise<readonly string[]> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return links.filter((link) => link.startsWith(folder))
}

test('copies of files leave nothing behind', async () => {
  const before = await copies()
  await read('a.zip', zipFile([{ name: 'a.csv', data: 'v\n1\n' }]), csv)
  await expect(read('b.zip', 'x', csv)).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  expect(await copies()).toEqual(before)
})

async function copies(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('sluice-file-'))
}

describe('options that mean nothing together', () => {
  test.each([
    ['encoding', { format: { kind: 'parquet' }, encoding: 'utf-8' }, 'an encoding is given, but parquet has its own'],
    ['an unknown encoding', { ...csv, encoding: 'utf-9' }, 'the encoding utf-9 is none of the Encoding Standard'],
    ['compression', { format: { kind: 'excel' }, compression: 'gzip' }, 'a compression is given, but excel has its own'],
    ['entries', { ...csv, compression: 'gzip', entries: '*' }, 'entries are given, but only zip files have some'],
    ['marker', { ...csv, marker: '*.*' }, 'the marker *.* has more than one *'],
    ['changed', { ...csv, changed: 'read' }, 'changed: '],
  ])('%s', async (_name, options, what) => {
    await expect(open('a.csv', options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`The files "a.csv" of files: ${what}`),
    })
  })
})
