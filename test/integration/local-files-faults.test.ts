import { appendFile, chmod, readdir, readlink, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ReadBatch } from '../../src/model/column-batch.ts'
import { openLocalFiles } from '../../src/sources/local-files.ts'
import { all, at, chosen, everyBatch, first, newest, open, put, read } from '../fixtures/files-folder.ts'
import { readTexts, textColumns } from '../read-texts.ts'

describe('no file', () => {
  test('nothing matches', async () => {
    await put('a.csv', 'v\n')
    await put('b.csv', 'v\n')
    await expect(read('store_*.csv')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `No file in ${at.folder} matches store_*.csv; there are 2 other files.`,
      details: { folder: at.folder, pattern: 'store_*.csv', files: 2 },
    })
    await expect(read('!a.csv')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(read('../in/a.csv')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('the folder is missing, or a file, or cannot be looked at', async () => {
    at.folder = join(at.base, 'missing')
    const source = await openLocalFiles({ folder: at.folder })
    await expect(source.check()).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `The folder ${at.folder} is not there.`,
    })
    await expect(read('*.csv')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `The folder ${at.folder} of the files *.csv is not there.`,
      details: { folder: at.folder, pattern: '*.csv' },
    })
    await writeFile(at.folder, '')
    await expect(source.check()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(read('*.csv')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    at.folder = join(at.base, 'x'.repeat(300))
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
      message: `a.csv in ${at.folder} has no byte in it.`,
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
    await writeFile(join(at.base, 'secret.csv'), 'v\nsecret\n')
    await symlink('../secret.csv', join(at.folder, 'a.csv'))
    await expect(read('*.csv')).rejects.toMatchObject({ code: 'SOURCE_FAILED', details: { file: 'a.csv' } })
    await put('b_2025-01-01.csv', 'v\nfine\n')
    expect((await read('b_*.csv')).rows).toEqual([['fine']])
  })

  test('one inside counts once, beside its file or for it', async () => {
    await put('store_2025-01-01.csv', 'v\n1\n')
    await symlink('store_2025-01-01.csv', join(at.folder, 'latest.csv'))
    await symlink('store_2025-01-01.csv', join(at.folder, 'also_latest.csv'))
    expect((await read('*.csv', { options: all })).ids).toEqual(['store_2025-01-01.csv'])
    expect(await read('latest.csv')).toMatchObject({ rows: [['1']], ids: ['latest.csv'] })
    expect(await chosen('*latest.csv', all)).toEqual(['also_latest.csv'])
  })

  test('the folder itself may be one; one to a folder is not followed; one to nothing is named', async () => {
    await put('below/a.csv', 'v\n1\n')
    await symlink('below', join(at.folder, 'round'))
    const real = at.folder
    at.folder = join(at.base, 'link')
    await symlink(real, at.folder)
    expect(await chosen('**', all)).toEqual(['below/a.csv'])
    await symlink('nothing', join(at.folder, 'b.csv'))
    await expect(read('*.csv')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `b.csv in ${at.folder} is not there.`,
    })
  })

  test('a link that replaces a chosen file is refused', async () => {
    await writeFile(join(at.base, 'secret.csv'), 'v\nsecret\n')
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
    await rename(join(at.folder, 'b.csv'), path)
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
