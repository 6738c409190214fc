import { csv, extract, integer } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const lines = drop.all('*.csv', { format: csv(), columns: { quantity: integer().default(0) } })
export default extract(lines, { description: 'Lines' })
