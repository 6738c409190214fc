import assert from 'node:assert/strict'
import type { ControlStore, NewExtraction } from '../contracts/control-store.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { FileIdentity } from '../model/manifest.ts'
import type { BatchDate, RunKey } from '../model/run.ts'
import type { ContractCase } from './contract-case.ts'
import {
  ask,
  begin,
  type ControlStoreFixture,
  extraction,
  onStores,
  outcome,
  request,
  windowTo,
} from './control-store-fixture.ts'

const ledger: readonly LedgerEntry[] = [
  { hop: 'read-staged', term: 'read', rows: 4 },
  { hop: 'read-staged', term: 'staged', rows: 3 },
  { hop: 'read-staged', term: 'rejected', rows: 1 },
]

/** How packages become durable, and the cursors that move with them. */
export function extractionCases(fixture: ControlStoreFixture): ContractCase[] {
  return [...packageCases(fixture), ...fileCases(fixture), ...handCases(fixture), ...cursorCases(fixture)]
}

function packageCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a commit records package, ledger, cursor and the end of the run together', async ({ store, other }) => {
      const key = await begin(store)
      const window = { column: 'at', lower: '2026-11-21 00:00:00.000000', upper: "it's <b>", proven: false, next: 'z' }
      const counts = { rowsStaged: 5_000_000_000, rowsRejected: 1, exitCode: 4 }
      const committed = extraction({ window, movesCursor: true, ledger, ...counts })
      assert.equal(await store.extractions.commit(key, committed), true)
      const { movesCursor: _, ledger: __, files: ___, ...described } = committed
      const { committedAt, ...found } = (await other.extractions.latest('extract/sales', key.batch)) ?? { committedAt: '' }
      assert.match(committedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.deepEqual(found, { ...described, runId: key.runId, batch: key.batch, token: key.token })
      assert.deepEqual(await other.extractions.cursor('extract/sales'), { value: 'z', batch: key.batch, runId: key.runId })
      assert.deepEqual(await other.runs.ledger(key.runId), ledger)
      const [run] = await other.runs.list({ runId: key.runId, limit: 1 })
      assert.deepEqual([run?.status, run?.exitCode, run?.manifestSha256], ['STAGED', 4, committed.manifestSha256])
      assert.deepEqual([run?.live, run?.finishedAt !== undefined], [false, true])
      assert.equal(await ask(other, (facts) => facts.lease('extract/sales')), undefined)
    }),
    onStores(fixture, 'windows without a border, and no window at all, come back as they are', async ({ store }) => {
      const open = { column: 'at', lower: undefined, upper: undefined, proven: true, next: undefined }
      await commit(store, '2026-11-21', extraction({ window: open }))
      await commit(store, '2026-11-22', extraction({ window: undefined }))
      assert.deepEqual((await store.extractions.latest('extract/sales', '2026-11-21'))?.window, open)
      const without = await store.extractions.latest('extract/sales', '2026-11-22')
      assert.ok(without !== undefined && without.window === undefined)
    }),
    onStores(fixture, 'the newest package of a batch counts, and of the latest batch before', async ({ store, other }) => {
      const runs: string[] = []
      for (const batch of ['2026-11-20', '2026-11-21', '2026-11-21', '2026-11-20', '2026-11-23']) {
        runs.push((await commit(store, batch, extraction())).runId)
      }
      const { latest, before } = other.extractions
      assert.equal((await latest('extract/sales', '2026-11-21'))?.runId, runs[2])
      assert.equal((await latest('extract/sales', '2026-11-20'))?.runId, runs[3])
      assert.equal(await latest('extract/sales', '2026-11-22'), undefined)
      assert.equal(await latest('extract/other', '2026-11-21'), undefined)
      assert.equal((await before('extract/sales', '2026-11-22'))?.runId, runs[2])
      assert.equal((await before('extract/sales', '2026-11-21'))?.runId, runs[3])
      assert.equal(await before('extract/sales', '2026-11-20'), undefined)
      assert.equal(await before('extract/other', '2026-11-22'), undefined)
      const told = await ask(store, (facts) => facts.extraction('extract/sales', '2026-11-21'))
      assert.deepEqual(told, await latest('extract/sales', '2026-11-21'))
    }),
    onStores(fixture, 'the gate is told the oldest batch before that is not loaded', async ({ store }) => {
      const unloaded = (batch: BatchDate) => ask(store, (facts) => facts.unloadedBefore('extract/sales', 'load/sales', batch))
      const load = async (batch: BatchDate, manifestSha256: string, status: 'SUCCESS' | 'FAILED' = 'SUCCESS') => {
        const key = await begin(store, request('load/sales', { batch }))
        await store.runs.finish(key, outcome({ status, published: { manifestSha256, sequence: 0 } }))
      }
      for (const batch of ['2026-11-20', '2026-11-21']) {
        await commit(store, batch, extraction({ manifestSha256: `sha of ${batch}` }))
      }
      assert.deepEqual([await unloaded('2026-11-20'), await unloaded('2026-11-22')], [undefined, '2026-11-20'])
      await load('2026-11-20', 'sha of 2026-11-20', 'FAILED')
      await load('2026-11-20', 'another')
      assert.equal(await unloaded('2026-11-22'), '2026-11-20')
      await load('2026-11-20', 'sha of 2026-11-20')
      assert.deepEqual([await unloaded('2026-11-21'), await unloaded('2026-11-22')], [undefined, '2026-11-21'])
      await load('2026-11-21', 'sha of 2026-11-21')
      assert.equal(await unloaded('2026-11-22'), undefined)
      await commit(store, '2026-11-20', extraction({ manifestSha256: 'read again' }))
      assert.equal(await unloaded('2026-11-22'), '2026-11-20')
      await load('2026-11-20', 'read again')
      assert.equal(await unloaded('2026-11-22'), undefined)
      for (const manifestSha256 of ['never loaded', 'in its place']) {
        await commit(store, '2026-11-19', extraction({ manifestSha256 }))
      }
      assert.equal(await unloaded('2026-11-22'), '2026-11-19')
      const from = (date: BatchDate) =>
        ask(store, (facts) => facts.unloadedBefore('extract/sales', 'load/sales', '2026-11-22', date))
      assert.deepEqual([await from('2026-11-19'), await from('2026-11-20')], ['2026-11-19', undefined])
      await load('2026-11-19', 'in its place')
      assert.equal(await unloaded('2026-11-22'), undefined)
      assert.equal(await ask(store, (facts) => facts.unloadedBefore('extract/sales', 'load/other', '2026-11-22')), '2026-11-19')
    }),
  ]
}

