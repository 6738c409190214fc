import { bigint, csv, decimal, extract, integer, json, timestamp } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const lines = drop.newest('lines-*.csv', {
  format: csv(),
  columns: {
    sale_id: bigint(),
    store_id: integer().optional(),
    payload: json(),
    updated_at: timestamp(),
    changed_at: timestamp().optional(),
    AMT: decimal(12, 2),
  },
})

export default extract(lines, { description: 'Lines' })
