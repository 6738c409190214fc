import { between, bigint, decimal, load, lookup, text, timestamp } from 'sluice-etl'
import sales from '../extract/sales.ts'
import productCategory from './product_category.ts'
import store from './store.ts'

export default load(sales, {
  into: 'fact_sales',
  columns: {
    sale_id: bigint(),
    sold_at: timestamp(),
    updated_at: timestamp(),
    store_id: bigint().optional(),
    asin: text(),
    quantity: bigint(),
    amount: decimal(12, 2).from('AMT'),
    note: text().optional(),
    product_key: lookup(productCategory, { asin: 'asin' }),
    store_key: lookup(store, { store_id: 'store_id' }, { unknown: 'stub' }).optional(),
  },
  write: { disposition: 'merge', key: ['sale_id'], newest: 'updated_at' },
  checks: [between('quantity', 1, 1_000)],
  rejectLimit: 10,
})
