import { describe } from 'vitest'
import { httpWay } from './http-way.ts'
import { seededRuns } from './seeded-runs.ts'

describe('runs over HTTP', () => seededRuns(() => httpWay('none')))
