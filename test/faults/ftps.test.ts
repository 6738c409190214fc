import { describeWith } from '../fixtures/describe-with.ts'
import { ftpWay } from './ftp-way.ts'
import { seededTransfers } from './seeded-transfers.ts'

describeWith(['proftpd'], 'files over FTPS', () => {
  seededTransfers(() => ftpWay('explicit'))
})
