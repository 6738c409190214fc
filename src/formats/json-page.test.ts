import { describe, expect, test } from 'vitest'
import { textColumns } from '../../test/read-texts.ts'
import type { DeclaredColumn } from '../model/script.ts'
import { JsonPage } from './json-page.ts'

interface Asked {
  readonly records?: string
  readonly facts?: readonly string[]
  readonly columns?: readonly DeclaredColumn[]
}

function read(text: string | Uint8Array, { records = '$.data[*]', facts = [], columns = textColumns('a', 'b') }: Asked = {}) {
  const page = new JsonPage({ columns, records, facts })
  const rows: (string | null | undefined)[][] = []
  const refused: unknown[] = []
  const outcome = page.read(typeof text === 'string' ? Buffer.from(text) : text, ({ record, causes, data, start, end }) => {
    if (causes.length === 0) rows.push(columns.map((_, index) => record.text(index)))
    else refused.push([causes[0]?.code, Buffer.from(data.subarray(start, end)).toString().slice(0, 20)])
  })
  return { outcome, rows, refused, facts: facts.map((path) => page.fact(path)), leftOut: page.leftOut }
}

function column(name: string, from: string): DeclaredColumn {
  return { name, type: { kind: 'text' }, length: undefined, nullable: true, from }
}

describe('where records are', () => {
  const places: readonly (readonly [string, string])[] = [
    ['$[*]', '[{"a":1},{"a":2}]'],
    ['$.data[*]', '{"data":[{"a":1},{"a":2}]}'],
    ['$.data.items[*]', ' {"x":[{"a":9}],"data":{"n":{"items":[]},"items" : [ {"a":1} , {"a":2} ] },"y":1} \n'],
    ['$[*]', '\ufeff[{"a":1},{"a":2}]'],
  ]
  test.each(places)('%s of %s', (records, text) => {
    const { outcome, rows } = read(text, { records, columns: textColumns('a') })
    expect({ outcome, rows }).toEqual({ outcome: 'read', rows: [['1'], ['2']] })
  })

  test('a path without [*] is one record', () => {
    expect(read('{"a":1,"b":null}', { records: '$' }).rows).toEqual([['1', null]])
    expect(read('{"data":{"a":1}}', { records: '$.data' }).rows).toEqual([['1', undefined]])
  })

  test('nothing there, NULL there and another kind of value there are told apart', () => {
    expect(read('{"error":"no"}').outcome).toBe('absent')
    expect(read('{"data":{"a":1}}').outcome).toBe('absent')
    expect(read('{"data":"x"}').outcome).toBe('absent')
    expect(read('{"data":null}').outcome).toBe('null')
    expect(read('null', { records: '$[*]' }).outcome).toBe('null')
    expect(read('[]').outcome).toBe('absent')
    expect(read('{"data":[]}')).toMatchObject({ outcome: 'read', rows: [] })
  })

  test.each(['data[*]', '$.a[0].b[*]', '$.a[*].b', '$.', ''])('the path %j is refused', (records) => {
    expect(() => read('{}', { records })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('a value beside records that are the whole answer is refused', () => {
    expect(() => read('[]', { records: '$[*]', facts: ['$.total'] })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

describe('values beside the records', () => {
  test('before and behind them, as they are written', () => {
    const text = '{"meta":{"total":9007199254740993,"next":"a\\u0041\\"b"},"data":[{"a":1}],"more":false,"end":null}'
    const { facts, rows } = read(text, { facts: ['$.meta.total', '$.meta.next', '$.more', '$.end', '$.gone', '$.meta.total.x'] })
    expect(facts).toEqual(['9007199254740993', 'aA"b', 'false', null, undefined, undefined])
    expect(rows).toEqual([['1', undefined]])
  })

  test('of the page that was read last', () => {
    const page = new JsonPage({ columns: textColumns('a'), records: '$.data[*]', facts: ['$.next'] })
    const facts = ['{"next":"x","data":[]}', '{"data":[]}'].map((text) => {
      page.read(Buffer.from(text), () => {})
      return page.fact('$.next')
    })
    expect(facts).toEqual(['x', undefined])
  })
})

describe('what is not as it should be', () => {
  const whole = '{"next":"é","data":[{"a":"x\\n","b":[1,{"c":"]}"}]},{"a":-1.5e3,"b":true}],"total":12}'

  test('cut anywhere, it is cut', () => {
    const bytes = Buffer.from(whole)
    expect(read(bytes, { facts: ['$.next'] }).outcome).toBe('read')
    for (let length = 0; length < bytes.length; length++) {
      expect({ length, ...read(bytes.subarray(0, length)) }).toMatchObject({ length, outcome: 'cut' })
    }
    expect(read('[12', { records: '$[*]' }).outcome).toBe('cut')
  })

  test.each(['<html>', '{"data":[]}]', '{"data":[]} {}', '{"data":[{"a":1} {"a":2}]}', '{data:[]}', '{"data":[1,]}'])(
    '%s is malformed',
    (text) => {
      expect(read(text).outcome).toBe('malformed')
    },
  )

  test('a list that is there twice would double rows', () => {
    expect(read('{"data":[{"a":1}],"data":[{"a":1}]}').outcome).toBe('malformed')
    expect(read('{"data":[{"a":1}],"data":null}').outcome).toBe('malformed')
  })

  test('elements that are no objects are refused one by one', () => {
    const { outcome, rows, refused } = read('{"data":[null,{"a":1},7,"x",[{"a":2}],{"a":3}]}', { columns: textColumns('a') })
    expect({ outcome, rows }).toEqual({ outcome: 'read', rows: [['1'], ['3']] })
    expect(refused).toEqual(['null', '7', '"x"', '[{"a":2}]'].map((raw) => ['MALFORMED', raw]))
  })

  test('a record nested 10,000 deep is refused, those beside it are read', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    const { outcome, rows, refused } = read(`{"data":[{"a":1},{"a":${deep}},{"a":2}]}`, { columns: textColumns('a') })
    expect({ outcome, rows, refused: refused.length }).toEqual({ outcome: 'read', rows: [['1'], ['2']], refused: 1 })
  })

  test('a page nested 10,000 deep beside its records is malformed', () => {
    expect(read(`{"x":${'['.repeat(10_000)}${']'.repeat(10_000)},"data":[]}`).outcome).toBe('malformed')
  })

  test('lone surrogates and bytes that are no UTF-8 are refused', () => {
    expect(read('{"data":[{"a":"\\ud800"}]}').refused).toEqual([['ENCODING', expect.anything()]])
    const bytes = Buffer.concat([Buffer.from('{"data":[{"a":"'), Buffer.from([0xff]), Buffer.from('"},{"a":"é"}]}')])
    expect(read(bytes, { columns: textColumns('a') })).toMatchObject({
      rows: [['é']],
      refused: [['ENCODING', expect.anything()]],
    })
  })
})

describe('what no column takes', () => {
  test('is counted, with the names', () => {
    const { leftOut } = read('{"data":[{"x":1,"a":2,"y":{"a":3}},{"x":null}]}')
    expect({ names: [...leftOut.names], values: leftOut.values }).toEqual({ names: ['x', 'y'], values: 3 })
  })

  test('a column from $ has the whole record as it is written', () => {
    const { rows, leftOut } = read('{"data":[{"x" : 1.10,"a":"\\u0041"}]}', { columns: [column('raw', '$'), column('a', 'a')] })
    expect(rows).toEqual([['{"x" : 1.10,"a":"\\u0041"}', 'A']])
    expect(leftOut.values).toBe(0)
  })

  test('members that come in any order and between others are found', () => {
    const { rows } = read('{"data":[{"z":0,"b":2,"q":1,"a":1},{"a":1,"q":1,"b":2}]}')
    expect(rows).toEqual([
      ['1', '2'],
      ['1', '2'],
    ])
  })
})
