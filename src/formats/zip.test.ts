import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PackedFile, zipFile } from '../../test/fixtures/zip-file.ts'
import { openZip } from './zip.ts'

const limit = { bytes: 2 ** 40, ratio: 200 }
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-zip-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function open(bytes: Uint8Array, within = limit) {
  const path = join(folder, 'a.zip')
  await writeFile(path, bytes)
  return openZip(path, { name: 'a.zip', bytes: bytes.length, limit: within })
}

/** Every file's text by its name. */
async function unpacked(bytes: Uint8Array, within = limit): Promise<Readonly<Record<string, string>>> {
  const archive = await open(bytes, within)
  try {
    const texts: Record<string, string> = {}
    for (const name of archive.names) {
      const parts: Buffer[] = []
      for await (const chunk of archive.read(name)) parts.push(Buffer.from(chunk))
      texts[name] = Buffer.concat(parts).toString('utf8')
    }
    return texts
  } finally {
    archive.close()
  }
}

const plain: PackedFile = { name: 'a.csv', data: 'v\n1\n' }

describe('T54: zip', () => {
  test.each([
    ['two files, packed and stored', [plain, { name: 'b/ü 😀.csv', data: 'v\n2\n', isStored: true }]],
    ['folders are no files', [{ name: 'b/', data: '' }, plain]],
    ['zip64', [{ ...plain, isZip64: true }]],
    ['an empty file', [{ name: 'a.csv', data: '' }]],
    ['none', []],
  ])('%s', async (_name, files: readonly PackedFile[]) => {
    const expected = files.filter(({ name }) => !name.endsWith('/')).map(({ name, data }) => [name, String(data)])
    expect(await unpacked(zipFile(files))).toEqual(Object.fromEntries(expected))
  })

  test.each([
    ['leads out of it', [plain, { name: '../x.csv', data: '1' }], 'invalid relative path: ../x.csv'],
    ['leads out of it on the way', [{ name: 'b/../../x.csv', data: '1' }], 'invalid relative path'],
    ['is absolute', [{ name: '/etc/passwd', data: '1' }], 'absolute path: /etc/passwd'],
    ['is absolute on Windows', [{ name: 'C:/x.csv', data: '1' }], 'absolute path'],
    ['has backslashes', [{ name: '..\\x.csv', data: '1' }], 'invalid characters in fileName'],
    ['is a link', [plain, { name: 'b.csv', data: '/etc/passwd', isLink: true }], 'its entry b.csv is a link'],
    ['stands there twice', [plain, plain], 'it holds a.csv twice'],
    ['is encrypted', [{ ...plain, isEncrypted: true }], 'its entry a.csv is encrypted'],
    ['has a wrong checksum', [{ ...plain, checksum: 1 }], 'its entry a.csv does not have the checksum that it says'],
    ['is longer than it says', [{ ...plain, length: 2 }], 'too many bytes'],
    ['is shorter than it says', [{ ...plain, length: 9 }], 'not enough bytes'],
  ])('refused: an entry %s', async (_name, files: readonly PackedFile[], what) => {
    await expect(unpacked(zipFile(files))).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringMatching(new RegExp(`^a\\.zip cannot be read: .*${what.replace(/[.\\]/g, '.')}`)),
    })
  })

  test('refused: no archive, or one that was cut anywhere', async () => {
    const whole = zipFile([plain])
    await expect(open(Buffer.from('v\n1\n'))).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    for (let length = 0; length < whole.length; length += 7) {
      await expect(unpacked(whole.subarray(0, length))).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    }
    const broken = Buffer.from(whole).fill(0xff, 40, 44)
    await expect(unpacked(broken)).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })

  test('a bomb is refused, also one of many files', async () => {
    const zeros = (count: number, megabytes: number) =>
      zipFile(Array.from({ length: count }, (_, at) => ({ name: `${at}`, data: Buffer.alloc(megabytes * 1024 * 1024) })))
    for (const bomb of [zeros(1, 200), zeros(20, 10)]) {
      await expect(unpacked(bomb)).rejects.toMatchObject({ code: 'FILE_CORRUPT', message: expect.stringMatching(/beyond every/) })
    }
    await expect(unpacked(zipFile([plain]), { bytes: 3, ratio: 1000 })).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })
})
