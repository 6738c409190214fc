import { load } from 'sluice-etl'
import lines from './extract/lines.ts'

const target = load(lines, { into: 'target', write: { disposition: 'append' } })
export default load(target, { into: 'other', write: { disposition: 'append' } })
