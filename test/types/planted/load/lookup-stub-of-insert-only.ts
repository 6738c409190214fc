import { bigint, load, lookup } from 'sluice-etl'
import lines from '../extract/lines.ts'
import store_names from './store_names.ts'

export default load(lines, {
  into: 'facts',
  columns: { sale_id: bigint(), found: lookup(store_names, { region: 'payload' }, { unknown: 'stub' }) },
  write: { disposition: 'append' },
})
