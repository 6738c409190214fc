import { bigint, csv, date, extract, text } from 'sluice-etl'
import { branches } from '../sluice.config.ts'

const stores = branches.newest('stores-*.csv', {
  format: csv(),
  columns: { store_id: bigint(), name: text(), city: text(), opened_on: date() },
})

export default extract(stores, { description: 'Stores, from the newest file' })
