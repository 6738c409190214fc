import { load, decimal } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { amount: decimal(12, 2).from('AMOUNT') }, write: { disposition: 'append' } })
