import { csv, extract, json } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const lines = drop.all('lines-*.csv', { format: csv(), columns: { payload: json() } })

export default extract(lines, { description: 'Lines', cursor: { column: 'payload' } })
