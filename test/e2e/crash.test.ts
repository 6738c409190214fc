import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { shardEnvironment, shardShop, shardsRead } from '../fixtures/shard-shop.ts'
import { makeShop, smallEnvironment, smallShop, visibleState } from '../fixtures/small-shop.ts'

/** Every row of the extraction's table and each boundary of a load's and a mart's transactions (`docs/reliability.md`). */
const points = {
  extract: ['after-lease', 'mid-part', 'after-part', 'before-manifest', 'after-manifest', 'before-commit', 'after-commit'],
  load: [
    'after-lease',
    'after-ddl',
    'mid-stage',
    'before-stage-commit',
    'after-stage-commit',
    'mid-publish',
    'before-publish-commit',
    'after-publish-commit',
    'after-record',
  ],
  mart: ['after-lease', 'after-ddl', 'mid-rebuild', 'before-commit', 'after-commit', 'after-record'],
} as const

const batch = ['run', '--batch', '2025-01-01']

let pristine: CliProject
let undisturbed: Awaited<ReturnType<typeof visibleState>>

async function fresh(): Promise<CliProject> {
  const project = await cliProject({})
  for (const name of ['sluice.config.ts', 'extract', 'load', 'marts', 'files', 'shop.db', 'data']) {
    await cp(join(pristine.folder, name), join(project.folder, name), { recursive: true })
  }
  return project
}

beforeAll(async () => {
  pristine = await cliProject(smallShop)
  makeShop(pristine.folder)
  const registered = await pristine.sluice(['register'], smallEnvironment)
  expect(registered).toMatchObject({ exitCode: 0, stderr: '' })
  const project = await fresh()
  const ended = await project.sluice(batch, smallEnvironment)
  expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 4, stderr: '' })
  undisturbed = await visibleState(project.folder)
  await project.remove()
})
afterAll(() => pristine.remove())

test('the undisturbed run fills every table', () => {
  expect(undisturbed['target.fact_orders']).toHaveLength(2)
  expect(undisturbed['target.city']).toHaveLength(2)
  expect(undisturbed['mart.orders_by_city']).toHaveLength(2)
  expect(undisturbed['audit.rejects']).toHaveLength(3)
  expect(undisturbed['done']).toHaveLength(5)
})

for (const [step, moments] of Object.entries(points)) {
  describe(step, () => {
    test.each(moments)('killed at %s, the plain command again reaches the same', async (moment) => {
      const project = await fresh()
      try {
        const point = `${step}.${moment}`
        const killed = await project.sluice(batch, { ...smallEnvironment, SLUICE_FAILPOINT: `${point}:kill` })
        expect(killed.signal).toBe('SIGKILL')
        expect(killed.stderr).toContain(point)
        const again = await project.sluice(batch, smallEnvironment)
        expect({ exitCode: again.exitCode, stderr: again.stderr }).toEqual({ exitCode: 4, stderr: '' })
        expect(await visibleState(project.folder)).toEqual(undisturbed)
      } finally {
        await rm(project.folder, { recursive: true, force: true })
      }
    })
  })
}

describe('an extraction whose partitions are kept', () => {
  test.each([1, 2, 3, 4])('killed after partition %i, the plain command again reads only what is missing', async (times) => {
    const project = await cliProject(shardShop)
    try {
      expect(await project.sluice(['register'], shardEnvironment)).toMatchObject({ exitCode: 0, stderr: '' })
      const failpoint = { SLUICE_FAILPOINT: `extract.after-partition:kill:${times}` }
      expect(await project.sluice(batch, { ...shardEnvironment, ...failpoint })).toMatchObject({ signal: 'SIGKILL' })
      const kept = keptShards(project.folder)
      expect(kept.length).toBeGreaterThanOrEqual(times)
      const before = shardsRead(project.folder).length
      expect(await project.sluice(batch, shardEnvironment)).toMatchObject({ exitCode: 0, stderr: '' })
      const missing = ['a', 'b', 'c', 'd', 'e'].filter((shard) => !kept.includes(shard))
      expect(shardsRead(project.folder).slice(before).toSorted()).toEqual(missing)
      const state = await visibleState(project.folder)
      const shards = state['target.counter']?.map((row) => JSON.parse(row) as readonly string[]) ?? []
      const ids = shards.map((row) => Number(row[0])).toSorted((left, right) => left - right)
      expect(ids).toEqual([0, 10, 20, 30, 40].flatMap((first) => [first + 1, first + 2, first + 3]))
      expect(keptShards(project.folder)).toEqual([])
    } finally {
      await project.remove()
    }
  })
})

function keptShards(folder: string): readonly string[] {
  const database = new DatabaseSync(join(folder, 'data/control.db'), { readOnly: true })
  try {
    const rows = database.prepare('SELECT id FROM kept_partition ORDER BY number').all()
    return rows.map(({ id }) => String(id))
  } finally {
    database.close()
  }
}
