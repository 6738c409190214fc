import { describe, expect, test } from 'vitest'
import { inChunks, readTexts, textColumns } from '../../test/read-texts.ts'
import { type CsvOptions, readCsv } from './csv.ts'

interface Asked extends CsvOptions {
  readonly columns?: readonly string[]
}

async function read(file: string | Uint8Array, { columns = ['a', 'b'], ...options }: Asked = {}) {
  const notices: string[] = []
  const request = { name: 'file.csv', columns: textColumns(...columns), notice: (text: string) => notices.push(text) }
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  return { ...(await readTexts(readCsv(inChunks(bytes), request, options))), notices }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('lines', () => {
  const ends: readonly (readonly [string, string])[] = [
    ['LF', 'a,b\n1,2\n3,4\n'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['CR', 'a,b\r1,2\r3,4\r'],
    ['a mixture', 'a,b\r1,2\r\n3,4\n'],
    ['no end of the last line', 'a,b\n1,2\n3,4'],
    ['blank lines between', '\n\r\na,b\n\n1,2\r\n\r\n\r3,4\n\n'],
    ['a byte order mark', '\ufeffa,b\n1,2\n3,4\n'],
  ]
  test.each(ends)('%s', async (_name, file) => {
    expect(await read(file)).toMatchObject({
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
      numbers: [1, 2],
      rejects: [],
    })
  })

  test('a quoted field keeps its line breaks, and later lines are still counted right', async () => {
    const { rows, rejects } = await read('a,b\r\n"1\n2","3\r\n4\r5"\r\nshort\r\n')
    expect(rows).toEqual([['1\n2', '3\r\n4\r5']])
    // The header is line 1; the record takes lines 2 to 5.
    expect(rejects).toMatchObject([{ row: 2, line: 6, causes: [{ code: 'RAGGED' }], raw: 'short' }])
  })

  test('a lone byte order mark inside the file is text', async () => {
    expect((await read('a,b\n\ufeff1,2\n')).rows).toEqual([['\ufeff1', '2']])
  })
})

describe('fields', () => {
  test('a quoted field is never NULL, an empty one is', async () => {
    expect((await read('a,b\n"",\n,""\n')).rows).toEqual([
      ['', null],
      [null, ''],
    ])
  })

  test('the texts that mean NULL are declared, and compared whole', async () => {
    const { rows } = await read('a,b\nNULL,\\N\n"NULL","\\N"\nNULLS,\n', { nulls: ['NULL', '\\N'] })
    expect(rows).toEqual([
      [null, null],
      ['NULL', '\\N'],
      ['NULLS', ''],
    ])
  })

  test('other marks', async () => {
    const { rows } = await read("b;a\n'x;''y''';1,5\n", { delimiter: ';', quote: "'" })
    expect(rows).toEqual([['1,5', "x;'y'"]])
  })

  test('a tab between, a delimiter at the end', async () => {
    expect((await read('a\tb\n1\t\n\t2', { delimiter: '\t' })).rows).toEqual([
      ['1', null],
      [null, '2'],
    ])
    expect((await read('a,b\n1,')).rows).toEqual([['1', null]])
    expect((await read('a,b\n1,"2"')).rows).toEqual([['1', '2']])
  })

  test('a quote inside an unquoted field is a character', async () => {
    expect((await read('a,b\n5" nail, "x"\n')).rows).toEqual([['5" nail', ' "x"']])
  })

  test('text behind a closing quote is refused by line', async () => {
    const { rows, rejects } = await read('a,b\n1,2\n"3"x,4\n5,6\n')
    expect(rows).toEqual([
      ['1', '2'],
      ['5', '6'],
    ])
    expect(rejects).toEqual([{ row: 2, line: 3, causes: [{ code: 'MALFORMED' }], raw: '"3"x,4' }])
  })

  test('a field far larger than a buffer arrives whole', async () => {
    const long = 'é"\n'.repeat(200_000)
    const { rows, rejects } = await read(`a,b\n"${long.replaceAll('"', '""')}",1\n`)
    expect([rows.length, rejects.length, rows[0]?.[0]?.length]).toEqual([1, 0, long.length])
    expect(rows[0]?.[0] === long).toBe(true)
  })
})

describe('what does not fit', () => {
  test('rows that are short or long keep their ordinals', async () => {
    const { rows, numbers, rejects } = await read('a,b\n1,2\n3\n4,5\n6,7,8\n9,0\n')
    expect(rows.map(([a]) => a)).toEqual(['1', '4', '9'])
    expect(numbers).toEqual([1, 3, 5])
    expect(rejects.map(({ row, line, causes }) => [row, line, causes[0]?.code])).toEqual([
      [2, 3, 'RAGGED'],
      [4, 5, 'RAGGED'],
    ])
  })

  test('ordinals stay right across batches', async () => {
    const ragged = new Set([40_000, 65_536, 65_537, 98_304, 131_072])
    const ordinals = Array.from({ length: 140_000 }, (_, index) => index + 1)
    const lines = ordinals.map((ordinal) => (ragged.has(ordinal) ? 'x' : `${ordinal},`))
    const { rows, numbers, rejects } = await read(['a,b', ...lines].join('\n'))
    const fitting = ordinals.filter((ordinal) => !ragged.has(ordinal))
    expect(numbers).toEqual(fitting)
    expect(rows.map(([a]) => Number(a))).toEqual(fitting)
    expect(rejects.map(({ row, line }) => [row, line])).toEqual([...ragged].map((ordinal) => [ordinal, ordinal + 1]))
  })

  test('bytes that are no UTF-8 are refused with their column', async () => {
    const { rows, rejects } = await read(latin1('a,b\n1,caf\xe9\n2,ok\n'))
    expect(rows).toEqual([['2', 'ok']])
    expect(rejects).toMatchObject([{ row: 1, line: 2, causes: [{ code: 'ENCODING', column: 'b', value: 'caf\ufffd' }] }])
  })

  test('also where no declared column takes them', async () => {
    const { rejects } = await read(latin1('a,b\n1,caf\xe9\n'), { columns: ['a'] })
    expect(rejects).toMatchObject([{ causes: [{ code: 'ENCODING' }] }])
  })

  test('two characters that are whole only together are refused', async () => {
    // 0xc3 closes the first field, 0xa9 opens the second: valid nowhere.
    expect((await read(latin1('a,b\n\xc3,\xa9\n'))).rejects[0]?.causes.map(({ column }) => column)).toEqual(['a', 'b'])
  })

  test('a quote that is never closed, by the line where it opens', async () => {
    await expect(read('a,b\n1,2\n3,"4\n5,6\n')).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: 'file.csv, line 3: the quote that opens here is never closed.',
    })
  })

  test('what is shown of a record is cut', async () => {
    const { rejects } = await read(`a,b\n${'x'.repeat(20_000)}\n`)
    expect(rejects[0]?.raw).toHaveLength(10_000)
  })

  test('thousands of refused rows come in batches', async () => {
    const sizes: number[] = []
    const file = Buffer.from(`a,b\n${'x\n'.repeat(2500)}`)
    const request = { name: 'file.csv', columns: textColumns('a', 'b'), notice: () => {} }
    for await (const { rejects } of readCsv(inChunks(file), request)) sizes.push(rejects.length)
    expect(sizes).toEqual([1000, 1000, 500])
  })
})

