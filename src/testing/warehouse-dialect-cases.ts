import assert from 'node:assert/strict'
import { type ColumnType, columnTypeText, simpleKinds } from '../model/column-type.ts'
import { type Bench, create, insertion, int64, only, rowsOf, sqlName, tableOf, text, type Work } from './warehouse-bench.ts'

const decimal = (precision: number, scale: number): ColumnType => ({ kind: 'decimal', precision, scale })

const everyType: readonly ColumnType[] = [
  ...simpleKinds.map((kind) => ({ kind })),
  decimal(12, 2),
  decimal(18, 18),
  decimal(38, 0),
  decimal(38, 10),
]

const hostileNames = [
  'order',
  'Mixed',
  'with "quotes"',
  "it's",
  'two words',
  'ñandú',
  '1st',
  'user',
  'group',
  'plain_name',
  'a.b',
  '_x',
]

/** The promises of a dialect, held against its engine. */
export const dialectCases: Readonly<Record<string, Work>> = {
  async 'describe tells the columns in their order, with the types that were asked for'(bench) {
    const { dialect } = bench.warehouse
    const columns = Object.fromEntries(everyType.map((type, index) => [`c${index}`, type]))
    const table = await create(bench, 'every_type', columns)
    const described = await bench.warehouse.describe(table)
    assert.deepEqual(
      described?.columns.map(({ name, type }) => [name, columnTypeText(type)]),
      everyType.map((type, index) => [`c${index}`, typeText(dialect.parseType(dialect.columnType(type)))]),
    )
  },

  async 'describe knows what may be NULL, and that a table is not there'(bench) {
    const { warehouse } = bench
    const table = tableOf(bench, 'strict')
    assert.equal(await warehouse.describe(table), undefined)
    const type = warehouse.dialect.columnType(int64)
    await warehouse.define([{ sql: `CREATE TABLE ${sqlName(bench, table)} (a ${type} NOT NULL, b ${type})` }])
    const described = await warehouse.describe(table)
    assert.deepEqual(
      described?.columns.map(({ name, nullable }) => [name, nullable]),
      [
        ['a', false],
        ['b', true],
      ],
    )
    assert.equal(await warehouse.describe({ ...table, schema: 'never_created' }), undefined)
  },

  async 'any name can be quoted, and comes back as it was given'(bench) {
    for (const name of hostileNames) {
      const table = await create(bench, name, Object.fromEntries(hostileNames.map((column) => [column, int64])))
      await bench.warehouse.transaction([table], (session) =>
        session.execute(
          insertion(
            bench,
            table,
            hostileNames.map(() => int64),
            hostileNames.map((_, index) => index),
          ),
        ),
      )
      const column = bench.warehouse.dialect.quote(name)
      const rows = await bench.warehouse.query({ sql: `SELECT ${column} FROM ${sqlName(bench, table)}` })
      assert.equal(only(rows), BigInt(hostileNames.indexOf(name)))
      const described = await bench.warehouse.describe(table)
      assert.deepEqual(
        described?.columns.map((found) => found.name),
        hostileNames,
      )
    }
  },

  async 'a pattern matches the whole text or nothing'(bench) {
    const matches: readonly [string, string, boolean][] = [
      ['12', '[0-9]+', true],
      ['12 ', '[0-9]+', false],
      [' 12', '[0-9]+', false],
      ['12\n', '[0-9]+', false],
      ['12\n34', '[0-9]+', false],
      ['ab', 'a|ab', true],
      ['abx', 'a|ab', false],
      ['', '[0-9]*', true],
      ["it's", "it's", true],
      ['a\nb', 'a.b', true],
      ['ñ', '.', true],
      ['A', '[a-z]', false],
      ['1.5', '[0-9]+[.][0-9]{1,2}', true],
      ['1x5', '[0-9]+[.][0-9]{1,2}', false],
    ]
    for (const [value, pattern, expected] of matches) {
      const found = await evaluate(bench, text, value, (expression) =>
        bench.warehouse.dialect.functions.matches(expression, pattern),
      )
      assert.equal(found, expected, `${JSON.stringify(value)} and ${pattern}`)
    }
  },

  async 'a pattern matches NULL neither way'(bench) {
    const matched = (expression: string) => bench.warehouse.dialect.functions.matches(expression, '.*')
    assert.equal(await evaluate(bench, text, null, matched), null)
  },

  async 'the text of a value is exact and canonical'(bench) {
    const { dialect } = bench.warehouse
    for (const [type, value, expected = value] of canonicalTexts) {
      const found = await evaluate(bench, type, value, (expression) => dialect.text(expression, type))
      assert.equal(found, expected, `${value} as ${columnTypeText(type)}`)
    }
  },

  async 'the text of NULL is NULL'(bench) {
    for (const type of everyType) {
      const found = await evaluate(bench, type, null, (expression) => bench.warehouse.dialect.text(expression, type))
      assert.equal(found, null, columnTypeText(type))
    }
  },

  async 'a text can be compared and stored like any other'(bench) {
    const table = await create(bench, 'texts', { a: text, b: text })
    const of = (type: ColumnType) =>
      bench.warehouse.dialect.text(`CAST('7' AS ${bench.warehouse.dialect.columnType(type)})`, type)
    const sql = `INSERT INTO ${sqlName(bench, table)} SELECT ${of(int64)}, ${of(decimal(9, 3))}`
    await bench.warehouse.transaction([table], (session) => session.execute({ sql }))
    assert.deepEqual(await rowsOf(bench, table), [['7', '7.000']])
  },
}

