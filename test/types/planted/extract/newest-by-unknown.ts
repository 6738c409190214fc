import { extract, jsonLines, text } from 'sluice-etl'
import { drop } from '../sluice.config.ts'

const lines = drop.newest('lines-*.jsonl', { format: jsonLines(), newestBy: 'name', columns: { note: text() } })

export default extract(lines, { description: 'Lines' })
