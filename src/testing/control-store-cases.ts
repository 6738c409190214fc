import assert from 'node:assert/strict'
import { isSluiceError } from '../errors.ts'
import type { ContractCase } from './contract-case.ts'
import { budgetCases } from './control-store-budget-cases.ts'
import { extractionCases } from './control-store-extraction-cases.ts'
import { begin, type ControlStoreFixture, onNewStores, onStores, registration, request } from './control-store-fixture.ts'
import { partitionCases } from './control-store-partition-cases.ts'
import { leaseCases, runCases } from './control-store-run-cases.ts'

/** The promises of a control store, each as a case. */
export function controlStoreCases(fixture: ControlStoreFixture): readonly ContractCase[] {
  return [
    ...lifeCases(fixture),
    ...scriptCases(fixture),
    ...batchCases(fixture),
    ...runCases(fixture),
    ...leaseCases(fixture),
    ...extractionCases(fixture),
    ...partitionCases(fixture),
    ...budgetCases(fixture),
  ]
}

function lifeCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onNewStores(fixture, 'migrate gives the store one identity, whoever asks and however often', async ({ store, other }) => {
      const [first, second] = await Promise.all([store.migrate(), other.migrate()])
      assert.match(first.storeId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.deepEqual([second, await store.migrate()], [first, first])
    }),
    onStores(fixture, 'migrate keeps what the store holds', async ({ store, other }) => {
      await store.batches.open('2026-11-22')
      await other.migrate()
      assert.deepEqual(await other.batches.list(), [{ date: '2026-11-22', status: 'OPEN' }])
    }),
    onStores(fixture, 'closing twice is safe, and waits for what was asked before', async ({ store, other }) => {
      const asked = [store.batches.open('2026-11-22'), begin(store), store.batches.open('2026-11-23')]
      await store.close()
      await store.close()
      assert.equal((await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled').length, 3)
      assert.equal((await other.batches.list()).length, 2)
    }),
    onStores(fixture, 'a closed store refuses for good, at every call', async ({ store }) => {
      await store.close()
      const forGood = (error: unknown) => isSluiceError(error, 'INTERNAL') && !error.retryable
      for (let call = 0; call < 2; call += 1) {
        await assert.rejects(async () => store.batches.list(), forGood)
        await assert.rejects(async () => store.scripts.list(), forGood)
        await assert.rejects(async () => store.extractions.cursor('extract/sales'), forGood)
        await assert.rejects(async () => store.runs.begin(request(), async () => ({ run: true })), forGood)
      }
    }),
  ]
}

function scriptCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a registered script is active and not approved', async ({ store, other }) => {
      await store.scripts.register(registration({ owner: 'data team' }))
      const { approve: _, by: __, ...described } = registration({ owner: 'data team' })
      const unapproved = { approvedHash: undefined, approvedBy: undefined, approvedAt: undefined }
      assert.deepEqual(await other.scripts.list(), [{ ...described, active: true, ...unapproved }])
    }),
    onStores(fixture, 'registering again takes over the description and keeps a script switched off', async ({ store }) => {
      await store.scripts.register(registration({ owner: 'data team' }))
      assert.equal(await store.scripts.setActive('extract/sales', false), true)
      await store.scripts.register(registration({ description: 'New', frequency: 'weekly:mon', contentHash: 'hash-2' }))
      const [script, ...rest] = await store.scripts.list()
      assert.deepEqual([script?.description, script?.frequency, script?.owner], ['New', 'weekly:mon', undefined])
      assert.deepEqual([script?.contentHash, script?.active, rest], ['hash-2', false, []])
      assert.equal(await store.scripts.setActive('extract/sales', true), true)
      assert.equal((await store.scripts.list())[0]?.active, true)
    }),
    onStores(fixture, 'approval stays with the content that was approved', async ({ store }) => {
      await store.scripts.register(registration({ approve: true, by: 'ann' }))
      await store.scripts.register(registration({ contentHash: 'hash-2', by: 'bob' }))
      const [changed] = await store.scripts.list()
      assert.deepEqual([changed?.contentHash, changed?.approvedHash, changed?.approvedBy], ['hash-2', 'hash-1', 'ann'])
      assert.match(changed?.approvedAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      await store.scripts.register(registration({ contentHash: 'hash-2', approve: true, by: 'bob' }))
      const [approved] = await store.scripts.list()
      assert.deepEqual([approved?.approvedHash, approved?.approvedBy], ['hash-2', 'bob'])
    }),
    onStores(fixture, 'an unknown script cannot be switched', async ({ store }) => {
      assert.equal(await store.scripts.setActive('extract/unknown', false), false)
      assert.deepEqual(await store.scripts.list(), [])
    }),
  ]
}

function batchCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a batch opens, closes and opens again, each once', async ({ store, other }) => {
      const { batches } = store
      const answers = [await batches.open('2026-11-22'), await other.batches.open('2026-11-22')]
      answers.push(await batches.close('2026-11-22'), await batches.close('2026-11-22'))
      assert.deepEqual(await other.batches.list(), [{ date: '2026-11-22', status: 'CLOSED' }])
      answers.push(await batches.open('2026-11-22'))
      assert.deepEqual(answers, [true, false, true, false, true])
      assert.deepEqual(await other.batches.list(), [{ date: '2026-11-22', status: 'OPEN' }])
    }),
    onStores(fixture, 'a batch that was never opened cannot be closed', async ({ store }) => {
      assert.equal(await store.batches.close('2026-11-22'), false)
      assert.deepEqual(await store.batches.list(), [])
    }),
    onStores(fixture, 'batches are listed oldest first', async ({ store }) => {
      for (const date of ['2026-11-22', '2025-01-01', '2026-02-03']) await store.batches.open(date)
      const dates = (await store.batches.list()).map(({ date }) => date)
      assert.deepEqual(dates, ['2025-01-01', '2026-02-03', '2026-11-22'])
    }),
  ]
}
