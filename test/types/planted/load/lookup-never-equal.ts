import { bigint, load, lookup } from 'sluice-etl'
import lines from '../extract/lines.ts'
import stores from './stores.ts'

export default load(lines, {
  into: 'facts',
  columns: { sale_id: bigint(), found: lookup(stores, { store_id: 'updated_at', region: 'payload' }) },
  write: { disposition: 'append' },
})
