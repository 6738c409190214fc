import { load, bigint, timestamp } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { sale_id: bigint(), at: timestamp().from('updated_at').mask('sha256') }, write: { disposition: 'merge', key: ['sale_id'], newest: 'at' } })
