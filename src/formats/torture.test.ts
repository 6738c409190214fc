import { expect, test } from 'vitest'
import { inChunks, readTexts, textColumns } from '../../test/read-texts.ts'
import type { ErrorCode } from '../errors.ts'
import type { RejectCode } from '../model/column-batch.ts'
import { type CsvOptions, readCsv } from './csv.ts'
import { readJsonLines } from './jsonl.ts'

interface Torture {
  /** Its number and sentence in the list of inputs that must come through exactly or be refused by name. */
  readonly name: string
  readonly file: string
  readonly format?: 'jsonl' | CsvOptions
  readonly columns?: readonly string[]
  readonly rows?: readonly (readonly (string | null)[])[]
  /** Line and code of each refused record. */
  readonly rejects?: readonly (readonly [number, RejectCode])[]
  readonly error?: ErrorCode
}

const apart = [null, '', ' ', 'NULL', 'None', '\\N', '\\.', '""', 'nan']
const texts = ['a"b,c\nd\r\ne', 'lone\rreturn', 'tab\there', 'line\u2028separator', 'trailing\\']
const alphabets = ['😀👩‍👩‍👧', '𠀀𪚥', 'e\u0301', '\u00e9', '\u202eright to left\u202c', 'a\u200db']
const traps = ['_batch_id', '_row', '__proto__', 'constructor', 'toString']
const ids = ['00123', '1e5', '1_000', '+5', ' 7']
const integers = Array.from({ length: 29_000 }, (_, index) => String(index))

function quoted(text: string | null): string {
  return text === null ? '' : `"${text.replaceAll('"', '""')}"`
}

function csvOf(values: readonly (string | null)[]): string {
  return ['id,v', ...values.map((value, index) => `${index},${quoted(value)}`), ''].join('\n')
}

function jsonOf(values: readonly (string | null)[]): string {
  return values.map((value, index) => `${JSON.stringify({ id: index, v: value })}\n`).join('')
}

function numbered(values: readonly (string | null)[]): readonly (readonly (string | null)[])[] {
  return values.map((value, index) => [String(index), value])
}

const numbers: readonly Torture[] = [
  {
    name: 'T11: CSV ids 00123, 1e5, 1_000, +5, " 7", 1,5 keep their text',
    file: ['v', ...ids, '"1,5"', ''].join('\n'),
    columns: ['v'],
    rows: [...ids, '1,5'].map((id) => [id]),
  },
  {
    name: 'T12: after 29,000 integers comes 1.75, not 2',
    file: csvOf([...integers, '1.75']),
    rows: numbered([...integers, '1.75']),
  },
]

const text: readonly Torture[] = [
  {
    name: "T37: NULL, '', ' ', 'NULL', 'None', '\\N', '\\.', '\"\"', 'nan' stay nine values",
    file: csvOf(apart),
    rows: numbered(apart),
  },
  { name: 'T37: the same nine from JSON', file: jsonOf(apart), format: 'jsonl', rows: numbered(apart) },
  {
    name: 'T37: eight of them without quotes',
    file: [
      'id,v',
      ...apart.filter((value) => value !== '' && value !== '""').map((value, index) => `${index},${value ?? ''}`),
    ].join('\n'),
    rows: numbered(apart.filter((value) => value !== '' && value !== '""')),
  },
  { name: 'T38: quotes, line breaks, a lone \\r, tab, U+2028, trailing backslash', file: csvOf(texts), rows: numbered(texts) },
  { name: 'T38: the same from JSON', file: jsonOf(texts), format: 'jsonl', rows: numbered(texts) },
  { name: 'T39: a NUL byte in text', file: 'id,v\n0,a\0b\n', rows: [['0', 'a\0b']] },
  { name: 'T39: a NUL in a JSON string', file: '{"id":0,"v":"a\\u0000b"}\n', format: 'jsonl', rows: [['0', 'a\0b']] },
  {
    name: 'T40: a lone surrogate \\ud800 from JSON is refused, not replaced',
    file: '{"id":0,"v":"\\ud800"}\n{"id":1,"v":"ok"}\n',
    format: 'jsonl',
    rows: [['1', 'ok']],
    rejects: [[1, 'ENCODING']],
  },
  {
    name: 'T41: emoji, 4-byte CJK, combining and precomposed, RTL marks, ZWJ',
    file: csvOf(alphabets),
    rows: numbered(alphabets),
  },
  { name: 'T41: the same from JSON', file: jsonOf(alphabets), format: 'jsonl', rows: numbered(alphabets) },
  {
    name: 'T47: columns named _batch_id, _row, __proto__, constructor, toString',
    file: `${traps.join(',')}\n1,2,3,4,5\n`,
    columns: traps,
    rows: [['1', '2', '3', '4', '5']],
  },
  {
    name: 'T47: members of these names',
    file: `{${traps.map((name, index) => `"${name}":${index + 1}`).join(',')}}\n{}\n`,
    format: 'jsonl',
    columns: traps,
    rows: [
      ['1', '2', '3', '4', '5'],
      [null, null, null, null, null],
    ],
  },
]

