import { load } from 'sluice-etl'
import stores from '../extract/store.ts'

export default load(stores, {
  into: 'store',
  write: { disposition: 'merge', key: ['store_id'], surrogateKey: 'store_key' },
})
