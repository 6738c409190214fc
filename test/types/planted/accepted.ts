import { bigint, csv, decimal, duckdb, extract, load, localFiles, secret, sqlite, text, timestamp } from 'sluice-etl'
import lines from './extract/lines.ts'
import overlapping from './extract/overlapping.ts'
import { shop } from './sluice.config.ts'

declare const keys: readonly string[]
declare const cursor: string

const untyped = sqlite({ path: 'other.db', readOnly: true })
const anything = extract(untyped.table('anything'), { description: 'Anything', cursor: 'whatever', frequency: 'weekly:mon' })
const files = localFiles({ folder: secret('DROP_DIR') }).all('*.csv', {
  format: csv({ delimiter: ';', header: true, nulls: [''] }),
  columns: { note: text(200).from('Note').optional() },
})

export const accepted = [
  load(lines, { into: 'target', write: { disposition: 'merge', key: ['sale_id', 'updated_at'], newest: 'AMT' } }),
  load(lines, { into: 'target', write: { disposition: 'append' }, description: 'Lines', owner: 'me', frequency: '0 5 * * 1' }),
  load(lines, {
    into: 'target',
    columns: { id: bigint().from('sale_id'), amount: decimal(12, 2).from('AMT').optional(), updated_at: timestamp() },
    write: { disposition: 'merge', key: ['id'], newest: 'updated_at' },
    rejectLimit: 10,
  }),
  load(overlapping, { into: 'target', write: { disposition: 'merge', key: ['sale_id'] } }),
  load(anything, { into: 'target', write: { disposition: 'merge', key: ['a', 'b'], newest: 'c' } }),
  load(anything, { into: 'target', columns: { a: text().from('A') }, write: { disposition: 'merge', key: ['a'] } }),
  load(anything, { into: 'target', write: { disposition: 'merge', key: keys, newest: cursor } }),
  extract(files, { description: 'Files', frequency: 'monthly:1' }),
  extract(shop.table('stores'), { description: 'Stores', cursor: { column: 'store_id', overlap: 0, nulls: 'exclude' } }),
  duckdb({ path: 'data/x.duckdb', threads: 2, memoryLimit: '1GB', busyTimeoutMs: 500 }),
]
