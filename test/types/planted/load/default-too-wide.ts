import { load, smallint } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { store_id: smallint().optional().default(40_000) }, write: { disposition: 'append' } })
