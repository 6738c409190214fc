import { load } from 'sluice-etl'
import closures from '../extract/store_closure.ts'

export default load(closures, {
  into: 'store_closure',
  write: { disposition: 'merge', key: ['store_id', 'closed_on'], surrogateKey: 'closure_key' },
})
