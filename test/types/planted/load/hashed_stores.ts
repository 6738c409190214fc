import { load, text } from 'sluice-etl'
import stores from '../extract/stores.ts'

export default load(stores, {
  into: 'hashed_stores',
  columns: { region: text().mask('sha256') },
  write: { disposition: 'merge', key: ['region'], surrogateKey: 'region_key' },
})
