import { describe } from 'vitest'
import { httpWay } from './http-way.ts'
import { seededTransfers } from './seeded-transfers.ts'

describe('an API over HTTP', () => {
  seededTransfers(() => httpWay('none'))
})
