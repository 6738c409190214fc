import type { ReadRequest } from '../../contracts/source.ts'
import { SluiceError } from '../../errors.ts'
import { whereText } from '../sql/conditions.ts'
import { type KeyColumns, type KeyRange, planRanges, rangeCondition, rangeId, rangeOf } from '../sql/key-ranges.ts'
import { queryOptions } from '../sql/table-options.ts'
import type { CatalogueTable, TableColumn } from './catalogue.ts'
import type { MysqlConnection } from './connection.ts'

/** A share of the rows. */
export interface TablePartition {
  readonly id: string
  /** Which rows are in it, among those that are read; empty: all. */
  readonly condition: string
}

/** How the values of a type are asked for and written, such that the database compares them as it does those of a column. */
interface KeyType {
  readonly select: (quoted: string) => string
  readonly literal: (text: string, connection: MysqlConnection) => string
}

const partitionBytes = 64 * 1024 * 1024
const fewestRows = 10_000
const mostRows = 1_000_000

const numeric: KeyType = { select: (quoted) => `${quoted} + 0`, literal: (text) => text }
const textual: KeyType = { select: (quoted) => quoted, literal: (text, connection) => connection.literal(text) }
const bytes: KeyType = { select: (quoted) => `HEX(${quoted})`, literal: (text) => `X'${text}'` }

/**
 * Not ENUM and SET, which are ordered by number and compared as text; not FLOAT and DOUBLE, whose texts are not their values;
 * not long texts, of which only the beginning is ordered.
 */
const keyTypes: Readonly<Record<string, KeyType>> = {
  ...{ tinyint: numeric, smallint: numeric, mediumint: numeric, int: numeric, bigint: numeric, decimal: numeric },
  ...{ year: numeric, bit: numeric, char: textual, varchar: textual, binary: bytes, varbinary: bytes, uuid: textual },
  ...{ date: textual, datetime: textual, timestamp: textual, time: textual, inet4: textual, inet6: textual },
}

/** The partitions of what `where` leaves, in the order of their keys: one where the resource asks for no more. */
export async function planPartitions(
  connection: MysqlConnection,
  table: CatalogueTable,
  where: string,
  { resource, partitionsAgain, notice }: ReadRequest,
): Promise<readonly TablePartition[]> {
  const whole = [{ id: table.name, condition: '' }]
  const { parallel = 1, partitionBy, partitionRows, consistency } = queryOptions(resource)
  const isAsked = parallel > 1 || partitionBy !== undefined || partitionRows !== undefined || consistency === 'partition'
  if (!isAsked && partitionsAgain === undefined) return whole
  const key = keyOf(table, partitionBy)
  if (key === undefined) {
    notice(`${table.name} is read as one partition: it has no unique key by whose ranges it could be divided (see partitionBy).`)
    return whole
  }
  const columns: KeyColumns = {
    quoted: key.map(({ quoted }) => quoted),
    literal: (text, index) => typeOf(key[index]).literal(text, connection),
  }
  const partition = (range: KeyRange) => ({ id: rangeId(range), condition: rangeCondition(range, columns) })
  if (partitionsAgain !== undefined) {
    return partitionsAgain.map((id) => (id === table.name ? { id, condition: '' } : partition(rangeOf(id))))
  }
  const rows = partitionRows ?? rowsThatFit(table.rowBytes)
  const ranges = await planRanges((after) => boundAfter(connection, table, { key, columns, after, rows, where }))
  return ranges.length === 1 ? whole : ranges.map(partition)
}

interface Bound {
  readonly key: readonly TableColumn[]
  readonly columns: KeyColumns
  readonly after: readonly string[] | undefined
  readonly rows: number
  readonly where: string
}

/** The last key of the partition that begins after a key. */
async function boundAfter(
  connection: MysqlConnection,
  { name, from }: CatalogueTable,
  { key, columns, after, rows, where }: Bound,
): Promise<readonly string[] | undefined> {
  const list = key.map((column) => typeOf(column).select(column.quoted)).join(', ')
  const rest = rangeCondition({ after, to: undefined }, columns)
  const [found] = await connection.query(
    `SELECT ${list} FROM ${from}${whereText([where, rest])} ORDER BY ${columns.quoted.join(', ')} LIMIT 1 OFFSET ${rows - 1}`,
  )
  const bound = found?.map((text) => text ?? '')
  if (bound === undefined || after === undefined || String(bound) !== String(after)) return bound
  throw new SluiceError(
    'SOURCE_FAILED',
    `The keys of ${name} cannot be divided into ranges: ${bound.join(', ')} comes after itself.`,
    {
      hint: 'Name other columns with partitionBy.',
    },
  )
}

function keyOf(table: CatalogueTable, partitionBy: readonly string[] | undefined): readonly TableColumn[] | undefined {
  const all = [...table.columns, ...table.hidden]
  const column = (name: string) => all.find((found) => found.column.name === name)
  if (partitionBy !== undefined) return partitionBy.map((name) => fitColumn(table, name, column(name)))
  return table.keys
    .map((names) => names.flatMap((name) => column(name) ?? []))
    .find((columns, index) => columns.length === table.keys[index]?.length && columns.every(({ data }) => keyTypes[data]))
}

function fitColumn(table: CatalogueTable, name: string, found: TableColumn | undefined): TableColumn {
  if (found === undefined) {
    throw new SluiceError('CONFIG_INVALID', `${table.name} has no column ${name} to divide it by.`, {
      hint: 'Name columns of the table with partitionBy.',
      details: { column: name },
    })
  }
  if (found.isNullable) {
    throw new SluiceError('CONFIG_INVALID', `${table.name} cannot be divided by ${name}, which may be NULL.`, {
      hint: 'Name columns that are declared NOT NULL with partitionBy.',
      details: { column: name },
    })
  }
  if (keyTypes[found.data] === undefined) {
    throw new SluiceError('CONFIG_INVALID', `${table.name} cannot be divided by ${name}, which is ${found.column.sourceType}.`, {
      hint: 'Name columns of numbers, decimals, dates, times, CHAR, VARCHAR, BINARY or VARBINARY with partitionBy.',
      details: { column: name },
    })
  }
  return found
}

function typeOf(column: TableColumn | undefined): KeyType {
  return keyTypes[column?.data ?? ''] ?? textual
}

function rowsThatFit(rowBytes: number | undefined): number {
  if (!rowBytes) return mostRows
  return Math.min(mostRows, Math.max(fewestRows, Math.floor(partitionBytes / rowBytes)))
}
