import { load } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'merge', key: ['sale_id'], allowEmpty: true } })
