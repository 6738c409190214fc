import type { ColumnType } from '../model/column-type.ts'
import type { TableName, TableSchema } from '../model/schema.ts'
import type { FileLocation } from './lake.ts'

/** Where landing, target and mart tables live. */
export interface Warehouse {
  readonly dialect: Dialect
  /** Called by `sluice check`. */
  check(): Promise<void>
  /** The table as it is now, without the engine's internals; undefined when there is none. */
  describe(table: TableName): Promise<TableSchema | undefined>
  /** Runs DDL outside of any transaction of ours, serialised with transactions that write the same tables. */
  define(statements: readonly Statement[]): Promise<void>
  /**
   * Commits when `work` resolves, rolls back and rethrows when it rejects: any error, always.
   * Transactions of this process that name a common table in `writes` run one after the other.
   * TARGET_CONFLICT when another process' transaction came first.
   */
  transaction<T>(writes: readonly TableName[], work: (session: Session) => Promise<T>): Promise<T>
  /** Reads outside of a transaction: each query sees what is committed. */
  query(statement: Statement): Promise<readonly Row[]>
  close(): Promise<void>
}

/** One open transaction. */
export interface Session {
  /** Resolves to the number of rows that the statement changed, as the engine counts them. */
  execute(statement: Statement): Promise<number>
  /** For counts and decisions, never for bulk. */
  query(statement: Statement): Promise<readonly Row[]>
  /** Adds the staged files' rows to a table, columns by name; resolves to the rows added by each file, in their order. */
  copyInto(copy: CopyRequest): Promise<readonly number[]>
}

export interface CopyRequest {
  readonly table: TableName
  readonly columns: readonly string[]
  readonly files: readonly FileLocation[]
}

/** A statement with its values bound, never pasted. */
export interface Statement {
  readonly sql: string
  readonly values?: readonly Value[]
}

export type Value = string | number | bigint | boolean | null

/** 64-bit integers and counts come as bigint, decimals, dates and times as the engine's text. */
export type Row = Readonly<Record<string, Value>>

/** What differs between SQL engines and needs no connection: pure, so it is tested as text. */
export interface Dialect {
  readonly name: string
  /** An identifier, bare where that is safe on every engine, else quoted. */
  quote(identifier: string): string
  columnType(type: ColumnType): string
  /** The type of a canonical type's own column; undefined for what no canonical type of ours becomes. */
  parseType(text: string): ColumnType | undefined
  /** The name of the placeholder for the n-th value of a statement, from 1. */
  placeholder(position: number): string
  /** The canonical text of a value, exact, for rejects and for casts between types. */
  text(expression: string, type: ColumnType): string
  readonly functions: DialectFunctions
}

/** What the engines call by different names. All take texts. */
interface DialectFunctions {
  /** Whether the text matches the whole pattern: POSIX-like, without look-around and back-references. */
  matches(expression: string, pattern: string): string
  /** Whether the text is one JSON value. */
  isJson(expression: string): string
  /** The SHA-256 of the text's UTF-8, in lower-case hexadecimal digits. */
  sha256(expression: string): string
}
