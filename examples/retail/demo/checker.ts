import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { keyDifferences } from './dimension-keys.ts'

export interface CheckOptions {
  /** The folder with a copy of the sources and the dimensions' keys for each batch, see `keepSources` and `keepKeys`. */
  readonly snapshots: string
  /** In the order in which they were loaded. */
  readonly batches: readonly string[]
  /** The DuckDB file. */
  readonly warehouse: string
}

/** A row as exact texts, its key first. */
type Texts = readonly (string | null)[]

/** The tables that must come out, by the row's key. */
export interface Expected {
  readonly sales: Map<string, Texts>
  readonly products: Map<string, Texts>
  readonly stores: Map<string, Texts>
  readonly closures: Map<string, Texts>
  readonly byCategory: Map<string, Texts>
}

/** Recomputes the targets from the sources by other means than the framework's and compares row by row; empty: equal. */
export async function check(options: CheckOptions): Promise<readonly string[]> {
  const expected = await expectedTables(options.snapshots, options.batches)
  const instance = await DuckDBInstance.fromCache(await realpath(options.warehouse))
  const connection = await instance.connect()
  try {
    const found = {
      sales: await tableRows(connection, 'target.fact_sales', salesColumns, 1),
      products: await tableRows(connection, 'target.product_category', ['asin', 'title', 'price', 'category'], 1),
      stores: await tableRows(connection, 'target.store', ['store_id', 'name', 'city', 'opened_on', '_stub'], 1),
      closures: await tableRows(connection, 'target.store_closure', ['store_id', 'closed_on', 'reason'], 2),
      byCategory: await tableRows(connection, 'mart.sales_by_category', categoryColumns, 2),
    }
    return [
      ...differences('fact_sales', expected.sales, found.sales),
      ...differences('product_category', expected.products, found.products),
      ...differences('store', expected.stores, found.stores),
      ...differences('store_closure', expected.closures, found.closures),
      ...differences('sales_by_category', expected.byCategory, found.byCategory),
      ...(await keyDifferences(connection, options.snapshots, options.batches)),
    ]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const salesColumns = ['sale_id', 'sold_at', 'updated_at', 'store_id', 'asin', 'quantity', 'amount', 'note']
const categoryColumns = ['category', 'substr(CAST(month AS VARCHAR), 1, 7)', 'lines', 'quantity', 'amount']

/** What the batches must have left in the targets. */
export async function expectedTables(snapshots: string, batches: readonly string[]): Promise<Expected> {
  const sales = new Map<string, Texts>()
  const products = new Map<string, Texts>()
  const stores = new Map<string, Texts>()
  const closures = new Map<string, Texts>()
  for (const batch of batches) {
    const folder = join(snapshots, batch)
    mergeSales(join(folder, 'shop.db'), sales)
    for (const row of await productRows(join(folder, 'catalog'))) products.set(row[0] ?? '', row)
    for (const row of await csvRows(join(folder, 'closures'))) closures.set(JSON.stringify(row.slice(0, 2)), row)
    for (const row of await csvRows(join(folder, 'stores'))) stores.set(row[0] ?? '', [...row, 'false'])
  }
  // A store that only sales know is a stub: its key and nothing else.
  for (const [, , , id] of sales.values()) {
    if (typeof id === 'string' && !stores.has(id)) stores.set(id, [id, null, null, null, 'true'])
  }
  return { sales, products, stores, closures, byCategory: categorySums(sales, products) }
}

function mergeSales(path: string, sales: Map<string, Texts>): void {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const statement = database.prepare('SELECT * FROM sales')
    statement.setReadBigInts(true)
    for (const row of statement.iterate()) {
      const known = sales.get(String(row['sale_id']))
      const updatedAt = String(row['updated_at'])
      const amount = centsOf(String(row['AMT']))
      // What the column's type cannot hold is refused, and an older row of the key stays.
      if (typeof row['quantity'] !== 'bigint' || amount === undefined) continue
      if (known && (known[2] ?? '') >= shortTime(updatedAt)) continue
      sales.set(String(row['sale_id']), [
        String(row['sale_id']),
        shortTime(String(row['sold_at'])),
        shortTime(updatedAt),
        row['store_id'] === null ? null : String(row['store_id']),
        String(row['asin']),
        String(row['quantity']),
        centsText(amount),
        row['note'] === null ? null : String(row['note']),
      ])
    }
  } finally {
    database.close()
  }
}

/** The warehouse shows no zeros at the end of a fraction. */
function shortTime(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text
}

function centsOf(text: string): bigint | undefined {
  const parts = /^(\d+)(?:\.(\d{1,2}))?$/.exec(text)
  return parts ? BigInt(`${parts[1]}${(parts[2] ?? '').padEnd(2, '0')}`) : undefined
}

function centsText(cents: bigint): string {
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
}

async function newestFile(folder: string): Promise<string> {
  const newest = (await readdir(folder))
    .filter((name) => /\d\.\w+$/.test(name))
    .sort()
    .at(-1)
  if (newest === undefined) throw new Error(`There is no file in ${folder}.`)
  return readFile(join(folder, newest), 'utf8')
}

async function productRows(folder: string): Promise<Texts[]> {
  const lines = (await newestFile(folder)).split('\n').filter((line) => line !== '')
  return lines.flatMap((line): Texts[] => {
    // The price's digits are taken from the text: a number would not keep them.
    const lexeme = /"product_price":(null|[\d.]+)/.exec(line)?.[1] ?? ''
    const { asin, product_title: title, category } = JSON.parse(line)
    if (lexeme === 'null') return [[asin, title, null, category]]
    const cents = centsOf(lexeme)
    return cents === undefined ? [] : [[asin, title, centsText(cents), category]]
  })
}

async function csvRows(folder: string): Promise<Texts[]> {
  return csvRecords(await newestFile(folder)).slice(1)
}

function csvRecords(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n)/g)) {
    record.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    records.push(record)
    record = []
  }
  return records
}

