import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type XlsxOptions, type XlsxSheet, xlsxFile } from '../../test/fixtures/xlsx-file.ts'
import { zipFile } from '../../test/fixtures/zip-file.ts'
import { readTexts, textColumns } from '../../test/read-texts.ts'
import { type ExcelFormat, readExcel } from './excel.ts'
import { dateText, kindOfFormat, numberText } from './excel-values.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-excel-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function readBytes(bytes: Uint8Array, names: readonly string[], format: Partial<ExcelFormat> = {}) {
  const path = join(folder, 'a.xlsx')
  await writeFile(path, bytes)
  const notices: string[] = []
  const request = { name: 'a.xlsx', columns: textColumns(...names), notice: (text: string) => notices.push(text) }
  const file = { path, bytes: bytes.length, limit: { bytes: 2 ** 30, ratio: 200 } }
  return { ...(await readTexts(readExcel(file, request, { header: true, errors: 'reject', ...format }))), notices }
}

function read(
  sheets: readonly XlsxSheet[],
  names: readonly string[],
  options: XlsxOptions = {},
  format: Partial<ExcelFormat> = {},
) {
  return readBytes(xlsxFile(sheets, options), names, format)
}

describe('cells', () => {
  test('T56: numbers, texts, formulas, truth values, shared strings, numbers stored as text', async () => {
    const strings = [
      '<t>shared</t>',
      '<r><t>rich </t></r><r><t xml:space="preserve">text </t></r><rPh><t>sound</t></rPh>',
      '<t>a_x000D_b</t>',
    ]
    const rows = [
      ['v'],
      '<c r="A2"><v>9007199254740993</v></c>',
      '<c r="A3"><v>1.1000000000000001</v></c>',
      '<c r="A4"><v>1.50</v></c>',
      '<c r="A5"><f>A2*2</f><v>3</v></c>',
      '<c r="A6" t="str"><f>"x"</f><v>x&amp;y</v></c>',
      '<c r="A7" t="b"><v>1</v></c>',
      '<c r="A8" t="s"><v>0</v></c>',
      '<c r="A9" t="s"><v>1</v></c>',
      '<c r="A10" t="s"><v>2</v></c>',
      '<c r="A11" t="inlineStr"><is><t>007</t></is></c>',
      '<c r="A12" t="d"><v>2025-01-31T10:00:00</v></c>',
      '<c t="str"><v><![CDATA[no <reference>]]></v></c>',
      '<c r="A14" t="str"><v></v></c>',
    ]
    const { rows: found } = await read([{ name: 'S', rows }], ['v'], { strings })
    expect(found.flat()).toEqual([
      ...['9007199254740993', '1.1', '1.50', '3', 'x&y', 'true', 'shared', 'rich text ', 'a\rb', '007'],
      ...['2025-01-31T10:00:00', 'no <reference>', ''],
    ])
  })

  test('dates and times by their format', async () => {
    const formats = [
      14,
      22,
      20,
      'yyyy\\-mm\\-dd',
      '[Red]dd/mm/yy "h"',
      'hh:mm:ss.000',
      '[h]:mm',
      '#,##0.00" d"',
      'mmm',
      'General',
    ]
    const values: readonly (readonly [style: number, value: string, text: string])[] = [
      [1, '45688', '2025-01-31'],
      [1, '45688.5', '2025-01-31 12:00:00'],
      [2, '45688.4375', '2025-01-31 10:30:00'],
      [2, '45688', '2025-01-31 00:00:00'],
      [3, '0.4375', '10:30:00'],
      [3, '45688.4375', '2025-01-31 10:30:00'],
      [4, '45688', '2025-01-31'],
      [5, '45688', '2025-01-31'],
      [6, '0.43751157407', '10:30:01'],
      [6, '0.9999999999', '1900-01-01 00:00:00'],
      [7, '1.5', '36:00:00'],
      [8, '45688', '45688'],
      [9, '45688', '2025-01-31'],
      [10, '45688', '45688'],
      [1, '1', '1900-01-01'],
      [1, '59', '1900-02-28'],
      [1, '61', '1900-03-01'],
    ]
    const rows = [['v'], ...values.map(([style, value], at) => `<c r="A${at + 2}" s="${style}"><v>${value}</v></c>`)]
    const { rows: found } = await read([{ name: 'S', rows }], ['v'], { formats })
    expect(found.flat()).toEqual(values.map(([, , text]) => text))
    const late = await read([{ name: 'S', rows: [['v'], '<c r="A2" s="1"><v>0</v></c>'] }], ['v'], { formats, is1904: true })
    expect(late.rows).toEqual([['1904-01-01']])
  })

  test('T56: a cached error, a formula without a value and a date that never was are refused, or NULL', async () => {
    const rows = [
      ['id', 'v', 'other'],
      '<c r="A2"><v>1</v></c><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>',
      '<c r="A3"><v>2</v></c><c r="B3"><f>NOW()</f></c>',
      '<c r="A4"><v>3</v></c><c r="B4" s="1"><v>60</v></c>',
      '<c r="A5"><v>4</v></c><c r="C5" t="e"><v>#N/A</v></c>',
    ]
    const sheets = [{ name: 'S', rows }]
    const refused = await read(sheets, ['id', 'v'], { formats: [14] })
    expect(refused.rows).toEqual([['4', null]])
    expect(refused.numbers).toEqual([4])
    expect(refused.rejects.map(({ line, causes }) => [line, causes])).toEqual([
      [2, [{ code: 'MISFIT', column: 'v', value: '#DIV/0!' }]],
      [3, [{ code: 'MISFIT', column: 'v', value: '=NOW()' }]],
      [4, [{ code: 'MISFIT', column: 'v', value: '60' }]],
    ])
    const asNull = await read(sheets, ['id', 'v'], { formats: [14] }, { errors: 'null' })
    expect(asNull.rows).toEqual([
      ['1', null],
      ['2', null],
      ['3', null],
      ['4', null],
    ])
  })
})

