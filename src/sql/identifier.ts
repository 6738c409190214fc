import { reservedWords } from './reserved-words.ts'

/** An identifier bare where every engine reads it so, else in double quotes: a person's SQL then resolves everywhere. */
export function quoteIdentifier(identifier: string): string {
  const isPlain = /^[a-z_][a-z0-9_]*$/.test(identifier) && !reservedWords.has(identifier)
  return isPlain ? identifier : `"${identifier.replaceAll('"', '""')}"`
}

/** A text as an SQL literal. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
