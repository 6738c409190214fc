import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { RejectedRow } from '../../src/model/column-batch.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import { openPostgresSource, type PostgresSourceOptions } from '../../src/sources/postgres.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'

let server: PostgresServer

/** A declaration, the type it is staged as, values as SQL, and how the server's own text of one looks as ours. */
type Kind = readonly [declaration: string, type: string, values: readonly string[], canonical?: (text: string) => string]

const same = (text: string) => text
const asBoolean = (text: string) => String(text === 't')
const asHex = (text: string) => text.slice(2)
/** `+00` is said by the type, a year has no `BC` and counts from 0. */
const asMoment = (text: string) => {
  const bare = text.replace('+00', '')
  if (!bare.endsWith(' BC')) return bare
  const year = 1 - Number(bare.slice(0, 4))
  return `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}${bare.slice(4, -3)}`
}
const asNumber = (text: string) => (text === '-0' ? text : String(Number(text)))

const wide = '12345678901234567890123456789012345678'
const kinds: readonly Kind[] = [
  ['smallint', 'int16', ["'-32768'", '32767', '0']],
  ['integer', 'int32', ["'-2147483648'", '2147483647']],
  ['bigint', 'int64', ["'-9223372036854775808'", '9223372036854775807', '9007199254740993']],
  ['oid', 'int64', ['0', '4294967295']],
  ['real', 'float', ["'-0'", '16777216', '0.1', "'NaN'", "'Infinity'", "'-Infinity'", '3.4028235e38', '1e-45'], asNumber],
  ['double precision', 'double', ["'-0'", '0.1', '5e-324', '1.7976931348623157e308', "'NaN'", "'-Infinity'", '1e21'], asNumber],
  ['boolean', 'boolean', ['true', 'false'], asBoolean],
  ['numeric(1,0)', 'decimal(1,0)', ['-9', '0', '9']],
  ['numeric(4,4)', 'decimal(4,4)', ['0.0001', '-0.9999', '0.1', '0']],
  ['numeric(12,2)', 'decimal(12,2)', ['-9999999999.99', '9999999999.99', '0.01', '-0.05', '100', '10000', '12.5', '0.00']],
  ['numeric(18,4)', 'decimal(18,4)', ['-99999999999999.9999', '0.0001', '12345678.9']],
  ['numeric(18,9)', 'decimal(18,9)', ['999999999.999999999', '0.000000001', '0.00001', '1000']],
  ['numeric(38,0)', 'decimal(38,0)', [wide, `-${wide}`, '1', '99999999999999999999999999999999999999']],
  ['numeric(38,38)', 'decimal(38,38)', [`0.${wide}`, `-0.${wide}`, '0']],
  ['numeric(38,10)', 'decimal(38,10)', ['1e-10', '-9999999999999999999999999999.9999999999', '1e20']],
  ['numeric(3,-2)', 'decimal(5,0)', ['99900', '-100']],
  ['numeric(2,5)', 'decimal(5,5)', ['0.00099', '-0.00001']],
  ['numeric(40,2)', 'text', ['12345678901234567890123456789012345678.12']],
  ['numeric', 'text', ["'NaN'", "'Infinity'", '1e-30', '1.10', `${wide}${wide}.5`]],
  ['text', 'text', ["''", "E'a\\\\b\\n\\t'", "'😀 𝄞'", "' x '", "'\\N'", "repeat('x', 200000)"]],
  ['varchar(10)', 'text', ["'é'", "''"]],
  ['char(5)', 'text', ["'ab'", "''"]],
  ['name', 'text', ["'a name'"]],
  ['"char"', 'text', ["'x'"]],
  ['bytea', 'binary', ["''", "'\\x00ff80414200'"], asHex],
  ['uuid', 'uuid', ["'0190a5b8-7d3c-7000-8000-000000000001'", "'FFFFFFFF-ffff-ffff-ffff-ffffffffffff'"]],
  ['json', 'json', [`'{"b": 1.10,  "a":12345678901234567890.5, "a":null}'`, "'null'"]],
  ['jsonb', 'json', [`'{"b": 1.10,  "a":12345678901234567890.5}'`, "'null'", `'"\\u00e9"'`]],
  [
    'date',
    'date',
    ["'0001-01-01'", "'1969-12-31'", "'2024-02-29'", "'9999-12-31'", "'5874897-12-31'", "'4713-01-01 BC'"],
    asMoment,
  ],
  ['time', 'time', ["'00:00'", "'23:59:59.999999'", "'10:00:00.5'"]],
  [
    'timestamp',
    'timestamp',
    ["'0001-01-01'", "'1969-12-31 23:59:59.999999'", "'294246-12-31 23:59:59'", "'4713-01-01 BC'"],
    asMoment,
  ],
  [
    'timestamptz',
    'timestamptz',
    ["'2025-01-01 01:00:00.5+02'", "'1900-01-01 00:00:00+05:53:28'", "'0044-03-15 12:00 BC'"],
    asMoment,
  ],
  ['timetz', 'text', ["'10:00:00+05:30'", "'24:00:00-12'"]],
  ['interval', 'text', ["'1 year 2 mons -3 days 04:05:06.000007'", "'0'"]],
  ['money', 'text', ["'12.50'"]],
  ['inet', 'text', ["'1.2.3.4'", "'10.0.0.0/8'", "'::1'"]],
  ['cidr', 'text', ["'10.0.0.0/8'", "'1.2.3.4'"]],
  ['macaddr', 'text', ["'08:00:2b:01:02:03'"]],
  ['bit(4)', 'text', ["B'1010'"]],
  ['bit varying', 'text', ["B'101'"]],
  ['xml', 'text', ["'<a>1</a>'"]],
  ['point', 'text', ["'(1,2.5)'"]],
  ['tsvector', 'text', ["'a fat cat'"]],
  ['int[]', 'text', ["'{1,2,NULL}'", "'{{1,2},{3,4}}'", "'{}'"]],
  ['text[]', 'text', [`array['a,b','c"d',null,'']`]],
  ['inet[]', 'text', ["'{1.2.3.4}'"]],
  ['float8[]', 'text', ["'{0.1,NaN}'"]],
  ['timestamptz[]', 'text', ["'{2025-01-01 00:00:00+02}'"]],
  ['int4range', 'text', ["'[1,5)'", "'empty'"]],
  ['tstzrange', 'text', ["'[2025-01-01,)'"]],
  ['int4multirange', 'text', ["'{[1,3),[5,7)}'"]],
  ['mood', 'text', ["'sad'", "'it''s'"]],
  ['pair', 'text', ["row(1, 'a,b')", 'row(null, null)']],
  ['price', 'decimal(8,2)', ['12.5']],
  ['dear', 'decimal(8,2)', ['99.99']],
  ['address', 'text', ["'1.2.3.4'"]],
  ['pg_lsn', 'text', ["'16/B374D848'"]],
  ['regclass', 'text', ["'pg_class'"]],
]

