import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inChunks, type ReadTexts, readTexts, textColumns } from '../../test/read-texts.ts'
import { isSluiceError } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import { readCsv } from './csv.ts'
import type { FormatRequest } from './format-reading.ts'
import { readJsonLines } from './jsonl.ts'

const request = { name: 'file', columns: textColumns('a', 'b'), notice: () => {} }

type Read = (chunks: AsyncIterable<Uint8Array>, request: FormatRequest) => AsyncIterable<ReadBatch>

async function outcome(read: Read, bytes: Uint8Array, sizes: readonly number[]): Promise<ReadTexts | string> {
  try {
    return await readTexts(read(inChunks(bytes, sizes), request))
  } catch (error) {
    if (!isSluiceError(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

function latin1(pieces: readonly string[]): Buffer {
  return Buffer.from(pieces.join(''), 'latin1')
}

/** Bytes as Latin-1, so that a piece may be half a character of UTF-8. */
const csvPieces = [
  'a',
  '1',
  ',',
  ',',
  '"',
  '"',
  '""',
  '\n',
  '\r',
  '\r\n',
  ' ',
  '\xc3\xa9',
  '\xc3',
  '\xef\xbb\xbf',
  '\0',
  '"x"',
  'a,b\n',
]
const jsonPieces = [
  '{"a":1,"b":"x"}\n',
  '{"a":"\\u00e9',
  '\\ud83d\\ude00',
  '\\ud83d',
  '\xc3\xa9',
  '\xc3',
  '"}\n',
  '{"b":',
  '[1,{}]}\r\n',
  '\n',
  ' ',
  '"',
  '\\',
  '{',
  '}',
  '\xef\xbb\xbf',
  ',"a":2}\n',
]

const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 60 })

test.each([
  ['CSV', readCsv, csvPieces, ['', 'a,b\n', '\xef\xbb\xbfb,a\r\n']],
  ['JSON lines', readJsonLines, jsonPieces, ['', '\xef\xbb\xbf']],
] as const)('%s: however the bytes are cut, the outcome is the same', async (_name, read, pieces, heads) => {
  const file = fc.tuple(fc.constantFrom(...heads), fc.array(fc.constantFrom(...pieces), { maxLength: 25 }))
  await fc.assert(
    fc.asyncProperty(file, sizes, async ([head, body], cuts) => {
      const bytes = latin1([head, ...body])
      const whole = await outcome(read, bytes, [])
      expect(await outcome(read, bytes, cuts)).toEqual(whole)
      const single = Array.from(bytes, () => 1)
      expect(await outcome(read, bytes, single)).toEqual(whole)
    }),
    { numRuns: 500 },
  )
})

const cell = fc.oneof(
  fc.constant(null),
  fc.string({ unit: fc.constantFrom('a', '"', ';', ',', '\n', '\r', '\0', ' ', 'é', '😀', '\u2028', '\\', 'N'), maxLength: 8 }),
)

test('CSV: what a writer of RFC 4180 wrote is read back, its lines counted', async () => {
  const table = fc.array(fc.tuple(cell, cell), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(table, fc.constantFrom('\n', '\r', '\r\n'), sizes, async (rows, end, cuts) => {
      const written = rows.map((row) => row.map((text) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`)).join(','))
      const file = Buffer.from(['a,b', ...written, 'ragged', ''].join(end))
      const read = await readTexts(readCsv(inChunks(file, cuts), request))
      expect(read.rows).toEqual(rows)
      const line = 1 + ['a,b', ...written].reduce((lines, text) => lines + text.split(/\r\n|\r|\n/).length, 0)
      expect(read.rejects).toMatchObject([{ row: rows.length + 1, line }])
    }),
    { numRuns: 500 },
  )
})

test('JSON lines: a line is refused as malformed just when JSON.parse refuses it', async () => {
  const text = fc.tuple(
    fc.jsonValue({ maxDepth: 4 }),
    fc.nat(),
    fc.constantFrom('', '0', '.', 'e', '"', '\\', '{', ']', ',', '\t', 'é'),
  )
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async ([value, at, piece], isMutated) => {
      const whole = JSON.stringify({ a: value, b: [value] })
      const place = at % whole.length
      const line = isMutated ? whole.slice(0, place) + piece + whole.slice(place + (at % 2)) : whole
      const { rows, rejects } = await readTexts(readJsonLines(inChunks(Buffer.from(`${line}\n`)), request))
      expect(rows.length + rejects.length).toBe(1)
      expect(rejects[0]?.causes[0]?.code === 'MALFORMED').toBe(!isObject(line))
    }),
    { numRuns: 2000 },
  )
})

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

test('JSON lines: every string comes back, however it is escaped', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.boolean(), sizes, async (text, isEscaped, cuts) => {
      const units = [...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`)
      const literal = isEscaped ? `"${units.join('')}"` : JSON.stringify(text)
      const { rows } = await readTexts(readJsonLines(inChunks(Buffer.from(`{"a":${literal},"b":1}\n`), cuts), request))
      expect(rows).toEqual([[text, '1']])
    }),
    { numRuns: 500 },
  )
})
