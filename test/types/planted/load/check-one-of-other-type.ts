import { load, oneOf } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'append' }, checks: [oneOf('updated_at', ['2025-01-01 10:00:00', 'noon'])] })
