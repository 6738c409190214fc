import { SluiceError } from '../../errors.ts'
import type { BatchDate } from '../../model/run.ts'
import { withBatch } from '../sql/table-options.ts'
import type { CatalogueTable, TableColumn } from './catalogue.ts'
import type { PostgresConnection, ResultField } from './connection.ts'
import { sqlState } from './failures.ts'
import { type ReadingRules, typeReading } from './types.ts'

/** A query as a table. CONFIG_INVALID with the server's own words when the server does not take it as one SELECT. */
export async function describeQuery(
  connection: PostgresConnection,
  { name, sql, batch }: { readonly name: string; readonly sql: string; readonly batch: BatchDate },
  rules: ReadingRules,
): Promise<CatalogueTable> {
  const statement = dated(sql, batch).replace(/;\s*$/, '')
  const what = `The SQL of ${name}`
  // By itself too: what only makes sense between brackets is none.
  await taken(connection, `EXPLAIN ${statement}`, what)
  // A comment at its end must not swallow the bracket.
  const from = `(${statement}\n) AS q`
  const fields = await taken(connection, `SELECT * FROM ${from} LIMIT 0`, what)
  const columns: TableColumn[] = []
  for (const field of fields) columns.push(await described(connection, field, rules))
  const unknown = { bytes: undefined, rowBytes: undefined, hasBlocks: false }
  return { name, from, condition: '', columns, hidden: [], keys: [], indexed: undefined, ...unknown }
}

async function described(connection: PostgresConnection, field: ResultField, rules: ReadingRules): Promise<TableColumn> {
  const { base, declared } = await connection.one(
    'SELECT format_type($1::oid, NULL) AS base, format_type($1::oid, $2::int) AS declared',
    [String(field.oid), String(field.modifier)],
  )
  const reading = typeReading(field, rules)
  const column = { name: field.name, type: reading.type, nullable: true, sourceType: declared ?? '' }
  return { column, quoted: connection.identifier(field.name), baseType: base ?? '', reading }
}

/** The condition of a `where`, with the batch's date. CONFIG_INVALID when the server does not take it as one. */
export async function conditionOf(
  connection: PostgresConnection,
  { name, from }: Pick<CatalogueTable, 'name' | 'from'>,
  where: string | undefined,
  batch: BatchDate,
): Promise<string> {
  if (where === undefined) return ''
  const condition = dated(where, batch)
  const what = `The where of ${name}`
  for (const tried of [condition, `(${condition}\n)`])
    await taken(connection, `SELECT 1 FROM ${from} WHERE ${tried}\nLIMIT 0`, what)
  return `${condition}\n`
}

function dated(sql: string, batch: BatchDate): string {
  return withBatch(sql, batch, (day) => `DATE '${day}'`)
}

/** Classes of SQLSTATE that say that the SQL itself is wrong: syntax and names, values, what is not possible. */
const ofStatement = /^(42|22|0A|21|25006|54)/

async function taken(connection: PostgresConnection, sql: string, what: string) {
  return connection.fieldsOf(sql).catch((cause: unknown) => {
    const state = sqlState(cause)
    if (!ofStatement.test(state) || state === '42501') throw cause
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause)
    throw new SluiceError('CONFIG_INVALID', `${what} is refused by the server: ${inner.trim().replace(/\.$/, '')}.`, {
      hint: 'Write one SELECT; :batch stands for the date of the batch. Try it with psql.',
      cause,
    })
  })
}
