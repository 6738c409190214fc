import { readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

interface Dimension {
  readonly table: string
  readonly key: string
  readonly surrogateKey: string
}

const dimensions: readonly Dimension[] = [
  { table: 'product_category', key: 'asin', surrogateKey: 'product_key' },
  { table: 'store', key: 'store_id', surrogateKey: 'store_key' },
]

/** A dimension's rows: natural key and surrogate key, as texts. */
type Pairs = readonly (readonly [string, string])[]

/** Keeps the keys that the dimensions have after a batch beside the copy of its sources, for {@link keyDifferences}. */
export async function keepKeys(warehouse: string, snapshots: string, batch: string): Promise<void> {
  const instance = await DuckDBInstance.fromCache(await realpath(warehouse))
  const connection = await instance.connect()
  try {
    const kept = await Promise.all(dimensions.map((dimension) => pairsOf(connection, dimension)))
    await writeFile(join(snapshots, batch, 'keys.json'), JSON.stringify(kept))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** What is wrong with the surrogate keys: each is there once and stays, and each sale points at the rows of its natural keys. */
export async function keyDifferences(
  connection: DuckDBConnection,
  snapshots: string,
  batches: readonly string[],
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const [index, dimension] of dimensions.entries()) {
    const pairs = await pairsOf(connection, dimension)
    lines.push(...doubled(dimension, pairs))
    for (const batch of batches) {
      const kept: readonly Pairs[] = JSON.parse(await readFile(join(snapshots, batch, 'keys.json'), 'utf8'))
      lines.push(...moved(dimension, batch, kept[index] ?? [], new Map(pairs)))
    }
    lines.push(...(await astray(connection, dimension, new Map(pairs))))
  }
  return lines
}

async function pairsOf(connection: DuckDBConnection, { table, key, surrogateKey }: Dimension): Promise<Pairs> {
  return textRows(connection, `SELECT ${key}, ${surrogateKey} FROM target.${table}`).then((rows) =>
    rows.map(([natural, surrogate]) => [String(natural), String(surrogate)] as const),
  )
}

async function textRows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const result = await connection.runAndReadAll(sql)
  return result.getRows().map((row) => row.map((value) => (value === null ? null : String(value))))
}

function doubled({ table }: Dimension, pairs: Pairs): readonly string[] {
  const seen = new Set<string>(['null'])
  return pairs.flatMap(([natural, surrogate]) => {
    const isFault = seen.has(surrogate)
    seen.add(surrogate)
    return isFault ? [`${table} ${natural}: its surrogate key ${surrogate} is none, or that of another row`] : []
  })
}

function moved({ table }: Dimension, batch: string, before: Pairs, now: ReadonlyMap<string, string>): readonly string[] {
  return before.flatMap(([natural, surrogate]) => {
    const found = now.get(natural)
    return found === surrogate ? [] : [`${table} ${natural}: its surrogate key is ${found}, and was ${surrogate} after ${batch}`]
  })
}

async function astray(
  connection: DuckDBConnection,
  { key, surrogateKey }: Dimension,
  now: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const sales = await textRows(connection, `SELECT sale_id, ${key}, ${surrogateKey} FROM target.fact_sales`)
  return sales.flatMap(([sale, natural, surrogate]) => {
    const expected = natural === null || natural === undefined ? null : now.get(natural)
    return surrogate === expected
      ? []
      : [`fact_sales ${sale}: its ${surrogateKey} is ${surrogate}, that of ${key} ${natural} is ${expected}`]
  })
}
