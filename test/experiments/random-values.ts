import fc from 'fast-check'
import { type Kind, literal } from './databases.ts'

/** A type with any of its values. */
export interface CellOf {
  readonly declaration: string
  /** What it is staged as, as far as it matters for the form of its text. */
  readonly type: string
  /** A value, as SQL. */
  readonly sql: fc.Arbitrary<string>
  /** The expression that shows a column as the server's exact text. */
  readonly shown: (quoted: string) => string
}

const itself = (quoted: string) => quoted
const castText = (quoted: string) => `CAST(${quoted} AS CHAR)`

/** The types of a server that random tables are made of. */
export function cellsOf(kind: Kind): readonly CellOf[] {
  return kind === 'postgres' ? [...common(kind), ...postgresCells()] : [...common(kind), ...mysqlCells(kind)]
}

function common(kind: Kind): readonly CellOf[] {
  const isPostgres = kind === 'postgres'
  const shown = isPostgres ? itself : castText
  const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => literal(kind, value.replaceAll('\0', '')))
  const cell = (declaration: string, type: string, sql: fc.Arbitrary<string>, own = shown): CellOf => {
    return { declaration, type, sql, shown: own }
  }
  return [
    cell('SMALLINT', 'int16', whole(-(2n ** 15n), 2n ** 15n - 1n)),
    cell('INTEGER', 'int32', whole(-(2n ** 31n), 2n ** 31n - 1n)),
    cell('BIGINT', 'int64', whole(-(2n ** 63n), 2n ** 63n - 1n)),
    ...[
      [5, 2],
      [18, 0],
      [18, 18],
      [19, 4],
      [38, 10],
      [38, 38],
    ].map(([precision = 0, scale = 0]) => {
      // MySQL has at most 30 digits behind the point.
      const behind = isPostgres ? scale : Math.min(scale, 30)
      return cell(`DECIMAL(${precision},${behind})`, 'decimal', decimal(precision, behind))
    }),
    cell('DOUBLE PRECISION', 'double', float(true), itself),
    cell(isPostgres ? 'REAL' : 'FLOAT', 'float', float(false), (quoted) => (isPostgres ? quoted : `${quoted} * 1e0`)),
    cell(
      'DATE',
      'date',
      dated(1000, 9999).map(([date]) => `'${date}'`),
    ),
    cell('VARCHAR(200)', 'text', text),
    cell('TEXT', 'text', text),
    cell('CHAR(3)', 'text', fc.constantFrom("'abc'", "'a'", "''", "'éé'")),
  ]
}

function mysqlCells(kind: Kind): readonly CellOf[] {
  const bytes = fc.uint8Array({ maxLength: 50 }).map((value) => `x'${Buffer.from(value).toString('hex')}'`)
  const hex = (quoted: string) => `LOWER(HEX(${quoted}))`
  return [
    { declaration: 'BIGINT UNSIGNED', type: 'decimal', sql: whole(0n, 2n ** 64n - 1n), shown: castText },
    { declaration: 'TINYINT(1)', type: 'int8', sql: whole(-128n, 127n), shown: castText },
    { declaration: 'DECIMAL(65,30)', type: 'text', sql: decimal(65, 30), shown: castText },
    { declaration: 'DATETIME(6)', type: 'timestamp', sql: moment(1000, 9999), shown: castText },
    { declaration: 'TIMESTAMP(6)', type: 'timestamptz', sql: moment(1971, 2037), shown: castText },
    { declaration: 'BIT(64)', type: 'decimal', sql: whole(0n, 2n ** 64n - 1n), shown: (quoted) => `CAST(${quoted} + 0 AS CHAR)` },
    {
      declaration: 'TIME(6)',
      type: 'text',
      sql: fc.constantFrom("'-838:59:59'", "'00:00:00.000001'", "'23:59:59.9'"),
      shown: castText,
    },
    { declaration: 'VARBINARY(50)', type: 'binary', sql: bytes, shown: hex },
    { declaration: 'LONGBLOB', type: 'binary', sql: bytes, shown: hex },
    { declaration: 'JSON', type: 'json', sql: fc.json({ maxDepth: 2 }).map((value) => literal(kind, value)), shown: castText },
    { declaration: "ENUM('a','b,c','')", type: 'text', sql: fc.constantFrom("'a'", "'b,c'", "''"), shown: castText },
    { declaration: 'YEAR', type: 'int16', sql: whole(1901n, 2155n), shown: (quoted) => `CAST(${quoted} + 0 AS CHAR)` },
  ]
}

