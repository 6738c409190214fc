import { bigint, load, lookup } from 'sluice-etl'
import lines from '../extract/lines.ts'
import plain_stores from './plain_stores.ts'

export default load(lines, {
  into: 'facts',
  columns: { sale_id: bigint(), found: lookup(plain_stores, { store_id: 'store_id', region: 'payload' }) },
  write: { disposition: 'append' },
})
