import { load } from 'sluice-etl'
import overlapping from '../extract/overlapping.ts'

export default load(overlapping, { into: 'target', write: { disposition: 'append' } })
