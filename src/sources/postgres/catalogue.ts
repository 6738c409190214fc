import { distance } from 'fastest-levenshtein'
import { SluiceError } from '../../errors.ts'
import type { Column, TableSchema } from '../../model/schema.ts'
import type { PostgresConnection } from './connection.ts'
import { type ReadingRules, type TypeReading, typeReading } from './types.ts'

/** A table, view or foreign table, as the catalogue names it. */
export interface CatalogueTable {
  /** `schema.table`, for people. */
  readonly name: string
  /** For SQL. */
  readonly quoted: string
  /** Bytes on the server's disk, without indexes; 0 for a view. */
  readonly bytes: number
  readonly columns: readonly TableColumn[]
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

/** By its name where the search path finds it, else as `schema.table`. RESOURCE_NOT_FOUND with the nearest names. */
export async function findTable(
  connection: PostgresConnection,
  locator: string,
  extremes: ReadingRules['extremes'],
): Promise<CatalogueTable> {
  const found = await connection.one(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, ${sizeOf} AS bytes,
       (SELECT pg_encoding_to_char(encoding) <> 'SQL_ASCII' FROM pg_database WHERE datname = current_database()) AS encoded
     ${relations} AND (c.relname = $1 AND pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = $1)
     ORDER BY c.relname = $1 DESC LIMIT 1`,
    [locator],
  )
  const { oid, schema, name } = found
  if (typeof oid !== 'string' || typeof schema !== 'string' || typeof name !== 'string') {
    throw await notFound(connection, locator)
  }
  const rules = { extremes, hasEncoding: found['encoded'] === 't' }
  return {
    name: `${schema}.${name}`,
    quoted: `${connection.identifier(schema)}.${connection.identifier(name)}`,
    bytes: Number(found['bytes']),
    columns: await columnsOf(connection, oid, rules),
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