async function readAll(options: Partial<PostgresSourceOptions> = {}) {
  const source = await openPostgresSource({ url: server.url, ...options })
  const reading = await source.open(readRequest({ source: 'types', locator: 't', options: {}, columns: undefined }))
  const rows: (string | null)[][] = []
  const rejects: RejectedRow[] = []
  for (const partition of reading.partitions) {
    for await (const { batch, rejects: refused } of reading.read(partition)) {
      const columns = batch.columns.map((vector) => cellTexts(vector, batch.rows))
      for (let row = 0; row < batch.rows; row += 1) rows.push(columns.map((texts) => texts[row] ?? null))
      rejects.push(...refused)
    }
  }
  await source.close()
  return { rows, rejects, types: reading.schema.columns.map(({ type }) => columnTypeText(type)) }
}

/** A table with one column of the type, the values, and a NULL at the end; returns what the server says they are. */
async function table(declaration: string, values: readonly string[]): Promise<readonly (string | null)[]> {
  const rows = [...values, 'NULL'].map((value, index) => `(${index}, ${value}::${declaration})`)
  await server.run(`CREATE TABLE t (id int, v ${declaration}); INSERT INTO t VALUES ${rows.join(', ')}`)
  const own = await server.run(
    `SET TimeZone = 'UTC'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = 3; SELECT v FROM t ORDER BY id`,
  )
  return own.map(({ v }) => v ?? null)
}

