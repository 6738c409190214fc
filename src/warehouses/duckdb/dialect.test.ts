import { describe, expect, test } from 'vitest'
import { type ColumnType, columnTypeText, simpleKinds } from '../../model/column-type.ts'
import { duckdbDialect as dialect } from './dialect.ts'

describe('quote', () => {
  test.each(['sales', '_batch_id', 'x1', 'date', 'time', 'value', 'name'])('%s is bare', (name) => {
    expect(dialect.quote(name)).toBe(name)
  })

  // The first of DuckDB, Postgres and Snowflake each, then of all three.
  test.each(['qualify', 'summarize', 'user', 'session_user', 'increment', 'organization', 'order', 'select', 'group'])(
    '%s is a reserved word somewhere',
    (name) => {
      expect(dialect.quote(name)).toBe(`"${name}"`)
    },
  )

  test.each([
    ['Sales', '"Sales"'],
    ['two words', '"two words"'],
    ['1st', '"1st"'],
    ['ñ', '"ñ"'],
    ['', '""'],
    ['say "hi"', '"say ""hi"""'],
    ['x"; DROP TABLE y; --', '"x""; DROP TABLE y; --"'],
    ['a\n', '"a\n"'],
  ])('%s is quoted', (name, quoted) => {
    expect(dialect.quote(name)).toBe(quoted)
  })
})

const everyType: readonly ColumnType[] = [
  ...simpleKinds.map((kind) => ({ kind })),
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal', precision: 38, scale: 0 },
]

describe('types', () => {
  test.each(everyType.map((type) => [columnTypeText(type), type] as const))('%s is read back as itself', (_text, type) => {
    expect(dialect.parseType(dialect.columnType(type))).toEqual(type)
  })

  test('the names are those that the catalogue tells', () => {
    expect(dialect.columnType({ kind: 'decimal', precision: 12, scale: 2 })).toBe('DECIMAL(12,2)')
    expect(dialect.columnType({ kind: 'int8' })).toBe('TINYINT')
    expect(dialect.columnType({ kind: 'timestamptz' })).toBe('TIMESTAMP WITH TIME ZONE')
  })

  test.each(['HUGEINT', 'INTEGER[]', 'DECIMAL', "ENUM('a')", 'UINTEGER', 'varchar', ''])('%s is none of ours', (text) => {
    expect(dialect.parseType(text)).toBeUndefined()
  })
})

test('placeholders are counted from 1', () => {
  expect([dialect.placeholder(1), dialect.placeholder(12)]).toEqual(['$1', '$12'])
})

test('a pattern is a literal of its own', () => {
  expect(dialect.functions.matches('x', "it's \\.")).toBe("regexp_full_match(x, 'it''s \\.', 's')")
})

test('a text stays as it is, an instant does not depend on the zone of the session', () => {
  expect(dialect.text('x', { kind: 'text' })).toBe('x')
  expect(dialect.text('x', { kind: 'int64' })).toBe('CAST(x AS VARCHAR)')
  expect(dialect.text('x', { kind: 'timestamptz' })).toContain("CAST(timezone('UTC', x) AS VARCHAR)")
})
