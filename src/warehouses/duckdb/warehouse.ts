import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Dialect, Row, Session, Statement, Warehouse } from '../../contracts/warehouse.ts'
import { SluiceError } from '../../errors.ts'
import type { Column, TableName, TableSchema } from '../../model/schema.ts'
import { tableText } from '../../model/schema.ts'
import { duckdbDialect } from './dialect.ts'
import { translateDuckdbError } from './failures.ts'
import { DuckdbSession } from './session.ts'
import { resultRows, runStatement } from './statements.ts'
import type { TableQueue } from './table-queue.ts'

/** A DuckDB file that this process holds. Each transaction and each query has a connection of its own. */
export class DuckdbWarehouse implements Warehouse {
  readonly dialect: Dialect = duckdbDialect
  readonly #path: string
  readonly #queue: TableQueue
  #instance: DuckDBInstance | undefined

  /** `queue` is the one of all that opened this file in this process. */
  constructor(path: string, instance: DuckDBInstance, queue: TableQueue) {
    this.#path = path
    this.#instance = instance
    this.#queue = queue
  }

  async check(): Promise<void> {
    await this.query({ sql: 'SELECT 1' })
  }

  async describe(table: TableName): Promise<TableSchema | undefined> {
    const rows = await this.query({ sql: describeSql, values: [table.schema, table.table] })
    return rows.length === 0 ? undefined : { columns: rows.map(describedColumn) }
  }

  async define(statements: readonly Statement[]): Promise<void> {
    await this.#queue.runAlone(() =>
      this.#connected(`DuckDB refused a change of ${this.#path}`, async (connection) => {
        for (const statement of statements) await runStatement(connection, statement)
      }),
    )
  }

  async transaction<T>(writes: readonly TableName[], work: (session: Session) => Promise<T>): Promise<T> {
    // DuckDB does not tell names apart by case.
    const tables = new Set(writes.map((table) => tableText(table).toLowerCase()))
    return this.#queue.run([...tables], async () => {
      const connection = await this.#connect()
      try {
        return await inTransaction(connection, work)
      } finally {
        connection.closeSync()
      }
    })
  }

  async query(statement: Statement): Promise<readonly Row[]> {
    return this.#connected('DuckDB refused a query', async (connection) => resultRows(await runStatement(connection, statement)))
  }

  async close(): Promise<void> {
    this.#instance?.closeSync()
    this.#instance = undefined
  }

  async #connected<T>(what: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#connect()
    try {
      return await work(connection)
    } catch (cause) {
      throw translateDuckdbError(what, cause)
    } finally {
      connection.closeSync()
    }
  }

  async #connect(): Promise<DuckDBConnection> {
    if (this.#instance === undefined) throw closed(this.#path)
    const connection = await this.#instance.connect().catch(failing(`DuckDB did not connect to ${this.#path}`))
    await connection.run("SET TimeZone = 'UTC'").catch(failing(`DuckDB did not connect to ${this.#path}`))
    return connection
  }
}

async function inTransaction<T>(connection: DuckDBConnection, work: (session: Session) => Promise<T>): Promise<T> {
  await connection.run('BEGIN TRANSACTION').catch(failing('DuckDB did not begin a transaction'))
  const session = new DuckdbSession(connection)
  try {
    const result = await work(session)
    await session.commit()
    return result
  } catch (cause) {
    await session.rollback()
    throw cause
  }
}

function failing(what: string): (cause: unknown) => never {
  return (cause) => {
    throw translateDuckdbError(what, cause)
  }
}

const describeSql = `
  SELECT column_name, data_type, is_nullable
  FROM duckdb_columns()
  WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)
  ORDER BY column_index`

function describedColumn(row: Row): Column {
  const sourceType = String(row['data_type'])
  return {
    name: String(row['column_name']),
    // Types that no table of ours has come with their own name; what they hold can be read as text.
    type: duckdbDialect.parseType(sourceType) ?? { kind: 'text' },
    nullable: row['is_nullable'] === true,
    sourceType,
  }
}

function closed(path: string): SluiceError {
  return new SluiceError('INTERNAL', `The warehouse ${path} was used after it had been closed.`, {
    hint: 'Report this with the log of the run.',
  })
}
