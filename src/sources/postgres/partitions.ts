import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { allOf, whereText } from '../sql/conditions.ts'
import { type KeyColumns, type KeyRange, planRanges, rangeCondition, rangeId, rangeOf } from '../sql/key-ranges.ts'
import { queryOptions } from '../sql/table-options.ts'
import type { CatalogueTable, TableColumn } from './catalogue.ts'
import type { PostgresConnection } from './connection.ts'

/** A share of the rows. */
export interface TablePartition {
  readonly id: string
  /** Which rows are in it, among those that are read; empty: all. */
  readonly condition: string
}

const partitionBytes = 64 * 1024 * 1024
const fewestRows = 10_000
const mostRows = 1_000_000

/** The types that have one order and whose texts are their values, with the name that a cast needs. */
const keyTypes: Readonly<Record<string, string>> = {
  ...{ smallint: 'smallint', integer: 'integer', bigint: 'bigint', numeric: 'numeric', oid: 'oid', name: 'name' },
  ...{ text: 'text', 'character varying': 'text', uuid: 'uuid', bytea: 'bytea', date: 'date' },
  // Without a length, `character` would mean one.
  ...{ character: 'bpchar' },
  'timestamp without time zone': 'timestamp without time zone',
  'timestamp with time zone': 'timestamp with time zone',
}

/** The partitions of what `where` leaves: one where the resource asks for no more. */
export async function planPartitions(
  connection: PostgresConnection,
  table: CatalogueTable,
  where: string,
  { resource, partitionsAgain, notice }: ReadRequest,
): Promise<readonly TablePartition[]> {
  const whole = [{ id: table.name, condition: '' }]
  const { parallel = 1, partitionBy, partitionRows, consistency } = queryOptions(resource)
  const isAsked = parallel > 1 || partitionBy !== undefined || partitionRows !== undefined || consistency === 'partition'
  if (!isAsked && partitionsAgain === undefined) return whole
  if (table.hasBlocks && partitionBy === undefined && consistency !== 'partition') {
    return blockRanges(connection, table, partitionRows ?? rowsThatFit(table.rowBytes))
  }
  const key = keyOf(table, partitionBy)
  if (key === undefined) {
    notice(`${table.name} is read as one partition: it has no unique key by whose ranges it could be divided (see partitionBy).`)
    return whole
  }
  const columns: KeyColumns = {
    quoted: key.map(({ quoted }) => quoted),
    literal: (text, index) => `${connection.literal(text)}::${keyTypes[key[index]?.baseType ?? ''] ?? 'text'}`,
  }
  const nullable = key.find(({ column }) => column.nullable)?.quoted
  const partition = (range: KeyRange) => {
    const condition = rangeCondition(range, columns)
    // What has no key lies in the last range.
    const isLast = nullable !== undefined && range.to === undefined && condition !== ''
    return { id: rangeId(range), condition: isLast ? `${condition} OR ${nullable} IS NULL` : condition }
  }
  if (partitionsAgain !== undefined) {
    return partitionsAgain.map((id) => (id === table.name ? { id, condition: '' } : partition(rangeOf(id))))
  }
  const rows = partitionRows ?? rowsThatFit(table.rowBytes)
  const ranges = await planRanges((after) =>
    boundAfter(connection, table, {
      columns,
      after,
      rows,
      where: allOf([where, ...(nullable === undefined ? [] : [`${nullable} IS NOT NULL`])]),
    }),
  )
  return ranges.length === 1 ? whole : ranges.map(partition)
}

interface Bound {
  readonly columns: KeyColumns
  readonly after: readonly string[] | undefined
  readonly rows: number
  readonly where: string
}

/** The last key of the partition that begins after a key. */
async function boundAfter(
  connection: PostgresConnection,
  { name, from }: CatalogueTable,
  { columns, after, rows, where }: Bound,
): Promise<readonly string[] | undefined> {
  const list = columns.quoted.map((quoted, index) => `${quoted}::text AS k${index}`).join(', ')
  const rest = rangeCondition({ after, to: undefined }, columns)
  const [found] = await connection.query(
    `SELECT ${list} FROM ${from}${whereText([where, rest])} ORDER BY ${columns.quoted.join(', ')} LIMIT 1 OFFSET ${rows - 1}`,
  )
  const bound = found && columns.quoted.map((_, index) => found[`k${index}`] ?? '')
  if (bound === undefined || after === undefined || String(bound) !== String(after)) return bound
  throw new SluiceError(
    'SOURCE_FAILED',
    `The keys of ${name} cannot be divided into ranges: ${bound.join(', ')} comes after itself.`,
    {
      hint: 'Name other columns with partitionBy.',
    },
  )
}

/** Ranges of the table's blocks on the disk; where a row lies does not change for a snapshot. The last range has no end. */
async function blockRanges(
  connection: PostgresConnection,
  table: CatalogueTable,
  rows: number,
): Promise<readonly TablePartition[]> {
  const { blocks } = await connection.one(
    `SELECT coalesce(max(pg_relation_size(t.relid) / current_setting('block_size')::int), 0) AS blocks
     FROM (SELECT ${connection.literal(table.from)}::regclass AS relid
           UNION SELECT relid FROM pg_partition_tree(${connection.literal(table.from)}::regclass)) t`,
  )
  const step = Math.max(1, Math.floor((rows * (table.rowBytes ?? 100)) / 8192))
  const count = Math.max(1, Math.ceil(Number(blocks) / step))
  return Array.from({ length: count }, (_, index) => {
    const from = index * step
    const bounds = [`ctid >= '(${from},0)'::tid`, ...(index === count - 1 ? [] : [`ctid < '(${from + step},0)'::tid`])]
    const id = index === count - 1 ? `blocks from ${from}` : `blocks ${from} to ${from + step - 1}`
    return { id, condition: bounds.join(' AND ') }
  })
}

function keyOf(table: CatalogueTable, partitionBy: readonly string[] | undefined): readonly TableColumn[] | undefined {
  const all = [...table.columns, ...table.hidden]
  const column = (name: string) => all.find((found) => found.column.name === name)
  if (partitionBy !== undefined) return partitionBy.map((name) => fitColumn(table, name, column(name), partitionBy.length))
  return table.keys
    .map((names) => names.flatMap((name) => column(name) ?? []))
    .find((columns, index) => columns.length === table.keys[index]?.length && columns.every(({ baseType }) => keyTypes[baseType]))
}

function fitColumn(table: CatalogueTable, name: string, found: TableColumn | undefined, count: number): TableColumn {
  const refused = (why: string, hint: string) => new SluiceError('CONFIG_INVALID', why, { hint, details: { column: name } })
  if (found === undefined) {
    throw refused(`${table.name} has no column ${name} to divide it by.`, 'Name columns of the table with partitionBy.')
  }
  if (found.column.nullable && count > 1) {
    throw refused(
      `${table.name} cannot be divided by ${name} beside other columns, for it may be NULL.`,
      'Name columns that are declared NOT NULL with partitionBy, or one alone.',
    )
  }
  if (keyTypes[found.baseType] === undefined) {
    throw refused(
      `${table.name} cannot be divided by ${name}, which is ${found.column.sourceType}.`,
      'Name columns of integers, numeric, text, uuid, bytea, dates or timestamps with partitionBy.',
    )
  }
  return found
}

function rowsThatFit(rowBytes: number | undefined): number {
  if (!rowBytes) return mostRows
  return Math.min(mostRows, Math.max(fewestRows, Math.floor(partitionBytes / rowBytes)))
}
