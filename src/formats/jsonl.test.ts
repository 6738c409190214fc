import { describe, expect, test } from 'vitest'
import { inChunks, readTexts, textColumns } from '../../test/read-texts.ts'
import type { DeclaredColumn } from '../model/script.ts'
import { readJsonLines } from './jsonl.ts'

async function read(file: string | Uint8Array, columns: readonly DeclaredColumn[] = textColumns('a', 'b')) {
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  return readTexts(readJsonLines(inChunks(bytes), { name: 'file.jsonl', columns, notice: () => {} }))
}

function column(name: string, from: string): DeclaredColumn {
  return { name, type: { kind: 'text' }, length: undefined, nullable: true, from }
}

async function value(text: string): Promise<string | null | undefined> {
  const { rows, rejects } = await read(`{"a":${text}}\n`, textColumns('a'))
  expect(rejects).toEqual([])
  return rows[0]?.[0]
}

describe('values', () => {
  const verbatim = [
    '9007199254740993',
    '12345678901234567890.12345',
    '1.10',
    '-0',
    '0.0',
    '1e400',
    '-1.5E-7',
    '1e+21',
    'true',
    'false',
    '[1, 2,{"x" : null}]',
    '{"z":1,"a":[ ]}',
  ]
  test.each(verbatim)('%s comes as it is written', async (text) => {
    expect(await value(text)).toBe(text)
  })

  const strings: readonly (readonly [string, string])[] = [
    ['""', ''],
    ['"null"', 'null'],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\u00e9\\u20AC\\u0000"', 'é€\0'],
    ['"\\ud83d\\ude00 😀"', '😀 😀'],
    ['"\u2028\u007f"', '\u2028\u007f'],
  ]
  test.each(strings)('the string %s', async (text, expected) => {
    expect(await value(text)).toBe(expected)
  })

  test('null and a missing member are NULL', async () => {
    expect((await read('{"a":null}\n{}\n')).rows).toEqual([
      [null, null],
      [null, null],
    ])
  })

  test('a string with escapes far larger than a buffer arrives whole', async () => {
    const long = 'é"\n'.repeat(100_000)
    expect((await value(JSON.stringify(long))) === long).toBe(true)
  })
})

