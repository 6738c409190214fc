import assert from 'node:assert/strict'
import type { ControlStore, KeptPartition, PartitionPlan } from '../contracts/control-store.ts'
import type { ManifestPart } from '../model/manifest.ts'
import type { ContractCase } from './contract-case.ts'
import { begin, type ControlStoreFixture, extraction, onStores, outcome, overtaken, request } from './control-store-fixture.ts'

const batch = '2026-11-22'

const window = { column: 'at', lower: '2026-11-21', upper: "it's 9", proven: true, next: '9' }

function planOf(...partitions: readonly string[]): PartitionPlan {
  return { schemaHash: 'schema', window, partitions }
}

function part(number: number, partition: string): ManifestPart {
  return { path: `sales/${number}.parquet`, bytes: 5_000_000_000, sha256: `sha-${number}`, part: number, rows: 2, partition }
}

function partitionOf(id: string, asked: Partial<KeptPartition> = {}): KeptPartition {
  return { id, parts: [part(0, id)], rejects: [], read: 2, rejected: 0, ...asked }
}

const keptOf = (store: ControlStore) => store.extractions.partitions.kept('extract/sales', batch)

/** How partitions of an extraction become durable by themselves. */
export function partitionCases(fixture: ControlStoreFixture): ContractCase[] {
  return [...keepingCases(fixture), ...forgettingCases(fixture), ...outdatedCases(fixture)]
}

function keepingCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a plan and what was kept of it come back as they are, in the order of keeping', async (stores) => {
      const { partitions } = stores.store.extractions
      const key = await begin(stores.store)
      assert.equal(await keptOf(stores.other), undefined)
      const plan = planOf('z < 5', "it's <b>", 'a')
      assert.equal(await partitions.plan(key, plan), true)
      assert.deepEqual(await keptOf(stores.other), { ...plan, kept: [] })
      const counted = { rejects: [part(7, 'z < 5')], read: 5_000_000_000, rejected: 1 }
      const kept = [partitionOf('a', { parts: [] }), partitionOf('z < 5', counted)]
      for (const partition of kept) assert.equal(await partitions.keep(key, partition), true)
      assert.deepEqual(await keptOf(stores.other), { ...plan, kept })
      assert.equal(await partitions.kept('extract/other', batch), undefined)
      assert.equal(await partitions.kept('extract/sales', '2026-11-23'), undefined)
    }),
    onStores(fixture, 'a plan without a window stays without one', async ({ store }) => {
      const plan = { ...planOf('a'), window: undefined }
      assert.equal(await store.extractions.partitions.plan(await begin(store), plan), true)
      assert.deepEqual(await keptOf(store), { ...plan, kept: [] })
    }),
    onStores(fixture, 'what a run kept before it failed, the next one may take up', async ({ store, other }) => {
      const failed = await begin(store)
      await store.extractions.partitions.plan(failed, planOf('a', 'b'))
      await store.extractions.partitions.keep(failed, partitionOf('a'))
      assert.equal(await store.runs.finish(failed, outcome({ status: 'FAILED', exitCode: 69 })), true)
      const next = await begin(other)
      assert.equal(await other.extractions.partitions.keep(next, partitionOf('b')), true)
      assert.deepEqual(await keptOf(store), { ...planOf('a', 'b'), kept: [partitionOf('a'), partitionOf('b')] })
    }),
    onStores(fixture, 'a partition that is kept again is there once', async ({ store }) => {
      const key = await begin(store)
      await store.extractions.partitions.plan(key, planOf('a', 'b'))
      for (const id of ['a', 'b', 'a']) assert.equal(await store.extractions.partitions.keep(key, partitionOf(id)), true)
      assert.deepEqual((await keptOf(store))?.kept, [partitionOf('a'), partitionOf('b')])
    }),
  ]
}

function forgettingCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a new plan forgets the older one of its batch and what was kept of it', async ({ store, other }) => {
      const { partitions } = store.extractions
      const old = await begin(store)
      await partitions.plan(old, planOf('a', 'b'))
      await partitions.keep(old, partitionOf('a'))
      await store.runs.finish(old, outcome({ status: 'FAILED', exitCode: 69 }))
      const beside = await begin(store, request('extract/sales', { batch: '2026-11-23' }))
      await partitions.plan(beside, planOf('beside'))
      await store.runs.finish(beside, outcome({ status: 'FAILED', exitCode: 69 }))
      assert.equal(await partitions.plan(await begin(store), { ...planOf('c'), schemaHash: 'another' }), true)
      assert.deepEqual(await keptOf(other), { ...planOf('c'), schemaHash: 'another', kept: [] })
      assert.deepEqual(await partitions.kept('extract/sales', '2026-11-23'), { ...planOf('beside'), kept: [] })
    }),
    onStores(fixture, 'a commit takes up the plan of its script and batch, and of no other', async ({ store, other }) => {
      const { partitions, commit } = store.extractions
      const key = await begin(store)
      const beside = await begin(store, request('extract/other'))
      for (const [of, id] of [
        [key, 'a'],
        [beside, 'b'],
      ] as const) {
        await partitions.plan(of, planOf(id))
        await partitions.keep(of, partitionOf(id))
      }
      assert.equal(await commit(key, extraction()), true)
      assert.equal(await keptOf(other), undefined)
      const left = { ...planOf('b'), kept: [partitionOf('b')] }
      assert.deepEqual(await other.extractions.partitions.kept('extract/other', batch), left)
      const again = await begin(store)
      await partitions.plan(again, planOf('c'))
      assert.deepEqual((await keptOf(other))?.kept, [])
    }),
  ]
}

function outdatedCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'an overtaken run can neither plan nor keep, nor forget by a commit', async ({ store, other }) => {
      const { old, successor } = await overtaken(store)
      await other.extractions.partitions.plan(successor, planOf('a', 'b'))
      await other.extractions.partitions.keep(successor, partitionOf('b'))
      const before = await keptOf(other)
      assert.equal(await store.extractions.partitions.plan(old, planOf('old')), false)
      assert.equal(await store.extractions.partitions.keep(old, partitionOf('a')), false)
      assert.equal(await store.extractions.commit(old, extraction()), false)
      assert.deepEqual(await keptOf(other), before)
    }),
    onStores(fixture, 'a run that has ended can neither plan nor keep', async ({ store }) => {
      const key = await begin(store)
      await store.extractions.partitions.plan(key, planOf('a'))
      await store.runs.finish(key, outcome({ status: 'FAILED', exitCode: 69 }))
      assert.equal(await store.extractions.partitions.plan(key, planOf('b')), false)
      assert.equal(await store.extractions.partitions.keep(key, partitionOf('a')), false)
      assert.deepEqual(await keptOf(store), { ...planOf('a'), kept: [] })
    }),
  ]
}
