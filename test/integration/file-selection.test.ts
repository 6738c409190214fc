import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReadRequest } from '../../src/contracts/source.ts'
import type { FileIdentity } from '../../src/model/manifest.ts'
import { openLocalFiles } from '../../src/sources/local-files.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { everyBatch } from '../fixtures/file-readings.ts'
import { readTexts, textColumns } from '../read-texts.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-choice-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function put(name: string, text: string, modified = '2025-01-01T00:00:00Z'): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  await utimes(path, new Date(modified), new Date(modified))
  return path
}

const fresh = { select: 'new', format: { kind: 'csv' } }

/** What one batch reads. */
async function batch(options: Readonly<Record<string, unknown>>, asked: Partial<ReadRequest> = {}, locator = '*.csv') {
  const source = await openLocalFiles({ folder })
  const notices: string[] = []
  const resource = { source: 'files', locator, options, columns: textColumns('v') }
  const reading = await source.open(readRequest(resource, { notice: (text) => notices.push(text), ...asked }))
  const { rows } = await readTexts(everyBatch(reading))
  const files = reading.readFiles?.() ?? []
  await reading.close()
  return { values: rows.map(([value]) => value), ids: reading.partitions.map(({ id }) => id), files, notices }
}

/** A request that knows the files of earlier batches. */
function knowing(...earlier: readonly { readonly files: readonly FileIdentity[] }[]): Partial<ReadRequest> {
  const seen = new Map(earlier.flatMap(({ files }) => files).map((file) => [file.path, file]))
  return { seenFiles: async () => seen }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('new files', () => {
  test('by date, then time, then name, each once, remembered by size, time and hash', async () => {
    for (const name of ['s_2025-01-02_1000.csv', 's_2025-01-02_0900.csv', 'b_2025-01-01.csv', 'a_2025-01-01.csv', 'z.csv']) {
      await put(name, `v\n${name}\n`)
    }
    const first = await batch(fresh)
    expect(first.ids).toEqual(['z.csv', 'a_2025-01-01.csv', 'b_2025-01-01.csv', 's_2025-01-02_0900.csv', 's_2025-01-02_1000.csv'])
    expect(first.values).toEqual(first.ids)
    expect(first.files[0]).toEqual({ path: 'z.csv', bytes: 8, modifiedAt: '2025-01-01T00:00:00Z', sha256: sha256('v\nz.csv\n') })
    await put('a_2024-12-31.csv', 'v\nlate\n')
    const second = await batch(fresh, knowing(first))
    expect(second).toMatchObject({ values: ['late'], ids: ['a_2024-12-31.csv'], notices: [] })
    expect(await batch(fresh, knowing(first, second))).toMatchObject({ values: [], ids: [], files: [], notices: [] })
  })

  test('none at all is an empty batch with a notice, not an error', async () => {
    await put('other.txt', 'x')
    expect(await batch(fresh)).toMatchObject({
      ids: [],
      files: [],
      notices: ['No file matches *.csv; there is 1 other file.'],
    })
  })

  test('an empty one is refused unless it is allowed', async () => {
    await put('a.csv', '')
    await expect(batch(fresh)).rejects.toMatchObject({ code: 'FILE_EMPTY' })
    const allowed = await batch({ ...fresh, allowEmpty: true })
    expect(allowed.files).toMatchObject([{ path: 'a.csv', bytes: 0, sha256: sha256('') }])
    await put('b.csv', '')
    expect(await batch({ ...fresh, allowEmpty: true }, knowing(allowed))).toMatchObject({ ids: ['b.csv'], notices: [] })
  })
})

describe('T59: another content under an old name', () => {
  const changes: readonly (readonly [string, string, string])[] = [
    ['of another length', 'v\n10\n', '2025-01-01T00:00:00Z'],
    ['of the same length', 'v\n2\n', '2025-02-01T00:00:00Z'],
  ]

  test.each(changes)('%s is refused, read or ignored', async (_name, text, modified) => {
    await put('a.csv', 'v\n1\n')
    const first = await batch(fresh)
    await put('a.csv', text, modified)
    await expect(batch(fresh, knowing(first))).rejects.toMatchObject({
      code: 'FILE_CHANGED',
      exitCode: 65,
      message: expect.stringMatching(
        /^a\.csv was loaded before \(4 bytes, modified 2025-01-01T00:00:00Z\) and has another content/,
      ),
    })
    const read = await batch({ ...fresh, changed: 'read' }, knowing(first))
    expect(read).toMatchObject({ values: [text.slice(2, -1)], files: [{ path: 'a.csv', sha256: sha256(text) }] })
    const ignored = await batch({ ...fresh, changed: 'ignore' }, knowing(first))
    expect(ignored).toMatchObject({ values: [], files: [], notices: [expect.stringContaining('a.csv was loaded')] })
  })

  test('the same content, only modified at another time, is not read again, whatever the policy', async () => {
    await put('a.csv', 'v\n1\n')
    const first = await batch(fresh)
    await put('a.csv', 'v\n1\n', '2025-02-01T00:00:00Z')
    for (const changed of ['refuse', 'read', 'ignore']) {
      const second = await batch({ ...fresh, changed }, knowing(first))
      expect(second).toMatchObject({
        values: [],
        files: [{ path: 'a.csv', modifiedAt: '2025-02-01T00:00:00Z', sameAs: 'a.csv' }],
        notices: ['a.csv has the same bytes as it had, which was loaded: not read again.'],
      })
      expect(await batch({ ...fresh, changed }, knowing(first, second))).toMatchObject({ ids: [], notices: [] })
    }
  })
})

describe('T59: an old content under another name', () => {
  test('is not read again, with a notice, or read where that is asked for', async () => {
    await put('a.csv', 'v\n1\n')
    const first = await batch(fresh)
    await rename(join(folder, 'a.csv'), join(folder, 'b.csv'))
    await put('c.csv', 'v\n3\n')
    const second = await batch(fresh, knowing(first))
    expect(second).toMatchObject({
      values: ['3'],
      ids: ['b.csv', 'c.csv'],
      files: [{ path: 'b.csv', sameAs: 'a.csv' }, { path: 'c.csv' }],
      notices: ['b.csv has the same bytes as a.csv, which was loaded: not read again.'],
    })
    expect(await batch({ ...fresh, renamed: 'read' }, knowing(first))).toMatchObject({ values: ['1', '3'], notices: [] })
    expect(await batch(fresh, knowing(first, second))).toMatchObject({ ids: [], notices: [] })
  })

  test('reading a batch again reads what it read, and nothing that another batch did', async () => {
    await put('a.csv', 'v\n1\n')
    const first = await batch(fresh)
    await put('b.csv', 'v\n1\n')
    await put('c.csv', 'v\n3\n')
    const second = await batch(fresh, knowing(first))
    const again = (files: readonly FileIdentity[], other: { readonly files: readonly FileIdentity[] }) =>
      batch(fresh, { ...knowing(other), filesAgain: files.map(({ path }) => path) })
    await put('d.csv', 'v\n4\n')
    expect(await again(first.files, second)).toMatchObject({ values: ['1'], ids: ['a.csv'] })
    expect(await again(second.files, first)).toMatchObject({ values: ['3'], ids: ['b.csv', 'c.csv'] })
    expect(await again([], first)).toMatchObject({ ids: [], files: [] })
    await rm(join(folder, 'a.csv'))
    await expect(again(first.files, second)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: 'a.csv is not there any more, but this batch is to read them again.',
    })
  })
})

