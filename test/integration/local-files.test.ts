import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Partition, Reading, ReadRequest } from '../../src/contracts/source.ts'
import type { ReadBatch } from '../../src/model/column-batch.ts'
import type { Resource } from '../../src/model/script.ts'
import { openLocalFiles } from '../../src/sources/local-files.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type SampleTable, sourceCases } from '../../src/testing/source-cases.ts'
import { readTexts, textColumns } from '../read-texts.ts'

let base: string
let folder: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'sluice-files-'))
  folder = join(base, 'in')
  await mkdir(folder)
})

afterEach(() => rm(base, { recursive: true, force: true }))

async function put(name: string, text: string | Uint8Array, modified?: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  if (modified !== undefined) await utimes(path, new Date(modified), new Date(modified))
  return path
}

interface Asked {
  readonly options?: Readonly<Record<string, unknown>>
  readonly columns?: Resource['columns']
  readonly request?: Partial<ReadRequest>
}

const newest = { select: 'newest', format: { kind: 'csv' } }
const all = { select: 'all', format: { kind: 'csv' } }

function resourceOf(locator: string, { options = newest, columns = textColumns('v') }: Asked = {}): Resource {
  return { source: 'branches', locator, options, columns }
}

async function open(locator: string, asked: Asked = {}) {
  const source = await openLocalFiles({ folder })
  const notices: string[] = []
  const reading = await source.open(
    readRequest(resourceOf(locator, asked), { notice: (text) => notices.push(text), ...asked.request }),
  )
  return { reading, notices }
}

async function read(locator: string, asked: Asked = {}) {
  const { reading, notices } = await open(locator, asked)
  const texts = await readTexts(everyBatch(reading))
  await reading.close()
  return { ...texts, notices, ids: reading.partitions.map(({ id }) => id) }
}

async function* everyBatch(reading: Reading): AsyncGenerator<ReadBatch> {
  for (const partition of reading.partitions) yield* reading.read(partition)
}

function first(reading: Reading): Partition {
  const [partition] = reading.partitions
  if (partition === undefined) throw new Error('no partition')
  return partition
}

/** The ids of the chosen files; their contents do not matter. */
async function chosen(locator: string, options: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const { reading } = await open(locator, { options })
  await reading.close()
  return reading.partitions.map(({ id }) => id)
}

function csvText({ columns, rows }: SampleTable): string {
  const record = (cells: readonly (string | null)[]) =>
    cells.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')
  return [columns.map(({ name }) => name).join(','), ...rows.map(record), ''].join('\r\n')
}

function jsonText({ columns, rows }: SampleTable): string {
  return rows.map((row) => `${JSON.stringify(Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])))}\n`).join('')
}

describe.each([
  ['csv', csvText],
  ['jsonl', jsonText],
] as const)('the contract of a source: %s', (kind, textOf) => {
  const cases = sourceCases({
    async prepare(sample) {
      await put(`sample.${kind}`, textOf(sample))
      const columns = textColumns(...sample.columns.map(({ name }) => name))
      const options = { select: 'newest', format: { kind }, allowEmpty: true }
      const source = await openLocalFiles({ folder })
      return { source, resource: resourceOf('sample.*', { options, columns }), close: async () => {} }
    },
    missing: { locator: 'simple.*', code: 'FILE_NOT_FOUND' },
    nullDiffersFromEmpty: true,
    hasCatalogue: true,
  })
  test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
    contractCase.run(),
  )
})

