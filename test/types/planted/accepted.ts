import { bigint, binary, csv, date, decimal, duckdb, extract, integer, load, localFiles, secret, sqlite, text, timestamp } from 'sluice-etl'
import lines from './extract/lines.ts'
import overlapping from './extract/overlapping.ts'
import { shop } from './sluice.config.ts'

const chosen = extract(shop.table('sales', { select: ['sale_id', 'updated_at'], where: 'AMT > 0' }), {
  description: 'Positive sales',
  cursor: 'updated_at',
})
const lean = extract(shop.table('sales', { exclude: ['payload'] }), { description: 'Sales without their payload' })
const days = extract(shop.query<{ day: 'date'; total: 'decimal' }>('days', 'SELECT day, total FROM sales WHERE day < :batch'), {
  description: 'Days',
  cursor: 'day',
})

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
  load(chosen, { into: 'chosen', columns: { id: bigint().from('sale_id') }, write: { disposition: 'merge', key: ['id'] } }),
  load(lean, { into: 'lean', columns: { AMT: decimal(12, 2) }, write: { disposition: 'merge', key: ['AMT'] } }),
  load(days, { into: 'days', write: { disposition: 'merge', key: ['day'], newest: 'total' } }),
  load(overlapping, { into: 'target', write: { disposition: 'merge', key: ['sale_id'] } }),
  load(anything, { into: 'target', write: { disposition: 'merge', key: ['a', 'b'], newest: 'c' } }),
  load(anything, { into: 'target', columns: { a: text().from('A') }, write: { disposition: 'merge', key: ['a'] } }),
  load(anything, { into: 'target', write: { disposition: 'merge', key: keys, newest: cursor } }),
  extract(files, { description: 'Files', frequency: 'monthly:1' }),
  extract(shop.table('stores'), { description: 'Stores', cursor: { column: 'store_id', overlap: 0, nulls: 'exclude' } }),
  extract({
    description: 'Own code',
    columns: { id: bigint(), day: date(), price: decimal(12, 2).optional(), body: binary().from('bytes') },
    cursor: { column: 'day', overlap: 86_400, nulls: 'include' },
    frequency: 'daily',
    silenceLimitMs: 60_000,
    async *read({ batch, window, log, env, secret, fetch, signal, temporaryFolder }) {
      const answer = await fetch(env('URL'), { headers: { 'x-key': secret('KEY') }, statuses: [404] })
      log.info('asked', { status: answer.status, folder: await temporaryFolder() })
      const row = { id: '9007199254740993', day: batch, bytes: new Uint8Array(await answer.arrayBuffer()) }
      yield row
      yield [{ ...row, price: '1.10' }, { ...row, price: 1n }, { ...row, price: null }, { ...row, price: undefined }]
      const untyped = JSON.parse('[]')
      yield untyped
      if (signal.aborted) return
      return { cursor: window.lower ?? batch }
    },
  }),
  extract({ description: 'Arrays', columns: { id: integer() }, read: () => [{ id: 1 }, { id: 2n }] }),
  duckdb({ path: 'data/x.duckdb', threads: 2, memoryLimit: '1GB', busyTimeoutMs: 500 }),
]
