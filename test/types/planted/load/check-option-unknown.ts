import { load, matches } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', write: { disposition: 'append' }, checks: [matches('AMT', '[0-9.]+', { onfail: 'warn' })] })
