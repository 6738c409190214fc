import { bigint, load, lookup } from 'sluice-etl'
import lines from '../extract/lines.ts'
import store_log from './store_log.ts'

export default load(lines, {
  into: 'facts',
  columns: { sale_id: bigint(), found: lookup(store_log, { store_id: 'store_id' }) },
  write: { disposition: 'append' },
})