const files: readonly Torture[] = [
  {
    name: 'T49: ragged rows, short and long, by line, neither padded nor shifted',
    file: 'id,v\n0\n1,x,y\n2,z\n',
    rows: [['2', 'z']],
    rejects: [
      [2, 'RAGGED'],
      [3, 'RAGGED'],
    ],
  },
  { name: 'T50: duplicate headers', file: 'id,v,v\n0,x,y\n', error: 'SCHEMA_CHANGED' },
  { name: 'T50: header only', file: 'id,v\n', rows: [] },
  { name: 'T50: only blank lines', file: '\n\r\n\n', error: 'SCHEMA_CHANGED' },
  { name: 'T50: no final newline', file: 'id,v\n0,x\n1,y', rows: numbered(['x', 'y']) },
  { name: 'T50: mixed EOL', file: 'id,v\r0,x\r\n1,y\n', rows: numbered(['x', 'y']) },
  { name: 'T50: a line sep=; is no header', file: 'sep=;\nid;v\n0;x\n', format: { delimiter: ';' }, error: 'SCHEMA_CHANGED' },
  {
    name: 'T50: a comment line is a record like any other',
    file: 'id,v\n# note\n0,x\n',
    rows: [['0', 'x']],
    rejects: [[2, 'RAGGED']],
  },
  { name: 'T50: a quote in the middle', file: 'id,v\n0,5" nail\n', rows: [['0', '5" nail']] },
  { name: 'T50: text behind a closing quote', file: 'id,v\n0,"5" nail\n1,x\n', rows: [['1', 'x']], rejects: [[2, 'MALFORMED']] },
  { name: 'T50: an unclosed quote', file: 'id,v\n0,"x\n1,y\n', error: 'FILE_CORRUPT' },
  { name: 'T51: one column, values a, NULL, b', file: 'v\na\n\nb\n', columns: ['v'], rows: [['a'], [null], ['b']] },
  { name: 'T51: one column with \\.', file: 'v\na\n\\.\nb\n', columns: ['v'], rows: [['a'], ['\\.'], ['b']] },
  {
    name: 'T57: NDJSON cut in the middle of the last line',
    file: '{"id":0,"v":"x"}\n{"id":1,"v":"',
    format: 'jsonl',
    error: 'FILE_CORRUPT',
  },
  { name: 'T57: a JSON array cut', file: '[{"id":0,"v":"x"},{"id":1', format: 'jsonl', error: 'FILE_CORRUPT' },
  { name: 'T57: a JSON array cut, over lines', file: '[\n{"id":0,"v":"x"},\n{"id":1', format: 'jsonl', error: 'FILE_CORRUPT' },
]

test.each([...numbers, ...text, ...files])('$name', async ({ file, format = {}, columns = ['id', 'v'], ...expected }) => {
  const request = { name: 'file', columns: textColumns(...columns), notice: () => {} }
  const chunks = inChunks(Buffer.from(file))
  const read = readTexts(format === 'jsonl' ? readJsonLines(chunks, request) : readCsv(chunks, request, format))
  if (expected.error !== undefined) {
    await expect(read).rejects.toMatchObject({ code: expected.error })
    return
  }
  const { rows, rejects } = await read
  expect(rows).toEqual(expected.rows)
  expect(rejects.map(({ line, causes }) => [line, causes[0]?.code])).toEqual(expected.rejects ?? [])
})
