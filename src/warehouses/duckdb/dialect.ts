import type { Dialect } from '../../contracts/warehouse.ts'
import type { ColumnType, SimpleKind } from '../../model/column-type.ts'
import { simpleKinds } from '../../model/column-type.ts'
import { quoteIdentifier, textLiteral } from '../../sql/identifier.ts'
import { dateText, doubleText, floatText, fractionText, timestampText } from './canonical-text.ts'

/** DuckDB's SQL. */
export const duckdbDialect: Dialect = {
  name: 'duckdb',

  quote: quoteIdentifier,

  columnType(type) {
    return type.kind === 'decimal' ? `DECIMAL(${type.precision},${type.scale})` : typeNames[type.kind]
  },

  parseType(text) {
    const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(text)
    if (decimal) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) }
    const kind = simpleKinds.find((known) => typeNames[known] === text)
    return kind === undefined ? undefined : { kind }
  },

  placeholder(position) {
    return `$${position}`
  },

  text(expression, type) {
    if (type.kind === 'decimal' && type.precision === type.scale) return fractionText(expression)
    return texts[type.kind]?.(expression) ?? `CAST(${expression} AS VARCHAR)`
  },

  functions: {
    // Without `s`, a dot does not match a line break as it does in POSIX.
    matches: (expression, pattern) => `regexp_full_match(${expression}, ${textLiteral(pattern)}, 's')`,
    isJson: (expression) => `json_valid(${expression})`,
    sha256: (expression) => `sha256(${expression})`,
  },
}

const typeNames: Readonly<Record<SimpleKind, string>> = {
  boolean: 'BOOLEAN',
  int8: 'TINYINT',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  text: 'VARCHAR',
  json: 'JSON',
  uuid: 'UUID',
  binary: 'BLOB',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
}

const texts: Readonly<Partial<Record<ColumnType['kind'], (expression: string) => string>>> = {
  text: (expression) => expression,
  binary: (expression) => `lower(hex(${expression}))`,
  float: floatText,
  double: doubleText,
  date: dateText,
  timestamp: timestampText,
  timestamptz: (expression) => timestampText(`timezone('UTC', ${expression})`),
}
