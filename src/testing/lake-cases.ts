import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { Lake } from '../contracts/lake.ts'
import { type ErrorCode, isSluiceError } from '../errors.ts'
import type { StoredFile } from '../model/manifest.ts'
import type { ContractCase } from './contract-case.ts'

/** How the suite gets a lake: a new and empty one for each case; `close` is called once, after the lake's own. */
export interface LakeFixture {
  prepare(): Promise<PreparedLake>
}

interface PreparedLake {
  readonly lake: Lake
  close(): Promise<void>
}

/** The promises of a lake, each as a case. */
export function lakeCases(fixture: LakeFixture): readonly ContractCase[] {
  const cases = { ...writing, ...listing, ...reading, ...naming }
  return Object.entries(cases).map(([name, work]) => ({ name, run: () => onLake(fixture, work) }))
}

type Work = (lake: Lake) => Promise<void>

async function onLake(fixture: LakeFixture, work: Work): Promise<void> {
  const { lake, close } = await fixture.prepare()
  try {
    await work(lake)
  } finally {
    await lake.close()
    await close()
  }
}

const writing: Readonly<Record<string, Work>> = {
  async 'check passes on an empty lake and leaves it empty'(lake) {
    await lake.check()
    assert.deepEqual(await listed(lake, ''), [])
  },

  async 'a committed file has the bytes, the size and the hash of what was written'(lake) {
    const bytes = patterned(3_000_001)
    const writer = await lake.create('a/b/part-00001.parquet')
    await writer.write([bytes.subarray(0, 5), bytes.subarray(5, 5), bytes.subarray(5, 1_000_000)])
    await writer.write([])
    await writer.write([bytes.subarray(1_000_000)])
    const stored = await writer.commit()
    assert.deepEqual(stored, { path: 'a/b/part-00001.parquet', bytes: bytes.length, sha256: sha256(bytes) })
    assert.ok(bytes.equals(await content(lake, 'a/b/part-00001.parquet')))
  },

  async 'a file without a byte is a file'(lake) {
    const stored = await (await lake.create('empty')).commit()
    assert.deepEqual(stored, { path: 'empty', bytes: 0, sha256: sha256(Buffer.alloc(0)) })
    assert.equal((await content(lake, 'empty')).length, 0)
    assert.deepEqual(await listed(lake, ''), ['empty'])
  },

  async "the chunks' memory is free when write has resolved"(lake) {
    const chunk = Buffer.from('first ')
    const writer = await lake.create('reused')
    await writer.write([chunk])
    chunk.write('second')
    await writer.write([chunk])
    const stored = await writer.commit()
    assert.equal(String(await content(lake, 'reused')), 'first second')
    assert.equal(stored.sha256, sha256(Buffer.from('first second')))
  },

  async 'nothing can be seen under the path before commit'(lake) {
    const writer = await lake.create('x/unfinished')
    await writer.write([patterned(100_000)])
    assert.deepEqual(await listed(lake, ''), [])
    await assert.rejects(content(lake, 'x/unfinished'), code('FILE_NOT_FOUND'))
    await writer.commit()
    assert.deepEqual(await listed(lake, ''), ['x/unfinished'])
  },

  async 'an abort leaves nothing behind, and the path free'(lake) {
    const writer = await lake.create('x/again')
    await writer.write([patterned(100_000)])
    await writer.abort()
    await writer.abort()
    assert.deepEqual(await listed(lake, ''), [])
    await put(lake, 'x/again', 'second try')
    assert.equal(String(await content(lake, 'x/again')), 'second try')
  },

  async 'after commit nothing changes the file any more'(lake) {
    const writer = await lake.create('kept')
    await writer.write([Buffer.from('kept')])
    await writer.commit()
    await assert.rejects(writer.write([Buffer.from('more')]))
    await assert.rejects(writer.commit())
    await writer.abort()
    assert.equal(String(await content(lake, 'kept')), 'kept')
  },

  async 'a writer that was aborted cannot be committed'(lake) {
    const writer = await lake.create('gone')
    await writer.write([Buffer.from('gone')])
    await writer.abort()
    await assert.rejects(writer.write([Buffer.from('more')]))
    await assert.rejects(writer.commit())
    assert.deepEqual(await listed(lake, ''), [])
  },

  async 'an existing file is an error and stays as it is'(lake) {
    await put(lake, 'x/once', 'first')
    await assert.rejects(put(lake, 'x/once', 'second'), (error) => isSluiceError(error))
    assert.equal(String(await content(lake, 'x/once')), 'first')
  },

  async 'of two writers of one path one commits, and the file is wholly its own'(lake) {
    const texts = ['one'.repeat(1000), 'two'.repeat(1000)]
    const writers = await Promise.all(texts.map(() => lake.create('race')))
    for (const [index, writer] of writers.entries()) await writer.write([Buffer.from(texts[index] ?? '')])
    const outcomes = await Promise.allSettled(writers.map((writer) => writer.commit()))
    for (const writer of writers) await writer.abort()
    const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [texts[index]] : []))
    assert.equal(winners.length, 1)
    assert.deepEqual([String(await content(lake, 'race'))], winners)
    assert.deepEqual(await listed(lake, ''), ['race'])
  },
}

