import type { Dialect } from '../../contracts/warehouse.ts'
import { type SimpleKind, simpleKinds } from '../../model/column-type.ts'
import { quoteIdentifier, textLiteral } from '../../sql/identifier.ts'

/** PostgreSQL's SQL, version 16 and later. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  quote: quoteIdentifier,

  columnType(type) {
    return type.kind === 'decimal' ? `NUMERIC(${type.precision},${type.scale})` : typeNames[type.kind]
  },

  parseType(text) {
    const decimal = /^NUMERIC\((\d+),(\d+)\)$/i.exec(text)
    if (decimal) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) }
    const kind = simpleKinds.find((known) => known !== 'int8' && typeNames[known] === text.toUpperCase())
    return kind === undefined ? undefined : { kind }
  },

  placeholder: (position) => `$${position}`,

  text(expression, type) {
    if (type.kind === 'text') return expression
    if (type.kind === 'binary') return `encode(${expression}, 'hex')`
    const value = type.kind === 'timestamptz' ? `(${expression} AT TIME ZONE 'UTC')` : expression
    return `CAST(${value} AS TEXT)`
  },

  functions: {
    matches: (expression, pattern) => `(${expression} ~ ${textLiteral(`^(?:${pattern})$`)})`,
    isJson: (expression) => `(${expression} IS JSON)`,
    sha256: (expression) => `encode(sha256(convert_to(${expression}, 'UTF8')), 'hex')`,
  },
}

/** PostgreSQL has no integer of 8 bits: its values fit 16. `JSON`, not `JSONB`, keeps the text as it came. */
const typeNames: Readonly<Record<SimpleKind, string>> = {
  boolean: 'BOOLEAN',
  int8: 'SMALLINT',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  float: 'REAL',
  double: 'DOUBLE PRECISION',
  text: 'TEXT',
  json: 'JSON',
  uuid: 'UUID',
  binary: 'BYTEA',
  date: 'DATE',
  time: 'TIME WITHOUT TIME ZONE',
  timestamp: 'TIMESTAMP WITHOUT TIME ZONE',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
}
