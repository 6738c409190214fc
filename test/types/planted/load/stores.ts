import { load } from 'sluice-etl'
import stores from '../extract/stores.ts'

export default load(stores, { into: 'stores', write: { disposition: 'merge', key: ['store_id', 'region'], surrogateKey: 'store_key' } })
