import { load, text } from 'sluice-etl'
import lines from '../extract/lines.ts'

export default load(lines, { into: 'target', columns: { note: text().default('none') }, write: { disposition: 'append' } })
