import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'

export interface SourceOptions {
  /** Sales of the first batch. */
  readonly rows?: number
  readonly seed?: number
  /** Stands in the names of the files, `YYYY-MM-DD`. */
  readonly date: string
}

const categories = ['Books', 'Garden', 'Kitchen', 'Music', 'Toys', 'Büro & Papier']
const productCount = 500
const storeCount = 40
const startMs = Date.UTC(2025, 0, 1)
const spanMs = 270 * 86_400_000

const nastyNotes = [
  'a "quoted" word',
  'comma, semicolon; tab\there',
  'line one\nline two\r\nline three',
  'emoji 🛒👩‍👩‍👧 and ñ, é',
  "it's 100% \\ back\\slash",
  'NULL',
  '\\N',
  '  spaces kept  ',
]

/**
 * Writes `shop.db`, `catalog/`, `stores/` and `closures/` into the folder: the same bytes for the same seed. The last two sales are of a
 * store that only the files of the next day bring.
 */
export async function makeSources(folder: string, options: SourceOptions): Promise<void> {
  const random = generator(options.seed ?? 1)
  await mkdir(join(folder, 'catalog'), { recursive: true })
  await mkdir(join(folder, 'stores'), { recursive: true })
  await mkdir(join(folder, 'closures'), { recursive: true })
  await writeProducts(folder, options.date, products(random, productCount))
  await writeStores(folder, options.date, stores(storeCount))
  await writeClosures(folder, options.date, 5)
  // Older files and files of another kind lie beside the newest.
  await writeClosures(folder, '2025-01-31', 2)
  await writeFile(join(folder, 'closures', 'readme.txt'), 'Closures of stores, a file a day.\n')
  const database = new DatabaseSync(join(folder, 'shop.db'))
  try {
    database.exec(`PRAGMA journal_mode = WAL;
      CREATE TABLE sales (
        sale_id INTEGER NOT NULL PRIMARY KEY, sold_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, store_id INTEGER,
        asin TEXT NOT NULL, quantity INTEGER NOT NULL, AMT DECIMAL(12,2) NOT NULL, note TEXT
      )`)
    insertSales(database, random, options.rows ?? 100_000)
  } finally {
    database.close()
  }
}

/**
 * What the sources look like a day later: corrected, late and new sales, two hostile ones, one of a store that no file ever
 * brings, newer files.
 * Resolves when the clock has left the second in which the rows were written, so that an extraction sees them.
 */
export async function changeSources(folder: string, options: SourceOptions): Promise<void> {
  const random = generator((options.seed ?? 1) + 1)
  const changed = products(random, productCount + 20).map((product, index) =>
    // A third digit after the point: the load must refuse it and keep the old price.
    index === 7 ? { ...product, price: '7.125' } : product,
  )
  await writeProducts(folder, options.date, changed.slice(3))
  await writeStores(folder, options.date, stores(storeCount + 2))
  await writeClosures(folder, options.date, 8)
  const database = new DatabaseSync(join(folder, 'shop.db'), { timeout: 5000 })
  try {
    database.exec('BEGIN IMMEDIATE')
    changeSales(database, random)
    database.exec('COMMIT')
  } finally {
    database.close()
  }
  await wait(1100)
}

/** Copies the sources as they are now, for the checker. The copy lies under the batch's name. */
export async function keepSources(folder: string, snapshots: string, batch: string): Promise<void> {
  const database = new DatabaseSync(join(folder, 'shop.db'))
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    database.close()
  }
  await cp(folder, join(snapshots, batch), { recursive: true })
}

/** A small generator of its own (mulberry32), so that a seed means the same on every machine. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Random = ReturnType<typeof generator>

function asinOf(index: number): string {
  return `B${String(index).padStart(9, '0')}`
}

function money(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
}

function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '')
}

interface Product {
  readonly asin: string
  readonly title: string
  /** The number as it stands in the file. */
  readonly price: string
  readonly category: string
}

function products(random: Random, count: number): Product[] {
  return Array.from({ length: count }, (_, index) => ({
    asin: asinOf(index),
    title: index % 17 === 0 ? `Product "${index}", ½ price 🎁` : `Product ${index}`,
    price: index % 29 === 0 ? 'null' : money(100 + random(99_900)),
    category: categories[index % categories.length] ?? 'Books',
  }))
}

