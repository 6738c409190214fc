import { distance } from 'fastest-levenshtein'
import { SluiceError } from '../../errors.ts'
import type { BatchDate } from '../../model/run.ts'
import type { Column, TableSchema } from '../../model/schema.ts'
import type { Resource } from '../../model/script.ts'
import { chosenColumns, queryOptions } from '../sql/table-options.ts'
import { identifier, type MysqlConnection } from './connection.ts'
import { errorNumber } from './failures.ts'
import { conditionOf, describeQuery } from './query.ts'
import { type ReadingRules, type TypeReading, typeReading } from './types.ts'

/** A table, a view or a query, and what of it is read. */
export interface CatalogueTable {
  /** As it was asked for or, in another database, `database.table`; for people. */
  readonly name: string
  /** For SQL, behind FROM. */
  readonly from: string
  /** What a row must be to be read, besides the window; empty: any. */
  readonly condition: string
  /** How many rows the server believes that it has; undefined for a view or a query. */
  readonly estimatedRows: number | undefined
  /** How many bytes the server believes that a row has. */
  readonly rowBytes: number | undefined
  /** What stores it, where that shows no snapshots. */
  readonly unsteadyEngine: string | undefined
  /** For LOCK TABLES; undefined for a query. */
  readonly lockable: string | undefined
  /** What is read. */
  readonly columns: readonly TableColumn[]
  /** What is there and is not read. */
  readonly hidden: readonly TableColumn[]
  /** The columns of each unique key without a column that may be NULL, the primary key first. */
  readonly keys: readonly (readonly string[])[]
  /** The columns with which an index begins. */
  readonly indexed: readonly string[]
}

export interface TableColumn {
  readonly column: Column
  /** For SQL. */
  readonly quoted: string
  /** As the catalogue has it, without its parameters. */
  readonly data: string
  /** Whether the server lets NULL in. */
  readonly isNullable: boolean
  readonly reading: TypeReading
}

/** A column with what only the catalogue tells. */
interface CatalogueColumn extends TableColumn {
  /** Not among the columns of `SELECT *`. */
  readonly isInvisible: boolean
}

export function schemaOf(table: CatalogueTable): TableSchema {
  return { columns: table.columns.map(({ column }) => column) }
}

/**
 * What the resource names, with the columns and the condition that its options leave. A table is found by its name in the
 * database of the url, else as `database.table`. RESOURCE_NOT_FOUND with the nearest names, SOURCE_DENIED when it may not be
 * read, CONFIG_INVALID for SQL that the server refuses.
 */
export async function findTable(
  connection: MysqlConnection,
  resource: Resource,
  batch: BatchDate,
  rules: ReadingRules,
): Promise<CatalogueTable> {
  const { sql, where, select } = queryOptions(resource)
  const name = resource.locator
  const found =
    sql === undefined
      ? await namedTable(connection, name, rules, select)
      : await describeQuery(connection, { name, sql, batch }, rules)
  const columns = chosenColumns(found.columns, ({ column }) => column.name, resource)
  const hidden = [...found.hidden, ...found.columns.filter((column) => !columns.includes(column))]
  return { ...found, columns, hidden, condition: await conditionOf(connection, found, where, batch) }
}

async function namedTable(
  connection: MysqlConnection,
  locator: string,
  rules: ReadingRules,
  select: readonly string[] | undefined,
): Promise<CatalogueTable> {
  const asked = connection.literal(locator)
  const [database, table, estimate, rowBytes, engine] = await connection.one(
    `SELECT TABLE_SCHEMA, TABLE_NAME, IF(TABLE_TYPE LIKE '%VIEW', NULL, TABLE_ROWS), AVG_ROW_LENGTH,
       (SELECT e.ENGINE FROM information_schema.ENGINES e WHERE e.ENGINE = t.ENGINE AND e.TRANSACTIONS = 'NO')
     FROM information_schema.TABLES t
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${asked}
       OR TABLE_SCHEMA = SUBSTRING_INDEX(${asked}, '.', 1) AND CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = ${asked}
     ORDER BY TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${asked} DESC, BINARY TABLE_NAME = ${asked} DESC LIMIT 1`,
  )
  if (typeof database !== 'string' || typeof table !== 'string') throw await notFound(connection, locator)
  const quoted = `${identifier(database)}.${identifier(table)}`
  // The catalogue leaves out columns that may not be read, and says nothing: this does.
  if (select === undefined) await connection.columnsOf(`SELECT * FROM ${quoted}`)
  const all = await columnsOf(connection, database, table, rules)
  const isRead = ({ column, isInvisible }: CatalogueColumn) => !isInvisible || select?.includes(column.name)
  return {
    name: locator,
    from: quoted,
    condition: '',
    estimatedRows: numberOf(estimate),
    rowBytes: numberOf(rowBytes),
    unsteadyEngine: engine ?? undefined,
    lockable: quoted,
    columns: all.filter(isRead),
    hidden: all.filter((column) => !isRead(column)),
    ...(await indexesOf(connection, database, table)),
  }
}

