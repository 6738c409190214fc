import { load, computed, decimal } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { total: computed(decimal(14, 2).from('AMT'), 'AMT * 2') }, write: { disposition: 'append' } })