test('a batch that is read again reads its file also where a newer one has come', async () => {
  await put('s_2025-01-01.csv', 'v\n1\n')
  const newest = { select: 'newest', format: { kind: 'csv' } }
  const first = await batch(newest)
  await put('s_2025-01-02.csv', 'v\n2\n')
  const filesAgain = first.files.map(({ path }) => path)
  expect((await batch(newest, { filesAgain })).values).toEqual(['1'])
  expect((await batch(newest)).values).toEqual(['2'])
  expect((await batch(newest, { filesAgain: [] })).values).toEqual(['2'])
  expect((await batch({ ...newest, select: 'all' }, { filesAgain })).values).toEqual(['1'])
})

describe('files that are not complete yet', () => {
  const now = () => new Date().toISOString()

  test('one that is too young is left, also as the newest', async () => {
    await put('s_2025-01-01.csv', 'v\n1\n')
    await put('s_2025-01-02.csv', 'v\n2\n', now())
    for (const select of ['newest', 'all', 'new']) {
      expect(await batch({ select, format: { kind: 'csv' }, settleMs: 60_000 })).toMatchObject({
        values: ['1'],
        notices: ['s_2025-01-02.csv: not read yet, modified less than 60000 ms ago.'],
      })
    }
    await rm(join(folder, 's_2025-01-01.csv'))
    await expect(batch({ select: 'newest', format: { kind: 'csv' }, settleMs: 60_000 })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `The only file in ${folder} that matches *.csv is not ready.`,
    })
  })

  test('F33: one that grows between two looks is left, though its time says that it is old', async () => {
    await put('a.csv', 'v\n1\n')
    const path = await put('b.csv', 'v\n2\n')
    const growing = setTimeout(async () => {
      await appendFile(path, '3\n')
      await utimes(path, new Date('2025-01-01'), new Date('2025-01-01'))
    }, 200)
    const options = { ...fresh, settleMs: 1000 }
    expect(await batch(options)).toMatchObject({ values: ['1'], notices: ['b.csv: not read yet, it changed between two looks.'] })
    clearTimeout(growing)
    expect((await batch(options)).values).toEqual(['1', '2', '3'])
  })

  test('an abort ends the wait between two looks', async () => {
    await put('a.csv', 'v\n1\n')
    const begun = performance.now()
    const signal = AbortSignal.timeout(100)
    await expect(batch({ ...fresh, settleMs: 60_000 }, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  test.each([
    ['*.done', 'a.csv.done', 'b.csv.done'],
    ['*.done', 'a.done', 'b.done'],
    ['ready-*', 'ready-a.csv', 'ready-b'],
  ])('with the marker %s, a file counts once %s is there', async (marker, ofA, ofB) => {
    await put('in/a.csv', 'v\n1\n')
    await put('in/b.csv', 'v\n2\n')
    await put(`in/${ofA}`, '')
    await put(ofB, '')
    const options = { ...fresh, marker }
    const first = await batch(options, {}, 'in/*')
    expect(first).toMatchObject({ values: ['1'], notices: [`in/b.csv: not read yet, no ${marker} is there.`] })
    await put(`in/${ofB}`, '')
    expect((await batch(options, knowing(first), 'in/*')).values).toEqual(['2'])
  })

  test('a marker without a * speaks for its folder', async () => {
    await put('1/a.csv', 'v\n1\n')
    await put('1/_SUCCESS', '')
    await put('2/a.csv', 'v\n2\n')
    expect((await batch({ ...fresh, marker: '_SUCCESS' }, {}, '*/*')).ids).toEqual(['1/a.csv'])
  })
})

describe('checksums beside files', () => {
  const md5 = createHash('md5').update('v\n1\n').digest('hex')
  const sha = sha256('v\n1\n')

  test.each([
    ['md5', md5],
    ['md5', `${md5.toUpperCase()}  a b.csv\n`],
    ['md5', `${'0'.repeat(32)} *ba b.csv\n${md5} *a b.csv\n${'1'.repeat(32)}  a b.csv.old\n`],
    ['md5', `MD5 (a b.csv) = ${md5}\r\n`],
    ['sha256', `${sha}  ./in/a b.csv\n`],
  ])('%s of %j', async (checksum, text) => {
    await put('a b.csv', 'v\n1\n')
    await put(`a b.csv.${checksum}`, text)
    expect(await batch({ ...fresh, checksum }, {}, 'a*')).toMatchObject({ values: ['1'], ids: ['a b.csv'] })
  })

  test('another one refuses the file; none lets it wait', async () => {
    await put('a.csv', 'v\n1\n')
    expect(await batch({ ...fresh, checksum: 'md5' })).toMatchObject({
      values: [],
      notices: ['a.csv: not read yet, no md5 file lies beside it.'],
    })
    await put('a.csv.md5', '0'.repeat(32))
    await expect(batch({ ...fresh, checksum: 'md5' })).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: `a.csv is not what a.csv.md5 says: its md5 is ${md5}, not ${'0'.repeat(32)}.`,
    })
    await put('a.csv.md5', sha)
    await expect(batch({ ...fresh, checksum: 'md5' })).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: 'a.csv.md5 holds no md5 checksum of its file.',
    })
  })
})
