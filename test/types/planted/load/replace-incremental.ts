import { load } from 'sluice-etl'
import changes from '../extract/changes.ts'

export default load(changes, { into: 'target', write: { disposition: 'replace' } })
