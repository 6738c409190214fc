import { vi } from 'vitest'
import { describeWith } from '../fixtures/servers.ts'
import { ftpWay } from './ftp-way.ts'
import { seededTransfers } from './seeded-transfers.ts'

vi.mock('../../src/sources/files/file-source.ts', () => import('../fixtures/zz-file-source.ts'))

describeWith(['proftpd'], 'files over FTPS', () => {
  seededTransfers(() => ftpWay('explicit'))
})
