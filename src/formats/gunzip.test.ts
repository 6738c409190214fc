import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inChunks } from '../../test/read-texts.ts'
import { SluiceError } from '../errors.ts'
import { gunzip } from './gunzip.ts'

const first = gzipSync('hello\n')
const second = gzipSync('world\n')
const limit = { bytes: 2 ** 40, ratio: 200 }

async function unpacked(bytes: Uint8Array, sizes: readonly number[] = [], within = limit): Promise<string> {
  let text = ''
  for await (const chunk of gunzip(inChunks(bytes, sizes), { name: 'a.gz', limit: within })) {
    text += Buffer.from(chunk).toString('latin1')
  }
  return text
}

const ones = (bytes: Uint8Array) => Array.from(bytes, () => 1)
const joined = (...parts: readonly (Uint8Array | string)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)))
const flipped = Buffer.from(first).fill(~(first.at(-6) ?? 0) & 0xff, first.length - 6, first.length - 5)

describe('T53: gzip', () => {
  test.each([
    ['one member', first, 'hello\n'],
    ['two members', joined(first, second), 'hello\nworld\n'],
    ['zeros behind it', joined(first, Buffer.alloc(1000)), 'hello\n'],
    ['an empty member', gzipSync(''), ''],
    ['gzip in gzip is unpacked once', gzipSync(first), first.toString('latin1')],
  ])('%s', async (_name, bytes, text) => {
    expect(await unpacked(bytes)).toBe(text)
    expect(await unpacked(bytes, ones(bytes))).toBe(text)
    expect(await unpacked(bytes, [first.length])).toBe(text)
  })

  test.each([
    ['something behind it', joined(first, 'garbage')],
    ['something behind zeros', joined(first, Buffer.alloc(3), 'x')],
    ['a member behind zeros', joined(first, Buffer.alloc(3), second)],
    ['cut by one byte', first.subarray(0, -1)],
    ['cut in its head', first.subarray(0, 5)],
    ['the second member cut', joined(first, second.subarray(0, -3))],
    ['a wrong checksum', flipped],
    ['no gzip', Buffer.from('id,v\n')],
    ['no byte', Buffer.alloc(0)],
  ])('refused: %s', async (_name, bytes) => {
    for (const sizes of [[], ones(bytes), [first.length]]) {
      await expect(unpacked(bytes, sizes)).rejects.toMatchObject({
        code: 'FILE_CORRUPT',
        message: expect.stringContaining('a.gz cannot be unpacked as gzip: '),
      })
    }
  })

  test('a bomb is refused by its ratio and by its size, long before its end', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
    await expect(unpacked(bomb)).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringMatching(/beyond every measure/),
    })
    expect((await unpacked(bomb, [], { bytes: 2 ** 40, ratio: 2000 })).length).toBe(200 * 1024 * 1024)
    await expect(unpacked(bomb, [], { bytes: 1000, ratio: 2000 })).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })

  test('a failure of the file is passed on, and the file is given back when nobody reads on', async () => {
    let isReturned = false
    async function* endless() {
      try {
        yield joined(first)
        while (true) yield gzipSync(Buffer.alloc(300_000, 'x'))
      } finally {
        isReturned = true
      }
    }
    for await (const _chunk of gunzip(endless(), { name: 'a.gz', limit })) break
    expect(isReturned).toBe(true)
    const failing = async function* () {
      yield first.subarray(0, 5)
      throw new SluiceError('SOURCE_UNREACHABLE', 'lost', { hint: 'Run it again.' })
    }
    await expect(async () => {
      for await (const _chunk of gunzip(failing(), { name: 'a.gz', limit }));
    }).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  })
})
