import { load, oneOf } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'append' }, checks: [oneOf('store_id', [])] })