function numberOf(text: string | null | undefined): number | undefined {
  return typeof text === 'string' ? Number(text) : undefined
}

interface Indexes {
  readonly keys: CatalogueTable['keys']
  readonly indexed: CatalogueTable['indexed']
}

async function indexesOf(connection: MysqlConnection, database: string, table: string): Promise<Indexes> {
  const rows = await connection.query(
    `SELECT INDEX_NAME, COLUMN_NAME, NON_UNIQUE = 1 OR NULLABLE = 'YES' OR SUB_PART IS NOT NULL OR COLUMN_NAME IS NULL
     FROM information_schema.STATISTICS
     WHERE TABLE_SCHEMA = ${connection.literal(database)} AND TABLE_NAME = ${connection.literal(table)}
     ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX`,
  )
  const indexes = [...Map.groupBy(rows, ([index]) => index).values()]
  return {
    keys: indexes.flatMap((columns) =>
      columns.some(([, , isUnfit]) => isUnfit === '1') ? [] : [columns.map(([, column]) => column ?? '')],
    ),
    indexed: indexes.map(([first]) => first?.[1] ?? ''),
  }
}

async function columnsOf(
  connection: MysqlConnection,
  database: string,
  table: string,
  rules: ReadingRules,
): Promise<CatalogueColumn[]> {
  const where = `TABLE_SCHEMA = ${connection.literal(database)} AND TABLE_NAME = ${connection.literal(table)}`
  const rows = await connection.query(
    `SELECT COLUMN_NAME, LOWER(DATA_TYPE), LOWER(COLUMN_TYPE), COLUMN_TYPE, IS_NULLABLE, NUMERIC_PRECISION, NUMERIC_SCALE,
       EXTRA LIKE '%INVISIBLE%'
     FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  )
  const json = await jsonColumns(connection, database, table)
  return rows.map(([name, data, declared, sourceType, nullable, precision, scale, invisible]) => {
    const column = name ?? ''
    const reading = typeReading(
      {
        data: data ?? '',
        declared: declared ?? '',
        precision: Number(precision),
        scale: Number(scale),
        isJson: json.has(column),
      },
      rules,
    )
    return {
      column: {
        name: column,
        type: reading.type,
        nullable: nullable === 'YES' || reading.check?.otherwise === 'null',
        sourceType: sourceType ?? '',
      },
      quoted: identifier(column),
      data: data ?? '',
      isNullable: nullable === 'YES',
      isInvisible: invisible === '1',
      reading,
    }
  })
}

/** ER_TABLEACCESS_DENIED_ERROR. */
const tableDenied = 1142

/** In MariaDB JSON is a text that a constraint of the column's own checks. */
async function jsonColumns(connection: MysqlConnection, database: string, table: string): Promise<ReadonlySet<string>> {
  if (!connection.isMariadb) return new Set()
  const rows = await connection.query(
    `SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ${connection.literal(database)} AND TABLE_NAME = ${connection.literal(table)}`,
  )
  return new Set(rows.map(([clause]) => /^json_valid\(`(.*)`\)$/.exec(clause ?? '')?.[1]?.replaceAll('``', '`') ?? ''))
}

/** A table of which a user may see nothing is none in the catalogue; the server then speaks of the right. */
async function notFound(connection: MysqlConnection, locator: string): Promise<unknown> {
  const denied = await connection.columnsOf(`SELECT * FROM ${identifier(locator)}`).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (errorNumber(denied) === tableDenied) return denied
  const rows = await connection.query(
    `SELECT IF(TABLE_SCHEMA = DATABASE(), TABLE_NAME, CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)) FROM information_schema.TABLES
     WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')`,
  )
  const near = rows
    .map(([name]) => ({ name: name ?? '', far: distance((name ?? '').toLowerCase(), locator.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.floor(name.length / 3)) || name.endsWith(`.${locator}`))
    .sort((left, right) => left.far - right.far)
    .slice(0, 3)
    .map(({ name }) => name)
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'Correct the name, as table or as database.table.'
  return new SluiceError('RESOURCE_NOT_FOUND', `The MySQL source has no table or view ${locator}.`, { hint, details: { near } })
}