describe('the newest file', () => {
  test('by the date in the name, though another was modified later', async () => {
    await put('store_2025-01-02.csv', 'v\nnew\n', '2025-01-02T00:00:00Z')
    await put('store_20250101.csv', 'v\nold\n', '2025-06-01T00:00:00Z')
    await put('other_2025-12-31.csv', 'v\nother\n')
    expect(await read('store_*.csv')).toMatchObject({ rows: [['new']], ids: ['store_2025-01-02.csv'], notices: [] })
    expect(await chosen('store_*.csv', { ...newest, newestBy: 'modified' })).toEqual(['store_20250101.csv'])
  })

  test('then by the time in the name', async () => {
    await put('s_2025-01-02_1000.csv', 'v\n')
    await put('s_2025-01-02_0930.csv', 'v\n')
    await put('s_2025-01-01.csv', 'v\n')
    expect(await chosen('s_*.csv', newest)).toEqual(['s_2025-01-02_1000.csv'])
  })

  test('two files of one date are tied, also when only one of them has a time', async () => {
    await put('north_2025-01-02.csv', 'v\n')
    await put('south_2025-01-02.csv', 'v\n')
    await expect(chosen('*.csv', newest)).rejects.toMatchObject({
      code: 'FILES_TIED',
      message: 'north_2025-01-02.csv and south_2025-01-02.csv carry the same date in their names.',
      details: { files: ['north_2025-01-02.csv', 'south_2025-01-02.csv'] },
    })
    await rename(join(folder, 'south_2025-01-02.csv'), join(folder, 'south_2025-01-02_1200.csv'))
    await expect(chosen('*.csv', newest)).rejects.toMatchObject({ code: 'FILES_TIED' })
  })

  test('by the time of modification when no name has a date', async () => {
    await put('a.csv', 'v\n', '2025-01-02T00:00:00.001Z')
    await put('b.csv', 'v\n', '2025-01-02T00:00:00.002Z')
    expect((await read('*.csv')).ids).toEqual(['b.csv'])
    await put('c.csv', 'v\n', '2025-01-02T00:00:00.002Z')
    await expect(read('*.csv')).rejects.toMatchObject({
      code: 'FILES_TIED',
      message: 'b.csv and c.csv were modified at the same moment.',
    })
  })

  test('one name without a date makes it the modification, with a notice, or a refusal', async () => {
    await put('s_2025-01-02.csv', 'v\n', '2025-01-02T00:00:00Z')
    await put('s_final.csv', 'v\n', '2025-01-01T00:00:00Z')
    const { ids, notices } = await read('s_*.csv')
    expect(ids).toEqual(['s_2025-01-02.csv'])
    expect(notices).toEqual(['s_final.csv has no date in its name, so the newest of 2 files is the one modified last.'])
    await expect(chosen('s_*.csv', { ...newest, newestBy: 'date-in-name' })).rejects.toMatchObject({
      code: 'FILES_TIED',
      message: 's_final.csv has no date in its name, so it cannot be compared.',
    })
    expect(await chosen('s_f*.csv', { ...newest, newestBy: 'date-in-name' })).toEqual(['s_final.csv'])
  })
})

describe('all files', () => {
  test('by date, then time, then name, each a partition', async () => {
    const ordered = [
      'z.csv',
      's_20241231.csv',
      'a_2025-01-01_0900.csv',
      'b_2025-01-01_0830.csv',
      'z_2025-01-01.csv',
      'b_2025-01-02_0830.csv',
      'a_2025-01-02_0900.csv',
    ]
    for (const [index, name] of [...ordered.entries()].reverse()) await put(name, `v\n${index}\nragged,\n`)
    const { ids, rows, rejects } = await read('*.csv', { options: all })
    expect(ids).toEqual(ordered)
    expect(rows).toEqual(ordered.map((_, index) => [String(index)]))
    expect(rejects.map(({ row, line }) => [row, line])).toEqual(ordered.map(() => [2, 3]))
  })

  test('in folders below when the pattern names them', async () => {
    await put('2025/02/a.csv', 'v\n')
    await put('2025/01/b.csv', 'v\n')
    await put('c.csv', 'v\n')
    expect(await chosen('**/*.csv', all)).toEqual(['2025/01/b.csv', '2025/02/a.csv', 'c.csv'])
    expect(await chosen('2025/*/b.csv', all)).toEqual(['2025/01/b.csv'])
    expect(await chosen('*.csv', all)).toEqual(['c.csv'])
  })

  test('T59: names with spaces, #, %, ?, line break and unicode are exact', async () => {
    const names = [
      'a b#1.csv',
      '100%.csv',
      'what?.csv',
      'line\nbreak.csv',
      '\nfirst.csv',
      'naïve 😀.csv',
      '-rf.csv',
      '[x]{y}.csv',
      "it's.csv",
    ]
    for (const name of names) await put(name, `v\n"${name}"\n`)
    const { ids, rows } = await read('*.csv', { options: all })
    expect(ids).toEqual(names.toSorted())
    expect(rows).toEqual(names.toSorted().map((name) => [name]))
    expect(await chosen('\\[x\\]\\{y\\}.csv', all)).toEqual(['[x]{y}.csv'])
  })

  test('T59: 5,000 files, hidden ones left out', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `${index}.csv`)
    for (const name of names) await writeFile(join(folder, name), 'v\n')
    await put('.hidden.csv', 'v\n')
    expect(await chosen('*.csv', all)).toEqual(names.toSorted())
    await Promise.all(names.map((name) => utimes(join(folder, name), 1, 1)))
    await expect(chosen('*.csv', newest)).rejects.toMatchObject({
      message: '0.csv and 1.csv and 10.csv and 100.csv and 1000.csv and 4995 more were modified at the same moment.',
    })
  })
})

