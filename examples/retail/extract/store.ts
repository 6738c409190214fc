import { bigint, csv, date, extract, text } from 'sluice-etl'
import { stores } from '../sluice.config.ts'

const newest = stores.newest('stores-*.csv', {
  format: csv(),
  columns: { store_id: bigint(), name: text(), city: text(), opened_on: date() },
})

export default extract(newest, { description: 'Stores, from the newest file' })
