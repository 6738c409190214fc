import type { Dialect } from '../../contracts/warehouse.ts'
import { type ColumnType, type SimpleKind, simpleKinds } from '../../model/column-type.ts'
import { quoteIdentifier, textLiteral } from '../../sql/identifier.ts'

/** Snowflake's SQL. */
export const snowflakeDialect: Dialect = {
  name: 'snowflake',
  quote: quoteIdentifier,

  columnType(type) {
    return type.kind === 'decimal' ? `NUMBER(${type.precision},${type.scale})` : typeNames[type.kind]
  },

  parseType(text) {
    const kind = simpleKinds.find((known) => typeNames[known] === text)
    if (kind !== undefined && kind !== 'json' && kind !== 'uuid' && kind !== 'float') return { kind }
    const number = /^NUMBER\((\d+),(\d+)\)$/.exec(text)
    return number ? { kind: 'decimal', precision: Number(number[1]), scale: Number(number[2]) } : undefined
  },

  placeholder: (position) => `:${position}`,

  text(expression, type) {
    return texts[type.kind]?.(expression) ?? `TO_VARCHAR(${expression})`
  },

  functions: {
    // Snowflake matches the whole text by itself; `s` lets a dot match a line break.
    matches: (expression, pattern) => `REGEXP_LIKE(${expression}, ${textLiteral(pattern.replaceAll('\\', '\\\\'))}, 's')`,
    isJson: (expression) => `(CHECK_JSON(${expression}) IS NULL)`,
    sha256: (expression) => `SHA2(${expression}, 256)`,
  },
}

/** JSON and UUIDs as text, because VARIANT reads numbers anew; integers as NUMBER of as many digits as they need. */
const typeNames: Readonly<Record<SimpleKind, string>> = {
  boolean: 'BOOLEAN',
  int8: 'NUMBER(3,0)',
  int16: 'NUMBER(5,0)',
  int32: 'NUMBER(10,0)',
  int64: 'NUMBER(19,0)',
  float: 'FLOAT',
  double: 'FLOAT',
  text: 'VARCHAR',
  json: 'VARCHAR',
  uuid: 'VARCHAR',
  binary: 'BINARY',
  date: 'DATE',
  time: 'TIME(6)',
  timestamp: 'TIMESTAMP_NTZ(6)',
  timestamptz: 'TIMESTAMP_TZ(6)',
}

const fraction = (expression: string, format: string) => `RTRIM(RTRIM(TO_VARCHAR(${expression}, '${format}.FF6'), '0'), '.')`

const texts: Readonly<Partial<Record<ColumnType['kind'], (expression: string) => string>>> = {
  text: (expression) => expression,
  json: (expression) => expression,
  uuid: (expression) => expression,
  binary: (expression) => `LOWER(HEX_ENCODE(${expression}))`,
  date: (expression) => `TO_VARCHAR(${expression}, 'YYYY-MM-DD')`,
  time: (expression) => fraction(expression, 'HH24:MI:SS'),
  timestamp: (expression) => fraction(expression, 'YYYY-MM-DD HH24:MI:SS'),
  timestamptz: (expression) => fraction(`CONVERT_TIMEZONE('UTC', ${expression})`, 'YYYY-MM-DD HH24:MI:SS'),
}
