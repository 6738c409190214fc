import { expect, test } from 'vitest'
import { type StringFacts, scanString } from './json-string.ts'

function scan(data: Buffer, start: number, limit: number): StringFacts {
  const facts: StringFacts = { end: 0, hasEscapes: false, hasLoneSurrogate: false, bits: 0 }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  scanString(data, view, start, limit, facts)
  return facts
}

/** What JSON itself says of the bytes between two quotes: byte by byte, without escapes. */
function plainEnd(data: Buffer, start: number, limit: number): number {
  for (let at = start + 1; at < limit; at++) {
    const byte = data[at] ?? 0
    if (byte === 0x22) return at + 1
    if (byte < 0x20) return -1
  }
  return -1
}

test('every byte is seen for what it is at every place of a string of every length', () => {
  for (let byte = 0; byte < 256; byte++) {
    if (byte === 0x5c) continue
    for (let length = 1; length <= 10; length++) {
      for (let place = 0; place < length; place++) {
        const data = Buffer.from(`xx"${'a'.repeat(length)}"",,,`, 'latin1')
        data[3 + place] = byte
        for (const limit of [4 + length, 3 + length, data.length]) {
          const { end, hasEscapes, bits } = scan(data, 2, limit)
          expect([byte, length, place, limit, end, hasEscapes]).toEqual([
            byte,
            length,
            place,
            limit,
            plainEnd(data, 2, limit),
            false,
          ])
          if (end === 4 + length) expect(bits >= 128).toBe(byte >= 128)
        }
      }
    }
  }
})

test.each([
  ['\\n', { end: 2, hasEscapes: true, hasLoneSurrogate: false }],
  ['\\u00e4', { end: 6, hasEscapes: true, hasLoneSurrogate: false }],
  ['\\ud83d\\ude00', { end: 12, hasEscapes: true, hasLoneSurrogate: false }],
  ['\\ud83d', { end: 6, hasEscapes: true, hasLoneSurrogate: true }],
  ['\\ude00\\ud83d', { end: 12, hasEscapes: true, hasLoneSurrogate: true }],
])('the escape %s is found behind any number of plain bytes', (written, { end, ...facts }) => {
  for (let before = 0; before <= 9; before++) {
    const data = Buffer.from(`"${'a'.repeat(before)}${written}${'b'.repeat(before)}"`)
    expect(scan(data, 0, data.length)).toMatchObject({ end: end + 2 * before + 2, ...facts })
    for (let limit = 1; limit < data.length; limit++) expect(scan(data, 0, limit).end).toBe(-1)
  }
})
