import { load, bigint } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { sale_id: bigint().mask('redact') }, write: { disposition: 'merge', key: ['sale_id'] } })
