import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBMaterializedResult,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { Row, Statement, Value } from '../../contracts/warehouse.ts'

const lowest64 = -(2n ** 63n)
const highest64 = 2n ** 63n - 1n

/** Runs one statement with its values bound; errors are the driver's own. */
export async function runStatement(connection: DuckDBConnection, statement: Statement): Promise<DuckDBMaterializedResult> {
  const values = statement.values ?? []
  if (values.length === 0) return connection.run(statement.sql)
  return connection.run(statement.sql, [...values], values.map(boundType) as DuckDBType[])
}

/** The driver would bind every bigint as HUGEINT, and comparisons would widen the column. */
function boundType(value: Value): DuckDBType | undefined {
  return typeof value === 'bigint' && value >= lowest64 && value <= highest64 ? BIGINT : undefined
}

/** All rows of a result, as the contract says. */
export async function resultRows(result: DuckDBMaterializedResult): Promise<readonly Row[]> {
  const rows = await result.getRowObjects()
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellValue(value)])))
}

function cellValue(value: DuckDBValue): Value {
  if (value === null || typeof value !== 'object') return value
  // The driver's own text is in the zone of this process.
  if (value instanceof DuckDBTimestampTZValue) return instantText(value.micros)
  return String(value)
}

function instantText(micros: bigint): string {
  const text = String(new DuckDBTimestampValue(micros))
  return text.endsWith('infinity') ? text : `${text}+00`
}
