import { DuckDBInstance } from '@duckdb/node-api'
import { expect } from 'vitest'
import { type ColumnType, parseColumnType } from '../src/model/column-type.ts'
import { castSql } from '../src/sql/casts.ts'
import { duckdbDialect as dialect } from '../src/warehouses/duckdb/dialect.ts'

/** A DuckDB in memory. */
export const connection = await (await DuckDBInstance.create(':memory:')).connect()
await connection.run("SET TimeZone = 'UTC'")

/** A cast as a test asks for it; from text where it does not say. */
interface WantedCast {
  readonly from?: string
  readonly to: string
  readonly length?: number
  readonly required?: boolean
}

/** The canonical text of what a cast makes of an input, or the code with which it refuses it; NULL for NULL. */
interface Taken {
  readonly value: string | null
  readonly fault: string | null
}

/** The type that a text names. */
export function typeOf(text: string): ColumnType {
  const type = parseColumnType(text)
  if (!type) throw new Error(`${text} is no type`)
  return type
}

/** What DuckDB makes of these texts, first read as `from`. */
export async function castAll(wanted: WantedCast, inputs: readonly (string | null)[]): Promise<readonly Taken[]> {
  const [from, to] = [typeOf(wanted.from ?? 'text'), typeOf(wanted.to)]
  const { length, required = false } = wanted
  const { value, fault = 'NULL' } = castSql(dialect, { expression: 'x', from, to, length, required })
  await connection.run('CREATE OR REPLACE TABLE inputs (n INTEGER, x VARCHAR)')
  const appender = await connection.createAppender('inputs')
  for (const [index, input] of inputs.entries()) {
    appender.appendInteger(index)
    if (input === null) appender.appendNull()
    else appender.appendVarchar(input)
    appender.endRow()
  }
  appender.closeSync()
  const typed = `SELECT n, CAST(x AS ${dialect.columnType(from)}) AS x FROM inputs`
  const cast = `SELECT n, ${value} AS v, ${fault} AS fault FROM (${typed}) AS typed`
  const result = await connection.run(`SELECT ${dialect.text('v', to)}, fault FROM (${cast}) AS done ORDER BY n`)
  return (await result.getRowsJS()).map(([text, code]) => ({ value: text as string | null, fault: code as string | null }))
}

async function outcomes(wanted: WantedCast, inputs: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const taken = await castAll(wanted, inputs)
  for (const { value, fault } of taken) expect(value === null).toBe(fault !== null)
  return inputs.map((input, index) => [input, String(taken[index]?.value ?? taken[index]?.fault)] as const)
}

/** What must become of which texts. */
export interface CastTable extends WantedCast {
  /** Texts that pass, each with its canonical text where that is another. */
  readonly passes: readonly (string | readonly [string, string])[]
  /** Texts that are refused, by code. */
  readonly refuses: Readonly<Record<string, readonly string[]>>
}

/** Holds a cast on DuckDB against what a table says. */
export async function checkCasts({ passes, refuses, ...wanted }: CastTable): Promise<void> {
  const expected = [
    ...passes.map((entry) => (typeof entry === 'string' ? ([entry, entry] as const) : entry)),
    ...Object.entries(refuses).flatMap(([code, texts]) => texts.map((text) => [text, code] as const)),
  ]
  const found = await outcomes(
    wanted,
    expected.map(([input]) => input),
  )
  expect(found).toEqual(expected)
}
