import type { ColumnType } from './column-type.ts'

/** One column of a table, a resource or a staged file. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  /** What the source calls the type, for people and for the comparison with the last extraction. */
  readonly sourceType?: string
}

export interface TableSchema {
  readonly columns: readonly Column[]
}

/** A table in the warehouse. */
export interface TableName {
  readonly schema: string
  readonly table: string
}

/** `schema.table`, for messages and for the ledger; never for SQL. */
export function tableText(name: TableName): string {
  return `${name.schema}.${name.table}`
}
