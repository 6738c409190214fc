import { load } from 'sluice-etl'
import stores from '../extract/stores.ts'

export default load(stores, { into: 'store_names', write: { disposition: 'insert_only', key: ['region'], surrogateKey: 'name_key' } })
