import { describe, expect, test } from 'vitest'
import type { ColumnType } from '../model/column-type.ts'
import type { Column, TableSchema } from '../model/schema.ts'
import { duckdbDialect as dialect } from '../warehouses/duckdb/dialect.ts'
import { alignTable } from './ddl.ts'

const text: ColumnType = { kind: 'text' }
const int64: ColumnType = { kind: 'int64' }
const money: ColumnType = { kind: 'decimal', precision: 12, scale: 2 }
const table = { schema: 'target', table: 'fact_sales' }
const staged = (name: string, type: ColumnType): Column => ({ name, type, nullable: true })

describe('alignTable', () => {
  const columns = [staged('order', int64), staged('AMT', money), staged('a"b', text)]
  const now = (...known: readonly Column[]): TableSchema => ({ columns: known })
  const align = (schema: TableSchema | undefined) => alignTable(dialect, table, columns, schema).map(({ sql }) => sql)

  test('makes a table without keys', () => {
    expect(align(undefined)).toEqual([
      'CREATE TABLE IF NOT EXISTS target.fact_sales ("order" BIGINT, "AMT" DECIMAL(12,2), "a""b" VARCHAR)',
    ])
  })

  test('adds what is missing, and nothing where nothing is', () => {
    expect(align(now(staged('order', int64), staged('other', text)))).toEqual([
      'ALTER TABLE target.fact_sales ADD COLUMN IF NOT EXISTS "AMT" DECIMAL(12,2)',
      'ALTER TABLE target.fact_sales ADD COLUMN IF NOT EXISTS "a""b" VARCHAR',
    ])
    expect(align(now(...columns))).toEqual([])
    expect(align(now(staged('ORDER', int64), staged('amt', money), staged('A"B', text)))).toEqual([])
  })

  test.each<[string, ColumnType]>([
    ['narrower', { kind: 'decimal', precision: 10, scale: 2 }],
    ['wider', { kind: 'decimal', precision: 14, scale: 2 }],
    ['other', text],
  ])('refuses a %s type', (_, type) => {
    const schema = now({ ...staged('AMT', type), sourceType: 'AS IT IS' })
    expect(() => align(schema)).toThrow(
      expect.objectContaining({
        code: 'DDL_BREAKING',
        message: 'target.fact_sales holds AMT as AS IT IS, the script says decimal(12,2).',
        details: { table: 'target.fact_sales', column: 'AMT' },
      }),
    )
  })
})
