import { expect, test } from 'vitest'
import { inChunks } from '../../test/read-texts.ts'
import { decodeText } from './decode-text.ts'

async function decoded(bytes: Uint8Array, encoding: string | undefined, sizes: readonly number[] = []): Promise<string> {
  const parts: Buffer[] = []
  for await (const chunk of decodeText(inChunks(bytes, sizes), { name: 'a.csv', encoding })) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts).toString('utf8')
}

const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16()
const texts = 'id,v\n1,naïve € 😀\n'

test.each([
  ['windows-1252', 'windows-1252', Buffer.from([0x80, 0x92, 0xe9, 0x0a]), '€’é\n'],
  ['a label in capitals', 'Latin1', Buffer.from([0xe9]), 'é'],
  ['UTF-16LE, declared', 'utf-16le', Buffer.from(texts, 'utf16le'), texts],
  ['UTF-16LE, declared and marked', 'utf-16le', Buffer.from(`\ufeff${texts}`, 'utf16le'), texts],
  ['UTF-16LE by its mark', undefined, Buffer.from(`\ufeff${texts}`, 'utf16le'), texts],
  ['UTF-16BE by its mark', undefined, bigEndian(`\ufeff${texts}`), texts],
  ['UTF-16BE, declared', 'utf-16be', bigEndian(texts), texts],
  ['Shift JIS', 'shift_jis', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), '日本'],
  ['UTF-8, its mark left to the format', undefined, Buffer.from(`\ufeff${texts}`), `\ufeff${texts}`],
  ['one byte', undefined, Buffer.from('1'), '1'],
  ['one byte, declared', 'windows-1252', Buffer.from([0xe9]), 'é'],
  ['no byte', 'utf-16le', Buffer.alloc(0), ''],
] as const)('T48: %s', async (_name, encoding, bytes, text) => {
  expect(await decoded(bytes, encoding)).toBe(text)
  expect(
    await decoded(
      bytes,
      encoding,
      Array.from(bytes, () => 1),
    ),
  ).toBe(text)
})

test('T48: bytes that are no UTF-8 are left to the format, which refuses them by row', async () => {
  const bytes = Buffer.from([0x61, 0xff])
  const parts: Uint8Array[] = []
  for await (const chunk of decodeText(inChunks(bytes), { name: 'a', encoding: 'utf-8' })) parts.push(Uint8Array.from(chunk))
  expect(Buffer.concat(parts)).toEqual(bytes)
})

test.each([
  ['a lone surrogate', 'utf-16le', Buffer.from('a\ud800b', 'utf16le'), 'a.csv: soon behind byte 0 stands what is no utf-16le.'],
  ['an odd byte', 'utf-16le', Buffer.from([0x61, 0, 0x62]), 'a.csv: at its end stands what is no utf-16le.'],
  [
    'a byte without a meaning, far inside',
    'windows-1253',
    Buffer.concat([Buffer.alloc(10_000, 'a'), Buffer.from([0xff])]),
    'a.csv: soon behind byte 8192 stands what is no windows-1253.',
  ],
  ['half a character', 'shift_jis', Buffer.from([0x93]), 'a.csv: at its end stands what is no shift_jis.'],
])('T48: refused: %s', async (_name, encoding, bytes, message) => {
  await expect(decoded(bytes, encoding)).rejects.toMatchObject({ code: 'FILE_CORRUPT', message })
})
