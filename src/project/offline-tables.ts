import type { Partition, Reading, ReadRequest, Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { CursorWindow } from '../model/manifest.ts'
import type { TableSchema } from '../model/schema.ts'
import type { DeclaredColumn, Resource } from '../model/script.ts'
import { CursorColumn } from '../sources/custom/cursor-column.ts'
import { RowCollector, typedColumns } from '../sources/custom/row-collector.ts'
import { withNearMiss } from './check-options.ts'
import { declaredColumns } from './declared-columns.ts'
import type { OfflineTable } from './offline-sources.ts'

type Tables = Readonly<Record<string, OfflineTable>>
type Named = Readonly<Record<string, unknown>>

interface Table {
  readonly columns: readonly DeclaredColumn[]
  readonly rows: readonly Named[]
}

/** Rows that a test gives, as a source. */
export function openOfflineTables(tables: Tables): Source {
  return {
    check: async () => [],
    describe: async (resource) => ({ columns: typedColumns(tableOf(tables, resource).columns) }),
    open: async (request) => new OfflineReading(tableOf(tables, request.resource), request),
    close: async () => {},
  }
}

function tableOf(tables: Tables, { source, locator, columns }: Resource): Table {
  const found = Object.hasOwn(tables, locator) ? tables[locator] : undefined
  if (found === undefined) {
    const sentence = withNearMiss(`There are no rows for '${locator}' of ${source}`, locator, Object.keys(tables))
    throw new SluiceError('RESOURCE_NOT_FOUND', sentence.endsWith('?') ? sentence : `${sentence}.`, {
      hint: `Give them to runProject: sources: { ${source}: tables({ '${locator}': [ … ] }) }.`,
      details: { source, locator },
    })
  }
  const rows = ('rows' in found ? found.rows : found) as readonly Named[]
  const declared = 'columns' in found ? declaredColumns(found.columns) : (columns ?? inferred(rows, locator))
  // A test names values as the script names its columns, whatever they are called at the source.
  return { columns: declared.map((column) => ({ ...column, from: column.name })), rows }
}

/** A column for each member, in the order in which they appear. */
function inferred(rows: readonly Named[], locator: string): readonly DeclaredColumn[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  if (names.length === 0) {
    throw new SluiceError('CONFIG_INVALID', `The rows for '${locator}' do not say which columns they have.`, {
      hint: `Declare them: { columns: { … }, rows: [] }.`,
    })
  }
  return names.map((name) => {
    const values = rows.map((row) => row[name])
    const type = typeOf(values, `'${name}' of the rows for '${locator}'`)
    return { name, type, length: undefined, nullable: values.some((value) => value === null || value === undefined), from: name }
  })
}

function typeOf(values: readonly unknown[], what: string): ColumnType {
  const kinds = new Set(values.filter((value) => value !== null && value !== undefined).map(kindOf))
  if (kinds.size === 2 && kinds.has('int64') && kinds.has('double') && values.every((value) => typeof value !== 'bigint')) {
    return { kind: 'double' }
  }
  const [kind = 'text'] = kinds
  if (kinds.size < 2 && kind !== 'unknown') return { kind }
  throw new SluiceError('CONFIG_INVALID', `The values ${what} do not say what type they have.`, {
    hint: 'Declare it: { columns: { … }, rows: [ … ] }.',
  })
}

function kindOf(value: unknown): 'int64' | 'double' | 'text' | 'boolean' | 'binary' | 'unknown' {
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'int64'
  if (typeof value === 'number') return 'double'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return 'boolean'
  return value instanceof Uint8Array ? 'binary' : 'unknown'
}

/** The rows of one table, behind the cursor where there is one: `(lower, upper]`, since no row comes late in a test. */
class OfflineReading implements Reading {
  readonly schema: TableSchema
  readonly window: CursorWindow | undefined
  readonly expectedRows: number
  readonly partitions: readonly Partition[]
  readonly #columns: readonly DeclaredColumn[]
  readonly #rows: readonly Named[]
  readonly #mustHave: string | undefined

  constructor({ columns, rows }: Table, { cursor, lower, upper, resource }: ReadRequest) {
    this.schema = { columns: typedColumns(columns) }
    this.partitions = [{ id: resource.locator }]
    this.#columns = columns
    this.#mustHave = cursor?.nulls === 'reject' ? cursor.column : undefined
    const column = cursor && columns.find(({ name }) => name === cursor.column)
    if (!cursor || !column) {
      this.#rows = rows
      this.expectedRows = rows.length
      return
    }
    const values = new CursorColumn(column.type)
    const from = lower === undefined ? undefined : values.fromText(lower)
    const to = upper === undefined ? undefined : values.fromText(upper)
    let greatest = from
    const chosen = rows.filter((row) => {
      const value = values.fitting(row[column.name])
      if (value === undefined) return cursor.nulls !== 'exclude'
      const isChosen = (from === undefined || value > from) && (to === undefined || value <= to)
      if (isChosen && (greatest === undefined || value > greatest)) greatest = value
      return isChosen
    })
    const next = upper ?? (greatest === undefined ? undefined : values.toText(greatest))
    this.#rows = chosen
    this.expectedRows = chosen.length
    this.window = { column: column.name, lower, upper: next, proven: true, next }
  }

  async *read(_partition: Partition): AsyncIterable<ReadBatch> {
    const collector = new RowCollector(this.#columns, this.#mustHave)
    for (const row of this.#rows) {
      collector.add(row)
      if (collector.isFull) yield collector.take()
    }
    if (!collector.isEmpty) yield collector.take()
  }

  async close(): Promise<void> {}
}