/** Type, a text that the engine casts to it, and the canonical text where it is another. */
const canonicalTexts: readonly (readonly [ColumnType, string, string?])[] = [
  [{ kind: 'boolean' }, 'true'],
  [{ kind: 'boolean' }, 'false'],
  [{ kind: 'int8' }, '-128'],
  [{ kind: 'int16' }, '32767'],
  [{ kind: 'int32' }, '-2147483648'],
  [int64, '9223372036854775807'],
  [int64, '-9223372036854775808'],
  [decimal(12, 2), '12.50'],
  [decimal(12, 2), '12', '12.00'],
  [decimal(12, 2), '-0.01'],
  [decimal(18, 18), '0.000000000000000001'],
  [decimal(2, 2), '-0.50'],
  [decimal(2, 2), '0', '0.00'],
  [decimal(38, 0), '99999999999999999999999999999999999999'],
  [decimal(38, 10), '-1234567890123456789012345678.0123456789'],
  [text, " it's\n'' "],
  [{ kind: 'uuid' }, '550e8400-e29b-41d4-a716-446655440000'],
  [{ kind: 'date' }, '2024-02-29'],
  [{ kind: 'date' }, '0001-01-01'],
  [{ kind: 'time' }, '00:00:00'],
  [{ kind: 'time' }, '23:59:59.120000', '23:59:59.12'],
  [{ kind: 'timestamp' }, '2024-02-29 23:59:59'],
  [{ kind: 'timestamp' }, '1969-12-31 23:59:59.999999'],
  [{ kind: 'timestamp' }, '9999-12-31 00:00:00.100', '9999-12-31 00:00:00.1'],
  [{ kind: 'timestamptz' }, '2024-06-01 10:00:00.5+02:00', '2024-06-01 08:00:00.5'],
  [{ kind: 'timestamptz' }, '2024-01-01 00:00:00Z', '2024-01-01 00:00:00'],
  [{ kind: 'double' }, '0.1'],
  [{ kind: 'double' }, '1', '1'],
  [{ kind: 'double' }, '-0.0001'],
  [{ kind: 'double' }, '123456789012345680', '123456789012345680'],
  [{ kind: 'double' }, '1e21', '1e+21'],
  [{ kind: 'double' }, '1.5e-7', '1.5e-7'],
  [{ kind: 'float' }, '0.1'],
  [{ kind: 'float' }, '16777216'],
]

function typeText(type: ColumnType | undefined): string {
  assert.ok(type !== undefined, 'the dialect does not know a type of its own')
  return columnTypeText(type)
}

async function evaluate(bench: Bench, type: ColumnType, value: string | null, sql: (expression: string) => string) {
  const { dialect } = bench.warehouse
  const input = `CAST(CAST(${dialect.placeholder(1)} AS ${dialect.columnType(text)}) AS ${dialect.columnType(type)})`
  return only(await bench.warehouse.query({ sql: `SELECT ${sql('x')} AS y FROM (SELECT ${input} AS x) AS q`, values: [value] }))
}
