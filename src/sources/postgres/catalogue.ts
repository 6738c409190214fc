import { distance } from 'fastest-levenshtein'
import { SluiceError } from '../../errors.ts'
import type { BatchDate } from '../../model/run.ts'
import type { Column, TableSchema } from '../../model/schema.ts'
import type { Resource } from '../../model/script.ts'
import { chosenColumns, queryOptions } from '../sql/table-options.ts'
import type { PostgresConnection } from './connection.ts'
import { conditionOf, describeQuery } from './query.ts'
import { type ReadingRules, type TypeReading, typeReading } from './types.ts'

/** A table, a view or a query, and what of it is read. */
export interface CatalogueTable {
  /** `schema.table`, or what a query is called; for people. */
  readonly name: string
  /** For SQL, behind FROM. */
  readonly from: string
  /** What a row must be to be read, besides the window; empty: any. */
  readonly condition: string
  /** Bytes on the server's disk, without indexes; 0 for a view, undefined for a query. */
  readonly bytes: number | undefined
  /** How many bytes a row has in its blocks; undefined where the server does not say. */
  readonly rowBytes: number | undefined
  /** Whether its rows lie in blocks of its own, or of its partitions. */
  readonly hasBlocks: boolean
  /** What is read. */
  readonly columns: readonly TableColumn[]
  /** What is there and is not read. */
  readonly hidden: readonly TableColumn[]
  /** The columns of each unique key without a column that may be NULL, the primary key first. */
  readonly keys: readonly (readonly string[])[]
  /** The columns with which an index begins; undefined where there can be none. */
  readonly indexed: readonly string[] | undefined
}

export interface TableColumn {
  readonly column: Column
  /** For SQL. */
  readonly quoted: string
  /** The type below all domains, for SQL. */
  readonly baseType: string
  readonly reading: TypeReading
}

export function schemaOf(table: CatalogueTable): TableSchema {
  return { columns: table.columns.map(({ column }) => column) }
}

const relations = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')`

const sizeOf = `CASE WHEN c.relkind IN ('v', 'f') THEN 0 ELSE
  greatest(pg_table_size(c.oid), (SELECT sum(pg_table_size(t.relid)) FROM pg_partition_tree(c.oid) t)) END`

/**
 * What the resource names, with the columns and the condition that its options leave. A table is found by its name in the
 * search path, else as `schema.table`. RESOURCE_NOT_FOUND with the nearest names, CONFIG_INVALID for SQL that the server refuses.
 */
export async function findTable(
  connection: PostgresConnection,
  resource: Resource,
  batch: BatchDate,
  extremes: ReadingRules['extremes'],
): Promise<CatalogueTable> {
  const { sql, where } = queryOptions(resource)
  const name = resource.locator
  const { encoded } = await connection.one(
    "SELECT pg_encoding_to_char(encoding) <> 'SQL_ASCII' AS encoded FROM pg_database WHERE datname = current_database()",
  )
  const rules = { extremes, hasEncoding: encoded === 't' }
  const found =
    sql === undefined ? await namedTable(connection, name, rules) : await describeQuery(connection, { name, sql, batch }, rules)
  const columns = chosenColumns(found.columns, ({ column }) => column.name, resource)
  const hidden = found.columns.filter((column) => !columns.includes(column))
  return { ...found, columns, hidden, condition: await conditionOf(connection, found, where, batch) }
}

async function namedTable(connection: PostgresConnection, locator: string, rules: ReadingRules): Promise<CatalogueTable> {
  const found = await connection.one(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, ${sizeOf} AS bytes, c.relkind IN ('r', 'p', 'm') AS blocks,
       CASE WHEN c.reltuples > 0 THEN c.relpages * 8192.0 / c.reltuples END AS row_bytes
     ${relations} AND (c.relname = $1 AND pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = $1)
     ORDER BY c.relname = $1 DESC LIMIT 1`,
    [locator],
  )
  const { oid, schema, name } = found
  if (typeof oid !== 'string' || typeof schema !== 'string' || typeof name !== 'string') {
    throw await notFound(connection, locator)
  }
  return {
    name: `${schema}.${name}`,
    from: `${connection.identifier(schema)}.${connection.identifier(name)}`,
    condition: '',
    bytes: Number(found['bytes']),
    rowBytes: typeof found['row_bytes'] === 'string' ? Number(found['row_bytes']) : undefined,
    hasBlocks: found['blocks'] === 't',
    columns: await columnsOf(connection, oid, rules),
    hidden: [],
    ...(await indexesOf(connection, oid, found['blocks'] === 't')),
  }
}

async function indexesOf(
  connection: PostgresConnection,
  table: string,
  hasBlocks: boolean,
): Promise<Pick<CatalogueTable, 'keys' | 'indexed'>> {
  const rows = await connection.query(
    `SELECT array_to_json(array_agg(a.attname ORDER BY k.place)) AS columns,
       i.indisunique AND i.indimmediate AND i.indpred IS NULL AND bool_and(a.attnotnull) AS key
     FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = $1 AND i.indisvalid AND k.place <= i.indnkeyatts
     GROUP BY i.indexrelid, i.indisunique, i.indimmediate, i.indpred, i.indisprimary ORDER BY i.indisprimary DESC, i.indexrelid`,
    [table],
  )
  const indexes = rows.map(({ columns, key }) => {
    const names: readonly (string | null)[] = JSON.parse(columns ?? '[]')
    return { names, isKey: key === 't' && names.every((name) => name !== null) }
  })
  return {
    keys: indexes.filter(({ isKey }) => isKey).map(({ names }) => names.flatMap((name) => name ?? [])),
    indexed: hasBlocks ? indexes.flatMap(({ names: [first] }) => first ?? []) : undefined,
  }
}

async function columnsOf(connection: PostgresConnection, table: string, rules: ReadingRules): Promise<TableColumn[]> {
  const rows = await connection.query(
    `WITH RECURSIVE base AS (
       SELECT attnum, atttypid AS type, atttypmod AS modifier FROM pg_attribute
       WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
       UNION ALL
       SELECT b.attnum, t.typbasetype, t.typtypmod FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
     )
     SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS declared, a.attnotnull AS required,
       b.type, b.modifier, format_type(b.type, NULL) AS base
     FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
     JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = b.attnum ORDER BY a.attnum`,
    [table],
  )
  return rows.map((row) => {
    const name = row['name'] ?? ''
    const reading = typeReading({ oid: Number(row['type']), modifier: Number(row['modifier']) }, rules)
    const column = { name, type: reading.type, nullable: row['required'] !== 't', sourceType: row['declared'] ?? '' }
    return { column, quoted: connection.identifier(name), baseType: row['base'] ?? '', reading }
  })
}

async function notFound(connection: PostgresConnection, locator: string): Promise<SluiceError> {
  const rows = await connection.query(
    `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
     ${relations} AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
  )
  const near = rows
    .map(({ name }) => ({ name: name ?? '', far: distance((name ?? '').toLowerCase(), locator.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.floor(name.length / 3)) || name.endsWith(`.${locator}`))
    .sort((left, right) => left.far - right.far)
    .slice(0, 3)
    .map(({ name }) => name)
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'Correct the name, as table or as schema.table.'
  return new SluiceError('RESOURCE_NOT_FOUND', `The Postgres source has no table or view ${locator}.`, {
    hint,
    details: { near },
  })
}
