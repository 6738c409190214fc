import { afterAll, beforeAll, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { ReadRequest } from '../../src/contracts/source.ts'
import type { RejectedRow } from '../../src/model/column-batch.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import type { CursorPolicy, Resource } from '../../src/model/script.ts'
import { type MysqlSourceOptions, openMysqlSource } from '../../src/sources/mysql.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type SampleTable, sourceCases } from '../../src/testing/source-cases.ts'
import { describeMysql } from '../fixtures/mysql-products.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'

let server: MysqlServer

function resource(locator: string): Resource {
  return { source: 'shop', locator, options: {}, columns: undefined }
}

function cursorOn(column: string, overlap?: number, nulls: CursorPolicy['nulls'] = 'reject'): CursorPolicy {
  return { column, overlap, nulls }
}

const declarations = { int64: 'BIGINT', decimal: 'DECIMAL(12,2)', text: 'VARCHAR(200)', timestamp: 'TIMESTAMP NULL' }

async function fill(sample: SampleTable): Promise<void> {
  const columns = sample.columns.map(({ name, type }) => `${name} ${declarations[type]}`).join(', ')
  const session = await server.session()
  await session.run("SET time_zone = '+00:00'", 'DROP TABLE IF EXISTS sample', `CREATE TABLE sample (${columns})`)
  const cell = (text: string | null) => (text === null ? 'NULL' : `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
  for (let from = 0; from < sample.rows.length; from += 5000) {
    const rows = sample.rows.slice(from, from + 5000).map((row) => `(${row.map(cell).join(', ')})`)
    await session.run(`INSERT INTO sample VALUES ${rows.join(', ')}`)
  }
  session.close()
}

describeMysql('the contract of a source, on %s', (_product, start) => {
  beforeAll(async () => {
    server = await start({ zone: 'Asia/Kolkata' })
  })

  afterAll(() => server?.stop())

  const cases = sourceCases({
    async prepare(sample) {
      await fill(sample)
      return { source: await openMysqlSource({ url: server.url }), resource: resource('sample'), close: async () => {} }
    },
    missing: { locator: 'simple', code: 'RESOURCE_NOT_FOUND' },
    nullDiffersFromEmpty: true,
    hasCatalogue: true,
    cursor: (column) => cursorOn(column),
  })
  test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
    contractCase.run(),
  )
})

interface Asked extends Partial<ReadRequest> {
  readonly options?: Partial<MysqlSourceOptions>
}

async function readAll(locator: string, asked: Asked = {}) {
  const { options, ...rest } = asked
  const source = await openMysqlSource({ url: server.url, ...options })
  const notices: string[] = []
  try {
    const reading = await source.open(readRequest(resource(locator), { notice: (text) => notices.push(text), ...rest }))
    const rows: (string | null)[][] = []
    const numbers: number[] = []
    const rejects: RejectedRow[] = []
    for (const partition of reading.partitions) {
      for await (const read of reading.read(partition)) {
        const columns = read.batch.columns.map((vector) => cellTexts(vector, read.batch.rows))
        for (let row = 0; row < read.batch.rows; row += 1) rows.push(columns.map((texts) => texts[row] ?? null))
        numbers.push(...(read.rowNumbers ?? []))
        rejects.push(...read.rejects)
      }
    }
    if (reading.expectedRows !== undefined) expect(reading.expectedRows).toBe(rows.length + rejects.length)
    return { rows, rejects, numbers, notices, window: reading.window, columns: reading.schema.columns }
  } finally {
    await source.close()
  }
}

/** A type, a value as SQL, the canonical type, and the text in which the server itself shows the value as staged. */
const exact: readonly (readonly [declared: string, values: readonly string[], type: string, shown?: string])[] = [
  ['TINYINT', ['-128', '127', '0'], 'int8'],
  ['TINYINT(1)', ['-1', '2', '1'], 'int8'],
  ['TINYINT UNSIGNED', ['255'], 'int16'],
  ['SMALLINT', ['-32768', '32767'], 'int16'],
  ['SMALLINT UNSIGNED', ['65535'], 'int32'],
  ['MEDIUMINT', ['-8388608', '8388607'], 'int32'],
  ['MEDIUMINT UNSIGNED', ['16777215'], 'int32'],
  ['INT', ['-2147483648', '2147483647'], 'int32'],
  ['INT UNSIGNED', ['4294967295', '0'], 'int64'],
  ['INT(8) UNSIGNED ZEROFILL', ['42'], 'int64', 'c + 0'],
  ['BIGINT', ['-9223372036854775808', '9223372036854775807', '9007199254740993', '-9007199254740993', '-4294967296'], 'int64'],
  ['BIGINT UNSIGNED', ['18446744073709551615', '9223372036854775808', '1'], 'decimal(20,0)'],
  ['DECIMAL(5,2)', ['-999.99', '0.01', '-0.01'], 'decimal(5,2)'],
  ['DECIMAL(18,4)', ['-99999999999999.9999', '99999999999999.9999', '1'], 'decimal(18,4)'],
  ['DECIMAL(19,0)', ['-9999999999999999999', '9223372036854775808', '-1'], 'decimal(19,0)'],
  ['DECIMAL(38,10)', ['-9999999999999999999999999999.9999999999', '0.0000000001', '-0.0000000001'], 'decimal(38,10)'],
  ['DECIMAL(65,30)', ['12345678901234567890123456789012345.123456789012345678901234567890'], 'text'],
  ['FLOAT', ['16777216', '0.1', '-3.40282e38', '1.17549e-38'], 'float', 'c * 1e0'],
  ['DOUBLE', ['1.7976931348623157e308', '-2.2250738585072014e-308', '0.1', '123456789.123456789'], 'double'],
  ['BIT(1)', ["b'1'", "b'0'"], 'int64', 'c + 0'],
  ['BIT(64)', ['0xffffffffffffffff', "b'1'"], 'decimal(20,0)', 'c + 0'],
  ['DATE', ["'1000-01-01'", "'9999-12-31'", "'2024-02-29'", "'0007-01-05'", "'1969-12-31'"], 'date'],
  ['DATETIME', ["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"], 'timestamp'],
  ['DATETIME(6)', ["'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.000001'"], 'timestamp'],
  ['TIMESTAMP(3) NULL', ["'1970-01-01 00:00:01.001'", "'2038-01-19 03:14:07.999'"], 'timestamptz'],
  ['TIME(6)', ["'-838:59:59.999999'", "'838:59:59'", "'24:00:00'", "'-00:00:01.5'"], 'text'],
  ['YEAR', ['1901', '2155', '0'], 'int16', 'c + 0'],
  ['CHAR(10)', ["'é'", "''"], 'text'],
  ['VARCHAR(300) CHARACTER SET latin1', ["REPEAT('ÿ', 300)", "'€'"], 'text'],
  ['LONGTEXT', ["REPEAT('😀', 20000)", "'\\\\N'", "'NULL'"], 'text'],
  ["ENUM('a','b,c')", ["'b,c'", "''"], 'text'],
  ["SET('x','y','z')", ["'x,z'", "''"], 'text'],
  ['JSON', ['\'{"a": 9007199254740993, "a": 1.0}\'', "'null'"], 'json'],
  ['BINARY(3)', ["x'00ff'"], 'binary', 'LOWER(HEX(c))'],
  ['VARBINARY(10)', ["x''", "x'00ff'"], 'binary', 'LOWER(HEX(c))'],
  ['LONGBLOB', ["REPEAT(x'fe', 70000)"], 'binary', 'LOWER(HEX(c))'],
  ['POINT', ["ST_GeomFromText('POINT(1.5 -2)')"], 'text', 'ST_AsText(c)'],
  ['UUID', ["'123e4567-e89b-12d3-a456-426614174000'"], 'uuid'],
  ['INET6', ["'2001:db8::1'"], 'text'],
]

/** What MySQL does not have. */
const ofMariadb = ['UUID', 'INET6']

describeMysql('every type with its extremes, on %s', (product, start) => {
  beforeAll(async () => {
    server = await start({ zone: 'Asia/Kolkata' })
  })

  afterAll(() => server?.stop())

  const known = exact.filter(([declared]) => product === 'MariaDB' || !ofMariadb.includes(declared))
  const named = known.map(([declared, values, type, shown]) => ({ declared, values, type, shown: shown ?? 'CAST(c AS CHAR)' }))
  test.each(named)('$declared', async ({ declared, values, type, shown }) => {
    const session = await server.session()
    await session.run("SET time_zone = '+00:00'", 'DROP TABLE IF EXISTS typed', `CREATE TABLE typed (id INT, c ${declared})`)
    for (const [index, value] of [...values, 'NULL'].entries()) await session.run(`INSERT INTO typed VALUES (${index}, ${value})`)
    const said = await session.run(`SELECT id, ${shown} FROM typed ORDER BY id`)
    session.close()
    const { rows, rejects, columns } = await readAll('typed')
    expect(rejects).toEqual([])
    expect(columns[1] && columnTypeText(columns[1].type)).toBe(type)
    const isFloating = type === 'float' || type === 'double'
    const settled = (text: string | null | undefined) => {
      if (text === null || text === undefined) return null
      if (isFloating) return type === 'float' ? Math.fround(Number(text)) : Number(text)
      return type.startsWith('timestamp') ? text.replace(/\.?0+$/, (zeros) => (text.includes('.') ? '' : zeros)) : text
    }
    expect(rows.map((row) => settled(row[1]))).toEqual(said.map((row) => settled(row[1])))
    expect(rows).toHaveLength(values.length + 1)
  })
})
