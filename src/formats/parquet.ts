import type { DuckDBConnection } from '@duckdb/node-api'
import { isSluiceError, SluiceError } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import { headerLayout } from './csv-layout.ts'
import { type FormatRequest, stagedColumns } from './format-reading.ts'
import { ReadCollector } from './read-collector.ts'

/** What bounds the reader, whatever the file holds. */
const settings = {
  threads: '1',
  memory_limit: '512MB',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
}

/** Types whose values would lose digits or bytes inside a JSON text. */
const inexactInJson = /DECIMAL|HUGEINT|FLOAT|BLOB|BIT/

/**
 * Reads the Parquet file that lies on this host with DuckDB's reader, each value as its exact text: decimals with all their
 * digits, moments of a zone in UTC, bytes as hexadecimal digits, lists and structures as JSON. FILE_CORRUPT when it is none
 * or was cut; SCHEMA_CHANGED when a column is missing, or of a type whose values have no exact text.
 */
export async function* readParquet(path: string, request: FormatRequest): AsyncGenerator<ReadBatch> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', settings)
  const connection = await instance.connect()
  try {
    yield* rowsOf(connection, literal(path), request)
  } catch (cause) {
    throw isSluiceError(cause) ? cause : corrupt(request.name, path, cause)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function* rowsOf(connection: DuckDBConnection, file: string, request: FormatRequest): AsyncGenerator<ReadBatch> {
  // Nothing but this one file can be reached, whatever a file may try.
  await connection.run(`SET TimeZone = 'UTC'; SET allowed_paths = [${file}]; SET enable_external_access = false`)
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${file})`)
  const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
  const { fields } = headerLayout(
    columns.map(({ name }) => name),
    request,
  )
  const texts = fields.map((field) => exactText(columns[field] ?? { name: '', type: '' }, request))
  const counted = await connection.runAndReadAll(`SELECT count(*) FROM read_parquet(${file})`)
  const expected = Number(counted.getRows()[0]?.[0])
  const collector = new ReadCollector(stagedColumns(request.columns))
  const result = await connection.stream(`SELECT ${texts.join(', ')} FROM read_parquet(${file})`)
  let rows = 0
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    rows += chunk.rowCount
    take(chunk.getRows(), collector)
    yield* collector.takeFull()
  }
  if (rows !== expected) throw new Error(`it says that it has ${expected} rows and has ${rows}`)
  yield* collector.takeAll()
}

function take(rows: readonly (readonly unknown[])[], collector: ReadCollector): void {
  for (const row of rows) {
    let bytes = 0
    for (const [at, value] of row.entries()) {
      const builder = collector.columns[at]
      if (typeof value === 'string') {
        builder?.addString(value)
        bytes += value.length
      } else builder?.addNull()
    }
    collector.accept(bytes)
  }
}

/** The expression of a column's text. */
function exactText({ name, type }: { readonly name: string; readonly type: string }, { name: file }: FormatRequest): string {
  const column = `"${name.replaceAll('"', '""')}"`
  if (type === 'BLOB') return `lower(hex(${column}))`
  const isNested = /^(STRUCT|MAP|UNION)\(|\]$/.test(type)
  if (!isNested) return `CAST(${column} AS VARCHAR)`
  if (inexactInJson.test(type)) {
    throw new SluiceError('SCHEMA_CHANGED', `${file}: the column ${name} of type ${type} has no exact text.`, {
      hint: 'Leave the column out, or have its values delivered in columns of their own.',
      details: { file, column: name },
    })
  }
  return `CAST(to_json(${column}) AS VARCHAR)`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function corrupt(name: string, path: string, cause: unknown): SluiceError {
  const [message = ''] = (cause instanceof Error ? cause.message : String(cause)).replaceAll(path, name).split('\n')
  return new SluiceError('FILE_CORRUPT', `${name} cannot be read as Parquet: ${message}.`, {
    hint: 'Have the file delivered again.',
    details: { file: name },
    cause,
  })
}
