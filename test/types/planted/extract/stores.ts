import { csv, date, extract, integer, text } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const stores = drop.newest('stores-*.csv', {
  format: csv(),
  columns: { store_id: integer(), region: text(), opened_on: date() },
})

export default extract(stores, { description: 'Stores' })