function fileCases(fixture: ControlStoreFixture): ContractCase[] {
  const file = (path: string, sha256: string) => ({ path, bytes: 3, modifiedAt: '2025-01-01T00:00:00Z', sha256 })
  const renamed = { ...file('a', '3'), sameAs: 'c' }
  return [
    onStores(
      fixture,
      'the files of other batches are known by path, of each batch those of its newest package',
      async ({ store }) => {
        const commit = async (batch: string, files: readonly FileIdentity[]) =>
          store.extractions.commit(await begin(store, request('extract/sales', { batch })), extraction({ files }))
        assert.equal(await commit('2026-11-20', [file('a', '1'), file('b', '1')]), true)
        assert.equal(await commit('2026-11-20', [file('a', '2')]), true)
        assert.equal(await commit('2026-11-21', [file('c', '3')]), true)
        assert.equal(await commit('2026-11-22', [renamed]), true)
        const other = await store.extractions.files('extract/sales', '2026-11-21')
        assert.deepEqual([...other.values()], [renamed])
        const all = await store.extractions.files('extract/sales', '2026-11-23')
        assert.deepEqual([...all.values()], [renamed, file('c', '3')])
        assert.deepEqual([...(await store.extractions.files('extract/other', '2026-11-21')).values()], [])
      },
    ),
  ]
}

function handCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(
      fixture,
      'a cursor can be set back and forgotten by hand, unless a run holds the script',
      async ({ store, other }) => {
        const batch = '2026-11-20'
        assert.equal(await store.extractions.setCursor('extract/sales', { value: '5', batch }), true)
        assert.deepEqual(await other.extractions.cursor('extract/sales'), { value: '5', batch, runId: undefined })
        const key = await begin(store)
        assert.equal(await other.extractions.setCursor('extract/sales', undefined), false)
        assert.deepEqual(await other.extractions.cursor('extract/sales'), { value: '5', batch, runId: undefined })
        assert.equal(await store.runs.finish(key, outcome()), true)
        assert.equal(await other.extractions.setCursor('extract/sales', undefined), true)
        assert.equal(await store.extractions.cursor('extract/sales'), undefined)
      },
    ),
    onStores(fixture, 'what the gate would ask can be asked without a run or a record', async ({ store, other }) => {
      await begin(store)
      const lease = await other.runs.ask((facts) => facts.lease('extract/sales'))
      assert.equal(lease?.live, true)
      assert.deepEqual(await store.runs.decisions(undefined, 10), [])
    }),
  ]
}

function cursorCases(fixture: ControlStoreFixture): ContractCase[] {
  const value = async (store: ControlStore) => {
    const cursor = await store.extractions.cursor('extract/sales')
    return cursor && [cursor.value, cursor.batch]
  }
  return [
    onStores(fixture, 'the cursor follows the windows of later batches', async ({ store, other }) => {
      assert.equal(await value(other), undefined)
      await commit(store, '2026-11-21', windowTo('9'))
      assert.deepEqual(await value(other), ['9', '2026-11-21'])
      // In the source's own order 10 comes after 9; as text it does not.
      const { runId } = await commit(store, '2026-11-22', windowTo('10'))
      assert.deepEqual(await other.extractions.cursor('extract/sales'), { value: '10', batch: '2026-11-22', runId })
      assert.equal(await other.extractions.cursor('extract/other'), undefined)
    }),
    onStores(fixture, 'the batch that moved the cursor last may move it again', async ({ store }) => {
      await commit(store, '2026-11-22', windowTo('10'))
      await commit(store, '2026-11-22', windowTo('11'))
      assert.deepEqual(await value(store), ['11', '2026-11-22'])
    }),
    onStores(fixture, 'an older batch never moves the cursor', async ({ store }) => {
      await commit(store, '2026-11-22', windowTo('10'))
      await commit(store, '2026-11-21', windowTo('99'))
      assert.deepEqual(await value(store), ['10', '2026-11-22'])
    }),
    onStores(fixture, 'a window that is not to move the cursor does not', async ({ store }) => {
      await commit(store, '2026-11-21', { ...windowTo('9'), movesCursor: false })
      assert.equal(await value(store), undefined)
      await commit(store, '2026-11-21', windowTo('10'))
      await commit(store, '2026-11-22', { ...windowTo('11'), movesCursor: false })
      assert.deepEqual(await value(store), ['10', '2026-11-21'])
    }),
    onStores(fixture, 'a window without a next start, or no window, leaves the cursor', async ({ store }) => {
      await commit(store, '2026-11-21', windowTo(undefined))
      assert.equal(await value(store), undefined)
      await commit(store, '2026-11-22', windowTo('10'))
      await commit(store, '2026-11-23', windowTo(undefined))
      await commit(store, '2026-11-24', extraction({ movesCursor: true }))
      assert.deepEqual(await value(store), ['10', '2026-11-22'])
    }),
  ]
}

async function commit(store: ControlStore, batch: BatchDate, committed: NewExtraction): Promise<RunKey> {
  const key = await begin(store, request('extract/sales', { batch }))
  assert.equal(await store.extractions.commit(key, committed), true)
  return key
}
