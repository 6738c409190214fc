import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLocalFiles } from '../../src/sources/local-files.ts'
import { sourceCases } from '../../src/testing/source-cases.ts'
import { type Asked, all, at, chosen, csvText, jsonText, newest, open, put, read, resourceOf } from '../fixtures/files-folder.ts'
import { textColumns } from '../read-texts.ts'

describe.each([
  ['csv', csvText],
  ['jsonl', jsonText],
] as const)('the contract of a source: %s', (kind, textOf) => {
  const cases = sourceCases({
    async prepare(sample) {
      await put(`sample.${kind}`, textOf(sample))
      const columns = textColumns(...sample.columns.map(({ name }) => name))
      const options = { select: 'newest', format: { kind }, allowEmpty: true }
      const source = await openLocalFiles({ folder: at.folder })
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
    await rename(join(at.folder, 'south_2025-01-02.csv'), join(at.folder, 'south_2025-01-02_1200.csv'))
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
    for (const name of names) await writeFile(join(at.folder, name), 'v\n')
    await put('.hidden.csv', 'v\n')
    expect(await chosen('*.csv', all)).toEqual(names.toSorted())
    await Promise.all(names.map((name) => utimes(join(at.folder, name), 1, 1)))
    await expect(chosen('*.csv', newest)).rejects.toMatchObject({
      message: '0.csv and 1.csv and 10.csv and 100.csv and 1000.csv and 4995 more were modified at the same moment.',
    })
  })
})

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
    const source = await openLocalFiles({ folder: at.folder })
    const declared = { name: 'n', type: { kind: 'int64' }, length: undefined, nullable: false, from: 'N' } as const
    await put('a.csv', 'N\n007\n')
    expect(await source.describe(resourceOf('a.csv', { columns: [declared] }))).toEqual({
      columns: [{ name: 'n', type: { kind: 'text' }, nullable: true }],
    })
    expect((await read('a.csv', { columns: [declared] })).rows).toEqual([['007']])
  })
})
