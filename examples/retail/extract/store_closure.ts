import { bigint, csv, date, extract, text } from 'sluice-etl'
import { branches } from '../sluice.config.ts'

const closures = branches.newest('closures-*.csv', {
  format: csv(),
  columns: { store_id: bigint(), closed_on: date(), reason: text() },
})

export default extract(closures, { description: 'Days on which stores are closed, from the newest file of the branches' })
