import { load, between } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'append' }, checks: [between('payload', 1, 2)] })