describe('members', () => {
  test('in any order, with blanks, others left out', async () => {
    expect((await read(' {"c" : [1], "b":"2" ,\t"a":1 } \r\n')).rows).toEqual([['1', '2']])
  })

  test('a name that is escaped is the same name', async () => {
    expect((await read('{"\\u0061":1,"b":2}\n')).rows).toEqual([['1', '2']])
  })

  test('paths lead into objects; a column may take the object itself', async () => {
    const columns = [column('whole', '$.a'), column('deep', '$.a.b.c'), column('top', 'top')]
    const { rows } = await read('{"a":{"b":{"c":"x"}},"top":1}\n{"a":null}\n{"a":{"b":null}}\n{"a":{}}\n', columns)
    expect(rows).toEqual([
      ['{"b":{"c":"x"}}', 'x', '1'],
      [null, null, null],
      ['{"b":null}', null, null],
      ['{}', null, null],
    ])
  })

  test('a path that meets something other than an object', async () => {
    const { rejects } = await read('{"a":[{"b":1}]}\n{"a":"x"}\n', [column('deep', '$.a.b')])
    expect(rejects.map(({ causes }) => causes)).toEqual([
      [{ code: 'MISFIT', column: 'deep', value: '[{"b":1}]' }],
      [{ code: 'MISFIT', column: 'deep', value: '"x"' }],
    ])
  })

  test('two members of one name', async () => {
    const { rejects } = await read('{"a":1,"a":2,"\\u0061":3}\n{"a":1,"b":2,"b":2}\n{"c":1,"c":2}\n')
    expect(rejects.map(({ row, causes }) => [row, causes])).toEqual([
      [1, [{ code: 'DUPLICATE_MEMBER', column: 'a' }]],
      [2, [{ code: 'DUPLICATE_MEMBER', column: 'b' }]],
    ])
    const nested = await read('{"a":{"b":1},"a":{"b":2}}\n', [column('deep', '$.a.b')])
    expect(nested.rejects[0]?.causes).toEqual([{ code: 'DUPLICATE_MEMBER', column: 'deep' }])
  })

  test('a path that Sluice does not know', async () => {
    await expect(read('{}\n', [column('a', '$.a[0]')])).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('what does not fit', () => {
  const malformed = [
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":-}',
    '{"a":1e}',
    '{"a":NaN}',
    '{"a":nul}',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{a:1}',
    "{'a':1}",
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"tab\there"}',
    '{"a":[1}',
    '{"a":1}}',
    '{"a":1} {"a":2}',
    '[1]',
    '1',
    'null',
    'text',
  ]
  test.each(malformed)('%s is refused by line', async (line) => {
    const { rows, numbers, rejects } = await read(`{"a":1}\n\n${line}\n{"a":3}\n`, textColumns('a'))
    expect([rows, numbers]).toEqual([
      [['1'], ['3']],
      [1, 3],
    ])
    expect(rejects).toEqual([{ row: 2, line: 3, causes: [{ code: 'MALFORMED' }], raw: line }])
  })

  test('a lone surrogate, in a value, in another one and in a name', async () => {
    const { rows, rejects } = await read('{"a":"x\\ud800"}\n{"a":"\\udc00\\ud800"}\n{"c":["\\uDBFF\\u0041"]}\n{"\\ud800":1}\n')
    expect(rows).toEqual([])
    expect(rejects.map(({ causes }) => causes)).toEqual([
      [{ code: 'ENCODING', column: 'a', value: 'x\\ud800' }],
      [{ code: 'ENCODING', column: 'a', value: '\\udc00\\ud800' }],
      [{ code: 'ENCODING', value: '\\uDBFF\\u0041' }],
      [{ code: 'ENCODING', value: '\\ud800' }],
    ])
  })

  test('bytes that are no UTF-8', async () => {
    const { rows, rejects } = await read(Buffer.from('{"a":"caf\xe9"}\n{"c":"\xed\xa0\x80"}\n{"a":"ok"}\n', 'latin1'))
    expect(rows).toEqual([['ok', null]])
    expect(rejects.map(({ causes }) => causes)).toEqual([
      [{ code: 'ENCODING', column: 'a', value: 'caf\ufffd' }],
      [{ code: 'ENCODING' }],
    ])
  })

  test('nesting that is too deep is refused, however deep it is', async () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}\n`
    const { rows, rejects } = await read(nested(511) + nested(512) + nested(1_000_000), textColumns('a'))
    expect(rows).toHaveLength(1)
    expect(rejects.map(({ row, causes }) => [row, causes[0]?.code])).toEqual([
      [2, 'MALFORMED'],
      [3, 'MALFORMED'],
    ])
  })

  test('a last line that was cut anywhere ends the reading', async () => {
    const line = '{"a":"é\\n","b":[1,2]}'
    const bytes = Buffer.from(line)
    for (let length = 1; length < bytes.length; length++) {
      const file = Buffer.concat([Buffer.from('{"a":1}\n'), bytes.subarray(0, length)])
      await expect(read(file)).rejects.toMatchObject({
        code: 'FILE_CORRUPT',
        message: 'file.jsonl, line 2: the last line is cut.',
      })
    }
    expect((await read(`{"a":1}\n${line}`)).rows).toHaveLength(2)
  })
})

test('a byte order mark, blank lines, no bytes', async () => {
  expect((await read('\ufeff{"a":1}\r\n  \r\n')).rows).toEqual([['1', null]])
  expect(await read('')).toEqual({ rows: [], numbers: [], rejects: [] })
})
