import type { Dialect, Statement, Value } from '../contracts/warehouse.ts'
import type { TableName } from '../model/schema.ts'

/** Collects the values of one statement while its text is put together. */
export class Binder {
  readonly dialect: Dialect
  readonly #values: Value[] = []

  constructor(dialect: Dialect) {
    this.dialect = dialect
  }

  /** The placeholder for a value, cast to text: engines do not guess the type of a bare one alike. */
  text(value: string): string {
    return `CAST(${this.#bind(value)} AS ${this.dialect.columnType({ kind: 'text' })})`
  }

  int64(value: bigint | number): string {
    return `CAST(${this.#bind(String(value))} AS ${this.dialect.columnType({ kind: 'int64' })})`
  }

  /** `value` is `YYYY-MM-DD`. */
  date(value: string): string {
    return `CAST(${this.#bind(value)} AS ${this.dialect.columnType({ kind: 'date' })})`
  }

  /** `value` is UTC, ISO 8601. */
  instant(value: string): string {
    return `CAST(${this.#bind(value)} AS ${this.dialect.columnType({ kind: 'timestamptz' })})`
  }

  statement(sql: string): Statement {
    return { sql, values: this.#values }
  }

  #bind(value: Value): string {
    this.#values.push(value)
    return this.dialect.placeholder(this.#values.length)
  }
}

/** A table's name for a statement. */
export function tableSql(dialect: Dialect, { schema, table }: TableName): string {
  return `${dialect.quote(schema)}.${dialect.quote(table)}`
}

/** Names for a statement, separated by commas; with an alias in front of each when one is given. */
export function columnList(dialect: Dialect, columns: readonly string[], alias?: string): string {
  return columns.map((column) => (alias === undefined ? dialect.quote(column) : `${alias}.${dialect.quote(column)}`)).join(', ')
}
