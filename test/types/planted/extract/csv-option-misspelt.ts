import { csv, extract, text } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const lines = drop.newest('lines-*.csv', { format: csv({ delimeter: ';' }), columns: { note: text() } })

export default extract(lines, { description: 'Lines' })
