import { csv, extract, timestamp } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const lines = drop.all('lines-*.csv', { format: csv(), columns: { updated_at: timestamp() } })

export default extract(lines, { description: 'Lines', cursor: 'updatedat' })
