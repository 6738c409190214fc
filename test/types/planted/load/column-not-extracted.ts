import { load, bigint } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { sale_nr: bigint() }, write: { disposition: 'append' } })
