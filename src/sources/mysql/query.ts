import { SluiceError } from '../../errors.ts'
import type { BatchDate } from '../../model/run.ts'
import { withBatch } from '../sql/table-options.ts'
import type { CatalogueTable, TableColumn } from './catalogue.ts'
import { identifier, type MysqlConnection } from './connection.ts'
import { errorNumber } from './failures.ts'
import { declaredType, isNotNull, type MetadataColumn } from './metadata.ts'
import { type ReadingRules, typeReading } from './types.ts'

/** Numbers of errors that say that the SQL itself is wrong. */
const ofStatement = [
  ...[1051, 1052, 1054, 1055, 1056, 1060, 1064, 1066, 1109, 1111, 1115, 1116, 1128, 1140, 1146, 1149, 1210, 1221, 1222],
  ...[1235, 1239, 1241, 1242, 1247, 1248, 1253, 1267, 1270, 1271, 1273, 1305, 1318, 1326, 1582, 1583, 1584, 1630, 1690, 1792],
  ...[3578, 3579, 3593, 3720, 4078],
]

/** A query as a table. CONFIG_INVALID with the server's own words when the server does not take it as one SELECT. */
export async function describeQuery(
  connection: MysqlConnection,
  { name, sql, batch }: { readonly name: string; readonly sql: string; readonly batch: BatchDate },
  rules: ReadingRules,
): Promise<CatalogueTable> {
  const statement = dated(sql, batch).replace(/;\s*$/, '')
  const what = `The SQL of ${name}`
  // By itself too: what only makes sense between brackets is none.
  if ((await prepared(connection, statement, what)) === undefined) {
    throw invalid(`${what} gives no rows, or has placeholders.`, 'Write one SELECT; :batch stands for the date of the batch.')
  }
  // A comment at its end must not swallow the bracket.
  const from = `(${statement}\n) AS q`
  const found = (await prepared(connection, `SELECT * FROM ${from}`, what)) ?? []
  const columns = found.map((column) => described(column, rules))
  const unknown = { estimatedRows: undefined, rowBytes: undefined, unsteadyEngine: undefined, lockable: undefined }
  return { name, from, condition: '', columns, hidden: [], keys: [], indexed: [], ...unknown }
}

/** The condition of a `where`, with the batch's date. CONFIG_INVALID when the server does not take it as one. */
export async function conditionOf(
  connection: MysqlConnection,
  { name, from }: Pick<CatalogueTable, 'name' | 'from'>,
  where: string | undefined,
  batch: BatchDate,
): Promise<string> {
  if (where === undefined) return ''
  const condition = dated(where, batch)
  for (const tried of [condition, `(${condition}\n)`]) {
    const what = `The where of ${name}`
    if ((await prepared(connection, `SELECT 1 FROM ${from} WHERE ${tried}`, what)) !== undefined) continue
    throw invalid(`${what} has placeholders.`, 'Write the values; :batch stands for the date of the batch.')
  }
  return `${condition}\n`
}

function dated(sql: string, batch: BatchDate): string {
  return withBatch(sql, batch, (day) => `DATE'${day}'`, true)
}

async function prepared(connection: MysqlConnection, sql: string, what: string): Promise<readonly MetadataColumn[] | undefined> {
  return connection.columnsOf(sql).catch((cause: unknown) => {
    if (!ofStatement.includes(errorNumber(cause))) throw cause
    throw invalid(`${what} is refused by the server: ${sentenceOf(cause)}.`, 'Correct it; try it with the mysql client.', cause)
  })
}

function sentenceOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause)
  return inner.trim().replace(/\.$/, '')
}

function described(column: MetadataColumn, rules: ReadingRules): TableColumn {
  const declared = declaredType(column)
  const reading = typeReading(declared, rules)
  const isNullable = !isNotNull(column)
  return {
    column: {
      name: column.name,
      type: reading.type,
      nullable: isNullable || reading.check?.otherwise === 'null',
      sourceType: declared.declared,
    },
    quoted: identifier(column.name),
    data: declared.data,
    isNullable,
    reading,
  }
}

function invalid(message: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', message, { hint, cause })
}
