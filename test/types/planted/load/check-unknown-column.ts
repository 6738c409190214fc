import { load, notNull } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'append' }, checks: [notNull('sale_idd')] })