describe('sheets', () => {
  const sheets: readonly XlsxSheet[] = [
    { name: 'Notes', state: 'hidden', rows: [['v'], ['hidden']] },
    { name: 'Zahlen & Fakten', rows: [['v'], ['shown']] },
    { name: 'Other', rows: [['v'], ['other']] },
  ]

  test('T56: the first that is not hidden, or any by its name', async () => {
    expect((await read(sheets, ['v'])).rows).toEqual([['shown']])
    expect((await read(sheets, ['v'], {}, { sheet: 'Other' })).rows).toEqual([['other']])
    expect((await read(sheets, ['v'], {}, { sheet: 'Notes' })).rows).toEqual([['hidden']])
    await expect(read(sheets, ['v'], {}, { sheet: 'other' })).rejects.toMatchObject({
      code: 'SCHEMA_CHANGED',
      message: 'a.xlsx: no sheet "other"; found: "Notes", "Zahlen & Fakten", "Other".',
    })
    await expect(read(sheets.slice(0, 1), ['v'])).rejects.toMatchObject({ code: 'SCHEMA_CHANGED' })
  })

  test('empty rows are none, also before the header; cells of a merged area are NULL but the first', async () => {
    const rows = ['', [null, 'id', 'v'], '', [null, '1', 'x'], '<c r="C5"/><c r="D5"/>', [null, '2'], '']
    expect(await read([{ name: 'S', rows }], ['v', 'id'])).toMatchObject({
      rows: [
        ['x', '1'],
        [null, '2'],
      ],
      notices: ['a.xlsx: 1 column is not declared and left out: "A".'],
    })
  })

  test('a row beyond the header is refused; without a header columns come in their order', async () => {
    const rows = [
      ['id', 'v'],
      ['1', 'x', 'y'],
      ['2', 'z'],
    ]
    const { rows: found, rejects } = await read([{ name: 'S', rows }], ['id', 'v'])
    expect(found).toEqual([['2', 'z']])
    expect(rejects).toMatchObject([{ row: 1, line: 2, causes: [{ code: 'RAGGED' }], raw: '1\tx\ty' }])
    expect((await read([{ name: 'S', rows }], ['a', 'b', 'c'], {}, { header: false })).rows).toEqual([
      ['id', 'v', null],
      ['1', 'x', 'y'],
      ['2', 'z', null],
    ])
  })

  test.each([
    ['no header', [], 'a.xlsx: no header "v"; found: nothing.'],
    ['another header', [['w']], 'a.xlsx: no header "v"; found: "w".'],
    ['a header twice', [['v', 'v']], 'a.xlsx: the header "v" stands there twice; found: "v", "v".'],
  ])('%s: the schema has changed', async (_name, rows, message) => {
    await expect(read([{ name: 'S', rows }], ['v'])).rejects.toMatchObject({ code: 'SCHEMA_CHANGED', message })
  })

  test('T56: 1,048,576 rows come in batches', async () => {
    const rows = ['<c t="str"><v>v</v></c>', ...Array.from({ length: 1_048_575 }, (_, at) => `<c><v>${at}</v></c>`)]
    const { rows: found, numbers } = await read([{ name: 'S', rows }], ['v'])
    expect([found.length, found.at(-1), numbers.at(-1)]).toEqual([1_048_575, ['1048574'], 1_048_575])
  }, 60_000)
})

describe('refused', () => {
  const whole = xlsxFile([{ name: 'S', rows: [['v'], ['x']] }])

  test('what is no workbook, or was cut anywhere', async () => {
    await expect(readBytes(Buffer.from('v\n1\n'), ['v'])).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    await expect(readBytes(zipFile([{ name: 'a.csv', data: 'v' }]), ['v'])).rejects.toMatchObject({ code: 'SCHEMA_CHANGED' })
    for (let length = 0; length < whole.length; length += 101) {
      await expect(readBytes(whole.subarray(0, length), ['v'])).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    }
  })

  test.each([
    ['XML that is none', '<c r="A2"><v>1</c>'],
    ['an entity of its own', '<c r="A2" t="str"><v>&bomb;</v></c>'],
    ['a cell outside of every sheet', '<c r="ZZZZ2"><v>1</v></c>'],
  ])('%s', async (_name, row) => {
    await expect(read([{ name: 'S', rows: [['v'], row] }], ['v'])).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringMatching(/^a\.xlsx cannot be read as an Excel workbook: /),
    })
  })
})

test('numbers keep their value and lose their exponent', () => {
  const texts = ['0', '-0.10', '1E+2', '1.5e-7', '1.7976931348623157E+308', '123456789012345678', '0.30000000000000004', 'x', '']
  expect(texts.map(numberText)).toEqual([
    ...['0', '-0.10', '100', '0.00000015', `17976931348623157${'0'.repeat(292)}`, '123456789012345678', '0.30000000000000004'],
    ...[undefined, undefined],
  ])
})

test('formats that show no date are numbers, and dates outside of the calendar are none', () => {
  const codes = ['0.00', '#,##0\\ "days"', '0%', '[Blue]0', '@', 'General', '0.00E+00', '_-* #,##0.00\\ _d_-']
  expect(codes.map((code) => kindOfFormat(170, code))).toEqual(codes.map(() => 'number'))
  expect(['-1', '1e9', 'x', ''].map((text) => dateText(text, 'date', false))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