describe('no file', () => {
  test('nothing matches', async () => {
    await put('a.csv', 'v\n')
    await put('b.csv', 'v\n')
    await expect(read('store_*.csv')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `No file in ${folder} matches store_*.csv; there are 2 other files.`,
      details: { folder, pattern: 'store_*.csv', files: 2 },
    })
    await expect(read('!a.csv')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(read('../in/a.csv')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('the folder is missing, or a file, or cannot be looked at', async () => {
    folder = join(base, 'missing')
    const source = await openLocalFiles({ folder })
    await expect(source.check()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', message: `The folder ${folder} is not there.` })
    await expect(read('*.csv')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `The folder ${folder} of the files *.csv is not there.`,
      details: { folder, pattern: '*.csv' },
    })
    await writeFile(folder, '')
    await expect(source.check()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(read('*.csv')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    folder = join(base, 'x'.repeat(300))
    await expect(read('*.csv')).rejects.toMatchObject({ code: 'LOCAL_IO' })
  })

  test.runIf(process.getuid?.() !== 0)('no right to read it', async () => {
    await chmod(await put('a.csv', 'v\n'), 0)
    await expect(read('a.csv')).rejects.toMatchObject({ code: 'LOCAL_IO', hint: expect.stringContaining('right') })
  })

  test('it is gone when it is to be read', async () => {
    const path = await put('a.csv', 'v\n')
    const { reading } = await open('a.csv')
    await rm(path)
    await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', message: 'a.csv is not there.' })
  })

  test('a file that was not chosen', async () => {
    await put('a.csv', 'v\n')
    const { reading } = await open('a.csv')
    await expect(readTexts(reading.read({ id: 'b.csv' }))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})

describe('little in it', () => {
  test('no byte is refused unless it is allowed', async () => {
    await put('a.csv', '')
    await put('b.csv', 'v\n1\n')
    await expect(read('*.csv', { options: all })).rejects.toMatchObject({
      code: 'FILE_EMPTY',
      message: `a.csv in ${folder} has no byte in it.`,
    })
    const allowed = await read('*.csv', { options: { ...all, allowEmpty: true } })
    expect(allowed).toMatchObject({ rows: [['1']], ids: ['a.csv', 'b.csv'] })
  })

  test('only a header is no row', async () => {
    await put('a.csv', 'v\n')
    expect(await read('a.csv')).toMatchObject({ rows: [], rejects: [] })
  })

  test('a missing column, and one that nobody declared', async () => {
    await put('a.csv', 'v,w\n1,2\n')
    expect((await read('a.csv')).notices).toEqual(['a.csv: 1 column is not declared and left out: "w".'])
    await expect(read('a.csv', { columns: textColumns('v', 'x') })).rejects.toMatchObject({
      code: 'SCHEMA_CHANGED',
      message: 'a.csv: no header "x"; found: "v", "w".',
    })
  })
})

describe('links', () => {
  test('one that leaves the folder is refused', async () => {
    await writeFile(join(base, 'secret.csv'), 'v\nsecret\n')
    await symlink('../secret.csv', join(folder, 'a.csv'))
    await expect(read('*.csv')).rejects.toMatchObject({ code: 'SOURCE_FAILED', details: { file: 'a.csv' } })
    await put('b_2025-01-01.csv', 'v\nfine\n')
    expect((await read('b_*.csv')).rows).toEqual([['fine']])
  })

  test('one inside counts once, beside its file or for it', async () => {
    await put('store_2025-01-01.csv', 'v\n1\n')
    await symlink('store_2025-01-01.csv', join(folder, 'latest.csv'))
    await symlink('store_2025-01-01.csv', join(folder, 'also_latest.csv'))
    expect((await read('*.csv', { options: all })).ids).toEqual(['store_2025-01-01.csv'])
    expect(await read('latest.csv')).toMatchObject({ rows: [['1']], ids: ['latest.csv'] })
    expect(await chosen('*latest.csv', all)).toEqual(['also_latest.csv'])
  })

  test('the folder itself may be one; one to a folder is not followed; one to nothing is named', async () => {
    await put('below/a.csv', 'v\n1\n')
    await symlink('below', join(folder, 'round'))
    const real = folder
    folder = join(base, 'link')
    await symlink(real, folder)
    expect(await chosen('**', all)).toEqual(['below/a.csv'])
    await symlink('nothing', join(folder, 'b.csv'))
    await expect(read('*.csv')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `b.csv in ${folder} is not there.`,
    })
  })

  test('a link that replaces a chosen file is refused', async () => {
    await writeFile(join(base, 'secret.csv'), 'v\nsecret\n')
    const path = await put('a.csv', 'v\nfine\n')
    const { reading } = await open('a.csv')
    await rm(path)
    await symlink('../secret.csv', path)
    await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({ code: 'LOCAL_IO' })
  })
})

describe('T58: a file that changes', () => {
  const large = `v\n${'0123456789\n'.repeat(200_000)}`
  const changes: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
    ['grows', (path) => appendFile(path, '1\n')],
    ['shrinks', (path) => truncate(path, 1000)],
    ['is written anew with as many bytes', (path) => writeFile(path, large.replaceAll('9', '8'))],
    ['is modified at another moment', (path) => utimes(path, 1, 1)],
  ]

  test.each(changes)('%s between the choice and the reading', async (_name, change) => {
    const path = await put('a.csv', large)
    const { reading } = await open('a.csv')
    await change(path)
    const rows: ReadBatch[] = []
    await expect(async () => {
      for await (const batch of reading.read(first(reading))) rows.push(batch)
    }).rejects.toMatchObject({ code: 'FILE_CORRUPT', message: 'a.csv changed while it was read.' })
    expect(rows).toEqual([])
  })

  test.each(changes)('%s while it is read', async (_name, change) => {
    const path = await put('a.csv', large)
    const { reading } = await open('a.csv')
    let batches = 0
    await expect(async () => {
      for await (const _batch of reading.read(first(reading))) if (batches++ === 0) await change(path)
    }).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    expect(batches).toBeGreaterThan(0)
  })

  test('is replaced by another of the same size and time', async () => {
    const path = await put('a.csv', 'v\n1\n', '2025-01-01T00:00:00Z')
    const { reading } = await open('a.csv')
    await put('b.csv', 'v\n2\n', '2025-01-01T00:00:00Z')
    await rename(join(folder, 'b.csv'), path)
    await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })

  test('was empty and is full now', async () => {
    const path = await put('a.csv', '')
    const { reading } = await open('a.csv', { options: { ...newest, allowEmpty: true } })
    await writeFile(path, 'v\n1\n')
    await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })

  test('is appended to as long as it is read', async () => {
    const path = await put('a.csv', large)
    const { reading } = await open('a.csv')
    await expect(async () => {
      for await (const _batch of reading.read(first(reading))) await appendFile(path, large)
    }).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })
})

describe('ends', () => {
  test('an abort before the reading, and behind its last batch', async () => {
    await put('a.csv', 'v\n1\n')
    const controller = new AbortController()
    const { reading } = await open('a.csv', { request: { signal: controller.signal } })
    await expect(async () => {
      for await (const _batch of reading.read(first(reading))) controller.abort()
    }).rejects.toMatchObject({ code: 'ABORTED', exitCode: 130 })
    await expect(readTexts(everyBatch(reading))).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test.runIf(process.platform === 'linux')('no file stays open, however the reading ends', async () => {
    const path = await put('a.csv', `v\n${'0123456789\n'.repeat(200_000)}`)
    const { reading } = await open('a.csv')
    for await (const _batch of reading.read(first(reading))) break
    expect(await openFiles(path)).toBe(0)
    const suspended = reading.read(first(reading))[Symbol.asyncIterator]()
    await suspended.next()
    expect(await openFiles(path)).toBe(1)
    await reading.close()
    expect(await openFiles(path)).toBe(0)
  })
})

async function openFiles(path: string): Promise<number> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return links.filter((link) => link === path).length
}

describe('what is asked for', () => {
  test('a cursor is refused', async () => {
    await put('a.csv', 'v\n')
    const cursor = { column: 'v', overlap: undefined, nulls: 'reject' } as const
    await expect(open('a.csv', { request: { cursor } })).rejects.toMatchObject({ code: 'CURSOR_INVALID', exitCode: 78 })
  })

  const invalid: readonly (readonly [string, Asked, string])[] = [
    ['no columns', { columns: [] }, 'no columns are declared'],
    ['no selection', { options: { format: { kind: 'csv' } } }, 'select: '],
    ['another format', { options: { select: 'all', format: { kind: 'xml' } } }, 'format.kind: '],
    ['an unknown option', { options: { ...all, formatt: 1 } }, 'formatt: '],
    ['newestBy for all', { options: { ...all, newestBy: 'modified' } }, 'newestBy: '],
    ['a CSV option for JSON lines', { options: { select: 'all', format: { kind: 'jsonl', header: false } } }, 'format.header: '],
  ]
  test.each(invalid)('%s', async (_name, asked, text) => {
    await put('a.csv', 'v\n')
    await expect(open('a.csv', asked)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`The files "a.csv" of branches: ${text}`),
    })
  })

  test('a pattern without a character', async () => {
    await expect(open('')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('columns are staged as text that may be NULL, whatever they are declared as', async () => {
    const source = await openLocalFiles({ folder })
    const declared = { name: 'n', type: { kind: 'int64' }, length: undefined, nullable: false, from: 'N' } as const
    await put('a.csv', 'N\n007\n')
    expect(await source.describe(resourceOf('a.csv', { columns: [declared] }))).toEqual({
      columns: [{ name: 'n', type: { kind: 'text' }, nullable: true }],
    })
    expect((await read('a.csv', { columns: [declared] })).rows).toEqual([['007']])
  })
})