async function writeProducts(folder: string, date: string, list: readonly Product[]): Promise<void> {
  const lines = list.map(
    ({ asin, title, price, category }) =>
      `{"asin":${JSON.stringify(asin)},"product_title":${JSON.stringify(title)},"product_price":${price},"category":${JSON.stringify(category)}}\n`,
  )
  await writeFile(join(folder, 'catalog', `products-${date}.jsonl`), lines.join(''))
}

function stores(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = index % 7 === 0 ? `"Store ""${index}"", main\nfloor"` : `Store ${index}`
    const opened = new Date(Date.UTC(2001, 0, 1) + index * 97 * 86_400_000).toISOString().slice(0, 10)
    return `${index + 1},${name},${index % 3 === 0 ? 'São Paulo' : 'Boston'},${opened}\n`
  })
}

/** The closures of stores 1 to `count`: the older the file, the other its reasons. */
async function writeClosures(folder: string, date: string, count: number): Promise<void> {
  const lines = Array.from(
    { length: count },
    (_, index) => `${index + 1},2025-12-${String(index + 1).padStart(2, '0')},"Umbau, laut ${date}"\n`,
  )
  await writeFile(join(folder, 'closures', `closures-${date}.csv`), `store_id,closed_on,reason\n${lines.join('')}`)
}

async function writeStores(folder: string, date: string, lines: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'stores', `stores-${date}.csv`), `store_id,name,city,opened_on\n${lines.join('')}`)
}

const insert =
  'INSERT INTO sales (sale_id, sold_at, updated_at, store_id, asin, quantity, AMT, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'

function noteOf(random: Random): string | null {
  const pick = random(20)
  if (pick < 8) return null
  if (pick < 10) return ''
  return pick < 12 ? (nastyNotes[random(nastyNotes.length)] ?? '') : `note ${random(1000)}`
}

function saleValues(random: Random, saleId: number, soldMs: number, updatedAt: string, store?: number) {
  const storeId = random(50) === 0 ? null : 1 + random(storeCount)
  const cents = money(1 + random(5_000_000))
  return [
    saleId,
    timeText(soldMs),
    updatedAt,
    store ?? storeId,
    asinOf(random(productCount)),
    1 + random(9),
    cents,
    noteOf(random),
  ] as const
}

function insertSales(database: DatabaseSync, random: Random, rows: number): void {
  const statement = database.prepare(insert)
  database.exec('BEGIN')
  for (let saleId = 1; saleId <= rows; saleId += 1) {
    const soldMs = startMs + random(spanMs)
    const store = saleId > rows - 2 ? storeCount + 1 : undefined
    statement.run(...saleValues(random, saleId, soldMs, timeText(soldMs + random(3_600_000)), store))
  }
  database.exec('COMMIT')
}

function changeSales(database: DatabaseSync, random: Random): void {
  const now = timeText(Date.now())
  const last = Number(database.prepare('SELECT max(sale_id) AS top FROM sales').get()?.['top'] ?? 0)
  const update = database.prepare('UPDATE sales SET quantity = ?, AMT = ?, note = ?, updated_at = ? WHERE sale_id = ?')
  for (let count = 0; count < Math.ceil(last / 50); count += 1) {
    update.run(1 + random(20), money(1 + random(5_000_000)), noteOf(random), now, 1 + random(last))
  }
  const add = database.prepare(insert)
  const added = Math.ceil(last / 20)
  for (let index = 1; index <= added; index += 1) {
    // Every fifth was sold long ago and arrives only now.
    const soldMs = index % 5 === 0 ? startMs + random(86_400_000) : startMs + spanMs + random(86_400_000)
    add.run(...saleValues(random, last + index, soldMs, now))
  }
  const hostile = `"'; DROP TABLE sales; --\r\n,,\t\\u0000 \\x00 😈 "unclosed`
  add.run(last + added + 1, timeText(startMs), now, null, asinOf(1), 1, '0.01', hostile)
  add.run(last + added + 2, timeText(startMs), now, 1, asinOf(2), 'many', '10.00', null)
  add.run(last + added + 3, timeText(startMs), now, 999, asinOf(3), 2, '20.00', 'a store that no file knows')
}
