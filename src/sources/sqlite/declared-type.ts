import type { ColumnType } from '../../model/column-type.ts'

const byWord: Readonly<Record<string, ColumnType>> = {
  BOOL: { kind: 'boolean' },
  BOOLEAN: { kind: 'boolean' },
  DATE: { kind: 'date' },
  TIME: { kind: 'time' },
  DATETIME: { kind: 'timestamp' },
  TIMESTAMP: { kind: 'timestamp' },
  TIMESTAMPTZ: { kind: 'timestamptz' },
  JSON: { kind: 'json' },
  JSONB: { kind: 'json' },
  UUID: { kind: 'uuid' },
}

const byPart: readonly (readonly [RegExp, ColumnType])[] = [
  [/REAL|FLOA|DOUB/, { kind: 'double' }],
  [/INT|SERIAL/, { kind: 'int64' }],
  [/CHAR|CLOB|TEXT/, { kind: 'text' }],
  [/BLOB|BINARY|BYTEA/, { kind: 'binary' }],
]

/** The type that a column's values must have, by what the table declares; text where it declares nothing that we know. */
export function declaredType(declaration: string): ColumnType {
  const text = declaration
    .toUpperCase()
    .replace(/\bGENERATED ALWAYS\b/, '')
    .trim()
  if (/\bWITH (LOCAL )?TIME ZONE\b/.test(text)) return { kind: 'timestamptz' }
  const word = /^[A-Z0-9_]*/.exec(text)?.[0] ?? ''
  if (word === 'DECIMAL' || word === 'NUMERIC' || word === 'DEC') return decimalType(text)
  const known = Object.hasOwn(byWord, word) ? byWord[word] : undefined
  return known ?? byPart.find(([part]) => part.test(text))?.[1] ?? { kind: 'text' }
}

/** Without a precision, or over 38 digits, no decimal holds every value: then its text does. */
function decimalType(text: string): ColumnType {
  const parts = /\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/.exec(text)
  if (!parts) return { kind: 'text' }
  const precision = Number(parts[1])
  const scale = Number(parts[2] ?? 0)
  return precision >= 1 && precision <= 38 && scale <= precision ? { kind: 'decimal', precision, scale } : { kind: 'text' }
}