describe('headers', () => {
  test('columns are found by name, others are counted in a notice', async () => {
    const { rows, notices } = await read('c,"b",a,d\n1,2,3,4\n')
    expect(rows).toEqual([['3', '2']])
    expect(notices).toEqual(['file.csv: 2 columns are not declared and left out: "c", "d".'])
  })

  test('a column that is missing', async () => {
    await expect(read('a,c\n1,2\n')).rejects.toMatchObject({
      code: 'SCHEMA_CHANGED',
      message: 'file.csv: no header "b"; found: "a", "c".',
      details: { file: 'file.csv', headers: ['a', 'c'] },
    })
  })

  test('no header at all, though the file has bytes', async () => {
    for (const file of ['\n\r\n', '\ufeff', '\ufeff\n']) {
      await expect(read(file)).rejects.toMatchObject({ code: 'SCHEMA_CHANGED' })
    }
    expect(await read('')).toMatchObject({ rows: [], rejects: [] })
  })

  test('a header that cannot be read', async () => {
    await expect(read(latin1('a,\xe9\n'))).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
    await expect(read('a,"b"c\n')).rejects.toMatchObject({ code: 'FILE_CORRUPT' })
  })

  test('a header with doubled quotes and a line break', async () => {
    expect((await read('"a ""x""","line\nbreak"\n1,2\n', { columns: ['line\nbreak', 'a "x"'] })).rows).toEqual([['2', '1']])
    const long = 'a'.repeat(300)
    expect((await read(`"""${long}",b\n1,2\n`, { columns: [`"${long}`] })).rows).toEqual([['1']])
  })

  test('without a header the columns stand in their declared order', async () => {
    const { rows, rejects } = await read('1,2\n3,4,5\n', { header: false })
    expect(rows).toEqual([['1', '2']])
    expect(rejects).toMatchObject([{ row: 2, line: 2, causes: [{ code: 'RAGGED' }] }])
  })
})

test('marks that no file can have', async () => {
  for (const options of [{ delimiter: '' }, { delimiter: '||' }, { delimiter: '\n' }, { quote: 'é' }, { quote: ',' }]) {
    await expect(read('a,b\n', options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  }
})