function categorySums(sales: Map<string, Texts>, products: Map<string, Texts>): Map<string, Texts> {
  const sums = new Map<string, { category: string; month: string; lines: bigint; quantity: bigint; cents: bigint }>()
  for (const [, soldAt, , , asin, quantity, amount] of sales.values()) {
    const category = products.get(asin ?? '')?.[3] ?? ''
    const month = (soldAt ?? '').slice(0, 7)
    const key = JSON.stringify([category, month])
    const sum = sums.get(key) ?? { category, month, lines: 0n, quantity: 0n, cents: 0n }
    sum.lines += 1n
    sum.quantity += BigInt(quantity ?? 0)
    sum.cents += centsOf(amount ?? '') ?? 0n
    sums.set(key, sum)
  }
  const rows = [...sums].map(([key, { category, month, lines, quantity, cents }]): [string, Texts] => [
    key,
    [category, month, String(lines), String(quantity), centsText(cents)],
  ])
  return new Map(rows)
}

/** Two rows of one key are kept apart, so that a doubled row shows. */
async function tableRows(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
  keyColumns: number,
): Promise<Map<string, Texts>> {
  const list = columns.map((column) => `CAST(${column} AS VARCHAR)`).join(', ')
  const result = await connection.runAndReadAll(`SELECT ${list} FROM ${table}`)
  const rows = new Map<string, Texts>()
  for (const values of result.getRows()) {
    const texts = values.map((value) => (value === null ? null : String(value)))
    const key = keyColumns === 1 ? String(texts[0]) : JSON.stringify(texts.slice(0, keyColumns))
    rows.set(rows.has(key) ? `${key} again (${rows.size})` : key, texts)
  }
  return rows
}

function differences(table: string, expected: Map<string, Texts>, found: Map<string, Texts>): string[] {
  const lines: string[] = []
  for (const [key, row] of expected) {
    const other = found.get(key)
    if (!other) lines.push(`${table} ${key}: missing`)
    else if (JSON.stringify(row) !== JSON.stringify(other)) {
      lines.push(`${table} ${key}: ${JSON.stringify(other)} instead of ${JSON.stringify(row)}`)
    }
  }
  for (const key of found.keys()) if (!expected.has(key)) lines.push(`${table} ${key}: should not be there`)
  return lines
}