const listing: Readonly<Record<string, Work>> = {
  async 'a list is sorted by the whole path and tells the sizes'(lake) {
    const unsorted = ['b/1', 'a-b/1', 'a/2', 'a/10', 'c', 'a.b/1']
    for (const path of unsorted) await put(lake, path, path)
    const files = await all(lake.list(''))
    assert.deepEqual(
      files,
      unsorted.toSorted().map((path) => ({ path, bytes: path.length })),
    )
  },

  async 'a prefix lists what begins with it: sales/ not sales-old/'(lake) {
    for (const path of ['sales/1', 'sales/x/2', 'sales-old/1', 'other/sales/1']) await put(lake, path, path)
    assert.deepEqual(await listed(lake, 'sales/'), ['sales/1', 'sales/x/2'])
    assert.deepEqual(await listed(lake, 'sales/x/'), ['sales/x/2'])
    assert.deepEqual(await listed(lake, 'sales'), ['sales-old/1', 'sales/1', 'sales/x/2'])
  },

  async 'a missing prefix yields nothing'(lake) {
    assert.deepEqual(await listed(lake, 'nothing/here/'), [])
    await put(lake, 'file', 'x')
    assert.deepEqual(await listed(lake, 'file/'), [])
  },

  async 'removed files are gone, and missing ones are no error'(lake) {
    for (const path of ['p/1', 'p/2', 'q/1']) await put(lake, path, path)
    await lake.remove(['p/1', 'p/never', 'q/1', 'no/folder/either'])
    await lake.remove(['p/1', 'q/1'])
    await lake.remove([])
    assert.deepEqual(await listed(lake, ''), ['p/2'])
    await put(lake, 'q/1', 'new')
    assert.deepEqual(await listed(lake, ''), ['p/2', 'q/1'])
  },
}

const reading: Readonly<Record<string, Work>> = {
  async 'a file that is not there is FILE_NOT_FOUND'(lake) {
    await assert.rejects(content(lake, 'not/there'), code('FILE_NOT_FOUND'))
    await put(lake, 'folder/file', 'x')
    await assert.rejects(content(lake, 'folder'), code('FILE_NOT_FOUND'))
  },

  async 'reading may stop early'(lake) {
    await put(lake, 'long', 'x'.repeat(5_000_000))
    for await (const chunk of lake.read('long')) {
      assert.ok(chunk.byteLength < 5_000_000)
      break
    }
    assert.equal((await content(lake, 'long')).length, 5_000_000)
  },

  async 'verify passes for the file that was written'(lake) {
    await lake.verify(await put(lake, 'good', 'x'.repeat(3_000_000)))
    await lake.verify(await put(lake, 'empty', ''))
  },

  async 'verify refuses another hash, another size and a missing file'(lake) {
    const stored = await put(lake, 'good', 'good')
    const altered = [
      { ...stored, sha256: sha256(Buffer.from('evil')) },
      { ...stored, bytes: stored.bytes + 1 },
      { ...stored, path: 'bad' },
    ]
    for (const file of altered) await assert.rejects(lake.verify(file), code('STAGED_FILE_ALTERED'))
  },
}

const naming: Readonly<Record<string, Work>> = {
  async 'paths that lead out of the lake are refused everywhere'(lake) {
    const stored = await put(lake, 'inside', 'inside')
    for (const path of ['../out', 'a/../../out', '/etc/hostname', 'a//b', 'a/./b', '', 'a/', '..', 'a/..']) {
      await assert.rejects(async () => (await lake.create(path)).abort(), refused, `create ${path}`)
      await assert.rejects(content(lake, path), refused, `read ${path}`)
      await assert.rejects(lake.verify({ ...stored, path }), refused, `verify ${path}`)
      await assert.rejects(lake.remove(['inside', path]), refused, `remove ${path}`)
      assert.throws(() => lake.locate(path), refused, `locate ${path}`)
    }
    await assert.rejects(listed(lake, '../'), refused)
    assert.deepEqual(await listed(lake, ''), ['inside'])
  },

  async 'names with spaces, quotes, brackets and letters of every kind are only names'(lake) {
    const names = ["it's", 'a b', '*', '[x]', 'ñ/日本', '100%', '😀', 'a=b&c', '-rf', '~']
    for (const name of names) await put(lake, name, name)
    for (const name of names) assert.equal(String(await content(lake, name)), name)
    assert.deepEqual((await listed(lake, '')).toSorted(), names.toSorted())
  },

  async 'a located file is the committed one'(lake) {
    const stored = await put(lake, 'x/located', 'here')
    const location = lake.locate(stored.path)
    assert.ok(isAbsolute(location.path))
    assert.equal(await readFile(location.path, 'utf8'), 'here')
  },

  async 'closing twice is safe'(lake) {
    await lake.close()
    await lake.close()
  },
}

function refused(error: unknown): boolean {
  return isSluiceError(error, 'INTERNAL')
}

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isSluiceError(error, expected)
}

async function put(lake: Lake, path: string, text: string): Promise<StoredFile> {
  const writer = await lake.create(path)
  try {
    await writer.write([Buffer.from(text)])
    return await writer.commit()
  } finally {
    await writer.abort()
  }
}

async function content(lake: Lake, path: string): Promise<Buffer> {
  return Buffer.concat(await all(lake.read(path)))
}

async function listed(lake: Lake, prefix: string): Promise<string[]> {
  return (await all(lake.list(prefix))).map(({ path }) => path)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that tell where they stand, so that a lost or doubled piece shows. */
function patterned(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index ^ (index >> 8) ^ (index >> 16)) & 0xff))
}
