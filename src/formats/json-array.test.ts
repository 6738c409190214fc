import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inChunks, readTexts, textColumns } from '../../test/read-texts.ts'
import { readJson } from './json-array.ts'

const columns = textColumns('id', 'v')
const list = '$[*]'

function read(text: string, records = list, sizes: readonly number[] = []) {
  const request = { name: 'a.json', columns, notice: () => {} }
  return readTexts(readJson(inChunks(Buffer.from(text), sizes), request, { records }))
}

const ones = (text: string) => Array.from(Buffer.from(text), () => 1)

describe('the records of a list', () => {
  test.each([
    [
      'at the top',
      list,
      '[{"id":1,"v":"x"},{"v":null,"id":9007199254740993}]',
      [
        ['1', 'x'],
        ['9007199254740993', null],
      ],
    ],
    [
      'with white space and a mark',
      list,
      '\ufeff [ {"id" : 1.10 } ,\n{ } ]\r\n',
      [
        ['1.10', null],
        [null, null],
      ],
    ],
    ['an empty one', list, '[ ]', []],
    [
      'below members',
      '$.data.items[*]',
      '{"a":[{"id":0}],"data":{"n":{"items":[1]},"items":[{"id":1}],"x":2},"z":"]}"}',
      [['1', null]],
    ],
    ['below an escaped name', '$.a b[*]', '{"\\u0061 b":[{"id":1}]}', [['1', null]]],
    ['behind brackets in strings', '$.x[*]', '{"t":"\\"x\\":[{","u":"}\\\\","x":[{"id":"]\\""}]}', [[']"', null]]],
    ['one record', '$', ' {"id":1,"v":{"a":[1, 2]}} ', [['1', '{"a":[1, 2]}']]],
    ['one record below', '$.data', '{"data":{"id":1},"more":[]}', [['1', null]]],
    ['no byte', list, '', []],
  ])('%s, however it is cut', async (_name, records, text, rows) => {
    expect((await read(text, records)).rows).toEqual(rows)
    expect((await read(text, records, ones(text))).rows).toEqual(rows)
  })

  test('what is no object, or no JSON between its brackets, is refused, and what follows is read', async () => {
    const text = '[1, "x", null, {"id":1}, {"id":01}, [{}], {"id":2,}, {"id":"\\ud800"}, {"id":3}]'
    for (const sizes of [[], ones(text)]) {
      const { rows, numbers, rejects } = await read(text, list, sizes)
      expect(rows).toEqual([
        ['1', null],
        ['3', null],
      ])
      expect(numbers).toEqual([4, 9])
      expect(rejects.map(({ row, causes }) => [row, causes[0]?.code])).toEqual([
        [1, 'MALFORMED'],
        [2, 'MALFORMED'],
        [3, 'MALFORMED'],
        [5, 'MALFORMED'],
        [6, 'MALFORMED'],
        [7, 'MALFORMED'],
        [8, 'ENCODING'],
      ])
    }
  })
})

describe('T57: refused', () => {
  const whole = '{"n":1,"data":{"items":[{"id":1,"v":"x"},{"id":2,"v":"]"}]}}'
  test('cut anywhere', async () => {
    for (let length = 1; length < whole.length; length++) {
      await expect(read(whole.slice(0, length), '$.data.items[*]')).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    }
    expect((await read(whole, '$.data.items[*]')).rows).toHaveLength(2)
  })

  test.each([
    ['two texts', '[{"id":1}][{"id":2}]', list, 'a.json, byte 10: something follows the end.'],
    ['no comma', '[{"id":1}{"id":2}]', list, 'a.json, byte 9: this is no JSON.'],
    ['a comma too much', '[{"id":1},]', list, 'a.json, byte 10: this is no JSON.'],
    ['lines of JSON', '{"id":1}\n{"id":2}\n', '$', 'a.json, byte 9: something follows the end.'],
    ['the list twice', '{"x":[{"id":1}],"x":[{"id":2}]}', '$.x[*]', 'a.json, byte 20: $.x[*] stands there twice.'],
    ['only white space', '  \n', list, 'a.json, byte 3: it ends in the middle.'],
    ['a name that is none', '{x:[]}', '$.x[*]', 'a.json, byte 1: this is no JSON.'],
  ])('%s', async (_name, text, records, message) => {
    for (const sizes of [[], ones(text)]) {
      await expect(read(text, records, sizes)).rejects.toMatchObject({ code: 'FILE_CORRUPT', message })
    }
  })

  test.each([
    ['another member', '{"y":[]}', '$.x[*]', 'nothing stands there'],
    ['no list', '{"x":{}}', '$.x[*]', 'no list stands there'],
    ['NULL', '{"x":null}', '$.x[*]', 'no list stands there'],
    ['no object on the way', '{"x":[]}', '$.x.y[*]', 'another value stands on the way to it'],
    ['a list at the top', '[]', '$', 'no object stands there'],
    ['HTML', '<html>', list, 'no list stands there'],
  ])('%s: the schema has changed', async (_name, text, records, what) => {
    await expect(read(text, records)).rejects.toMatchObject({
      code: 'SCHEMA_CHANGED',
      message: `a.json: there are no records at ${records}: ${what}.`,
    })
  })

  test('a path that is none', () => {
    for (const records of ['x', '$.', '$.x[0]', '$[*].x']) {
      expect(() => readJson(inChunks(Buffer.alloc(0)), { name: 'a', columns, notice: () => {} }, { records })).toThrow(/path/)
    }
  })
})

test('whatever JSON.stringify writes is read, wherever it is cut', async () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null))
  const rows = fc.array(fc.record({ id: value, v: value, other: fc.jsonValue() }))
  const texts = fc.record({ rows, around: fc.dictionary(fc.string(), fc.jsonValue()), size: fc.integer({ min: 1, max: 40 }) })
  await fc.assert(
    fc.asyncProperty(texts, async ({ rows, around, size }) => {
      const text = JSON.stringify({ ...around, the: { list: rows } })
      const sizes = Array.from({ length: Math.ceil(Buffer.byteLength(text) / size) }, () => size)
      expect((await read(text, '$.the.list[*]', sizes)).rows).toEqual(rows.map(({ id, v }) => [id, v]))
    }),
  )
})
