import { load } from 'sluice-etl'
import stores from '../extract/stores.ts'

export default load(stores, { into: 'store_log', write: { disposition: 'append', surrogateKey: 'log_key' } })
