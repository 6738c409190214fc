import { describeWith } from '../fixtures/describe-with.ts'
import { ftpWay } from './ftp-way.ts'
import { seededRuns } from './seeded-runs.ts'

describeWith(['proftpd'], 'runs over FTPS', () => seededRuns(() => ftpWay('explicit')))