function postgresCells(): readonly CellOf[] {
  const bytes = fc.uint8Array({ maxLength: 50 }).map((value) => `'\\x${Buffer.from(value).toString('hex')}'`)
  const json = fc
    .json({ maxDepth: 2 })
    .filter((value) => !/\\u0000|\\ud[89a-f]/i.test(value))
    .map((value) => literal('postgres', value))
  return [
    { declaration: 'BOOLEAN', type: 'boolean', sql: fc.constantFrom('true', 'false'), shown: itself },
    { declaration: 'NUMERIC', type: 'text', sql: decimal(60, 25), shown: itself },
    { declaration: 'TIMESTAMP', type: 'timestamp', sql: moment(1, 9999), shown: itself },
    { declaration: 'TIMESTAMPTZ', type: 'timestamptz', sql: moment(1, 9999, '+00'), shown: itself },
    {
      declaration: 'TIME',
      type: 'time',
      sql: moment(2000, 2000).map((text) => text.replace(/\d{4}-\d\d-\d\d /, '')),
      shown: itself,
    },
    { declaration: 'BYTEA', type: 'binary', sql: bytes, shown: (quoted) => `encode(${quoted}, 'hex')` },
    { declaration: 'UUID', type: 'uuid', sql: fc.uuid().map((value) => `'${value}'`), shown: itself },
    { declaration: 'JSON', type: 'json', sql: json, shown: itself },
    { declaration: 'JSONB', type: 'json', sql: json, shown: itself },
    {
      declaration: 'INTEGER[]',
      type: 'text',
      sql: fc.array(fc.option(fc.integer(), { nil: 'NULL' })).map((items) => `'{${items.join(',')}}'`),
      shown: itself,
    },
    { declaration: 'INTERVAL', type: 'text', sql: fc.integer().map((seconds) => `'${seconds} seconds'`), shown: itself },
  ]
}

/** As often at the ends as between them. */
function whole(min: bigint, max: bigint): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(min, max, 0n), fc.bigInt({ min, max })).map(String)
}

function decimal(precision: number, scale: number): fc.Arbitrary<string> {
  const most = 10n ** BigInt(precision) - 1n
  return whole(-most, most).map((text) => {
    const digits = text.replace('-', '').padStart(scale + 1, '0')
    const point = digits.length - scale
    return `${text.startsWith('-') ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`
  })
}

/** MySQL writes one of 15 digits for a double as its own shortest text, and has neither NaN nor infinities. */
function float(isDouble: boolean): fc.Arbitrary<string> {
  const value = isDouble
    ? fc.double({ noNaN: true, noDefaultInfinity: true })
    : fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-3e38), max: Math.fround(3e38) })
  return value
    .filter((found) => found === 0 || Math.abs(found) > 1e-37)
    .map((found) => `${found === 0 ? 0 : found.toExponential()}`)
}

function moment(fromYear: number, toYear: number, zone = ''): fc.Arbitrary<string> {
  return dated(fromYear, toYear).map(([date, time]) => `'${date} ${time}${zone}'`)
}

function dated(fromYear: number, toYear: number): fc.Arbitrary<readonly [date: string, time: string]> {
  const min = new Date('2000-01-01T00:00:00Z')
  min.setUTCFullYear(fromYear)
  const max = new Date(`${toYear}-12-31T23:59:59Z`)
  return fc.tuple(fc.date({ min, max, noInvalidDate: true }), fc.integer({ min: 0, max: 999_999 })).map(([date, micros]) => {
    const text = date.toISOString()
    return [text.slice(0, 10), `${text.slice(11, 19)}.${String(micros).padStart(6, '0')}`]
  })
}
