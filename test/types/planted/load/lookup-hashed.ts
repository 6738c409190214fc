import { bigint, load, lookup } from 'sluice-etl'
import lines from '../extract/lines.ts'
import hashed_stores from './hashed_stores.ts'

export default load(lines, {
  into: 'facts',
  columns: { sale_id: bigint(), found: lookup(hashed_stores, { region: 'payload' }) },
  write: { disposition: 'append' },
})
