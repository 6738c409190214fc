import type { DuckDBConnection } from '@duckdb/node-api'
import type { CopyRequest, Row, Session, Statement } from '../../contracts/warehouse.ts'
import { SluiceError } from '../../errors.ts'
import { tableText } from '../../model/schema.ts'
import { columnList, tableSql } from '../../sql/binder.ts'
import { duckdbDialect } from './dialect.ts'
import { translateDuckdbError } from './failures.ts'
import { resultRows, runStatement } from './statements.ts'

/** One transaction on a connection of its own. Its statements run one after the other. */
export class DuckdbSession implements Session {
  readonly #connection: DuckDBConnection
  #last: Promise<void> = Promise.resolve()
  #failure: SluiceError | undefined
  #ended = false

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  execute(statement: Statement): Promise<number> {
    return this.#next('DuckDB refused a statement', async () => (await runStatement(this.#connection, statement)).rowsChanged)
  }

  query(statement: Statement): Promise<readonly Row[]> {
    return this.#next('DuckDB refused a query', async () => resultRows(await runStatement(this.#connection, statement)))
  }

  async copyInto({ table, columns, files }: CopyRequest): Promise<readonly number[]> {
    const names = columnList(duckdbDialect, columns)
    // A folder such as `year=2025` above the lake must not become a column.
    const source = 'read_parquet($1, hive_partitioning = false)'
    const sql = `INSERT INTO ${tableSql(duckdbDialect, table)} (${names}) SELECT ${names} FROM ${source}`
    const counts: number[] = []
    for (const { path } of files) {
      const copied = this.#next(`DuckDB could not add ${path} to ${tableText(table)}`, async () => {
        return (await runStatement(this.#connection, { sql, values: [literalPath(path)] })).rowsChanged
      })
      counts.push(await copied)
    }
    return counts
  }

  /**
   * Commits all or nothing. After a statement that failed, whoever swallowed it, rejects with its failure:
   * DuckDB would answer OK and keep the statements before, or none.
   */
  async commit(): Promise<void> {
    const committed = this.#next('DuckDB could not commit', () => this.#connection.run('COMMIT'))
    this.#ended = true
    await committed
  }

  /** Waits for what still runs, then rolls back. Never rejects: DuckDB may have ended the transaction by itself. */
  async rollback(): Promise<void> {
    this.#ended = true
    await this.#last
    await this.#connection.run('ROLLBACK').catch(() => undefined)
  }

  #next<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(afterEnd())
    const result = this.#last.then(() => {
      if (this.#failure !== undefined) throw this.#failure
      return work()
    })
    const translated = result.catch((cause: unknown) => {
      this.#failure ??= translateDuckdbError(what, cause)
      throw this.#failure
    })
    this.#last = translated.then(
      () => undefined,
      () => undefined,
    )
    return translated
  }
}

/** The path as a pattern that only matches itself. */
function literalPath(path: string): string {
  return path.replaceAll(/[[*?]/g, '[$&]')
}

function afterEnd(): SluiceError {
  return new SluiceError('INTERNAL', 'A statement came after its transaction had ended, and was not run.', {
    hint: 'Report this with the log of the run: the step did not wait for its own statements.',
  })
}
