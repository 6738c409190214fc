import { SluiceError } from '../errors.ts'

/** A mart's SELECT, and where in its file it begins. */
export interface MartText {
  readonly shown: string
  readonly select: string
  /** From 1. */
  readonly firstLine: number
}

/** A table that a SELECT names with its schema. */
export interface TableReference {
  readonly schema: string
  readonly table: string
}

/**
 * The tables that each SELECT names with their schemas, found by DuckDB's own parser: nothing is run or opened.
 * SCRIPT_INVALID for a text that is not one SELECT. Imports DuckDB only when there is a text.
 */
export async function tablesOf(marts: readonly MartText[]): Promise<readonly (readonly TableReference[])[]> {
  if (marts.length === 0) return []
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const found: (readonly TableReference[])[] = []
    for (const mart of marts) {
      const answer = await connection.runAndReadAll('SELECT json_serialize_sql(CAST($1 AS VARCHAR))', [mart.select])
      found.push(tablesIn(mart, JSON.parse(String(answer.getRows()[0]?.[0]))))
    }
    return found
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

interface Parsed {
  readonly error: boolean
  readonly error_message?: string
  /** The offset in bytes, as text. */
  readonly position?: string
  readonly statements?: readonly unknown[]
}

function tablesIn(mart: MartText, parsed: Parsed): readonly TableReference[] {
  if (parsed.error) throw refusal(mart, parsed.error_message ?? 'not readable', Number(parsed.position ?? 0))
  if (parsed.statements?.length !== 1) throw refusal(mart, `a mart is one SELECT, not ${parsed.statements?.length ?? 0}`, 0)
  const tables = new Map<string, TableReference>()
  collect(parsed.statements, tables)
  return [...tables.values()]
}

function collect(node: unknown, tables: Map<string, TableReference>): void {
  if (typeof node !== 'object' || node === null) return
  if ('type' in node && node.type === 'BASE_TABLE' && 'schema_name' in node && 'table_name' in node) {
    const [schema, table] = [String(node.schema_name), String(node.table_name)]
    if (schema !== '') tables.set(JSON.stringify([schema, table]), { schema, table })
  }
  for (const member of Object.values(node)) collect(member, tables)
}

function refusal({ shown, select, firstLine }: MartText, said: string, offset: number): SluiceError {
  const line = firstLine + Buffer.from(select).subarray(0, offset).toString('utf8').split('\n').length - 1
  const sentence = /^Only SELECT statements/.test(said) ? 'a mart is one SELECT' : said.replace(/\.$/, '')
  return new SluiceError('SCRIPT_INVALID', `${shown}, line ${line}: ${sentence}.`, {
    hint: `Correct ${shown}, line ${line}, then look with: sluice check`,
    details: { file: shown, line },
  })
}
