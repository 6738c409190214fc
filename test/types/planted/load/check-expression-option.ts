import { load, expression } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'append' }, checks: [expression('sane', 'AMT > 0', { onFail: 'stop' })] })
