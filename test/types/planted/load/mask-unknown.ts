import { load, integer } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { store_id: integer().optional().mask('md5') }, write: { disposition: 'append' } })
