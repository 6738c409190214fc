import { bigint, decimal, load, text, timestamp } from 'sluice-etl'
import sales from '../extract/sales.ts'

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
  },
  write: { disposition: 'merge', key: ['sale_id'], newest: 'updated_at' },
  rejectLimit: 10,
})