describeWith(['postgres'], 'types of postgres', () => {
  beforeAll(async () => {
    server = await startPostgres({ timezone: 'Asia/Kolkata' })
    await server.run(`CREATE TYPE mood AS ENUM ('sad', 'it''s'); CREATE TYPE pair AS (a int, b text);
      CREATE DOMAIN price AS numeric(8,2); CREATE DOMAIN dear AS price CHECK (value > 1); CREATE DOMAIN address AS inet`)
  })

  afterAll(() => server.stop())

  beforeEach(async () => {
    await server.run('DROP TABLE IF EXISTS t')
  })

  const named = kinds.map(([declaration, type, values, canonical = same]) => ({ declaration, type, values, canonical }))
  test.each(named)('$declaration is staged as $type, exactly', async ({ declaration, type, values, canonical }) => {
    const own = await table(declaration, values)
    const { rows, rejects, types } = await readAll()
    expect(types).toEqual(['int32', type])
    expect(rejects).toEqual([])
    expect(rows.map(([, value]) => value)).toEqual(own.map((text) => (text === null ? null : canonical(text))))
  })

  const extremes = [
    ['date', 'OUT_OF_RANGE', ["'infinity'", "'-infinity'"]],
    ['timestamp', 'OUT_OF_RANGE', ["'infinity'", "'-infinity'", "'294276-12-31 23:59:59.999999'"]],
    ['timestamptz', 'OUT_OF_RANGE', ["'infinity'", "'-infinity'"]],
    ['time', 'OUT_OF_RANGE', ["'24:00'"]],
    ['numeric(8,2)', 'MISFIT', ["'NaN'"]],
  ] as const

  test.each(extremes)('%s: what fits no type is refused as %s, or comes as text', async (declaration, code, values) => {
    const own = await table(declaration, values)
    const { rows, rejects } = await readAll()
    expect(rows).toEqual([[String(values.length), null]])
    expect(rejects.map(({ row, causes }) => [row, causes[0]?.code, causes[0]?.column])).toEqual(
      values.map((_, index) => [index + 1, code, 'v']),
    )
    const asText = await readAll({ extremes: 'text' })
    expect(asText.rejects).toEqual([])
    expect(asText.rows.map(([, value]) => value)).toEqual(own)
  })

  test.each(['timestamp', 'timestamptz', 'date'])("the horizon of a %s is in the server's own zone", async (type) => {
    await server.run(`CREATE TABLE t (id int, at ${type}); CREATE INDEX ON t (at);
      INSERT INTO t VALUES (1, now() - interval '2 days'), (2, now() + interval '2 days'), (3, now() - interval '5 minutes')`)
    const source = await openPostgresSource({ url: server.url })
    const cursor = { column: 'at', overlap: undefined, nulls: 'reject' as const }
    const notices: string[] = []
    const notice = (text: string) => notices.push(text)
    const reading = await source.open(
      readRequest({ source: 'types', locator: 't', options: {}, columns: undefined }, { cursor, notice }),
    )
    const [expected] = await server.run(
      `SELECT count(*) AS rows, '${reading.window?.upper}'::${type} > (now() - interval '3 minutes')::${type} OR '${type}' = 'date' AS near
       FROM t WHERE id <> 2 AND at < (now() - interval '3 seconds')::${type}`,
    )
    expect([String(reading.expectedRows), reading.window?.proven]).toEqual([expected?.['rows'], true])
    expect(expected?.['near']).toBe('t')
    expect(notices).toEqual([expect.stringContaining('1 rows are held back')])
    await source.close()
  })

  test('text of a database without an encoding is refused where it is not UTF-8', async () => {
    await server.run("CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    const url = server.url.replace(/postgres$/, 'bytes')
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query("CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'é'), (2, E'a\\xff')")
    await client.end()
    const { rows, rejects } = await readAll({ url })
    expect(rows).toEqual([['1', 'é']])
    expect(rejects).toMatchObject([{ row: 2, causes: [{ code: 'ENCODING', column: 'v', value: '61ff' }] }])
  })
})
