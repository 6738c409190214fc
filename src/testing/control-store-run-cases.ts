import assert from 'node:assert/strict'
import type { ControlStore } from '../contracts/control-store.ts'
import { isSluiceError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { RunKey } from '../model/run.ts'
import type { ScriptId } from '../model/script.ts'
import type { ContractCase } from './contract-case.ts'
import {
  ask,
  begin,
  type ControlStoreFixture,
  extraction,
  held,
  longTtlMs,
  onStores,
  openRenewer,
  outcome,
  overtaken,
  pastShortTtl,
  registration,
  request,
  shortTtlMs,
  tryBegin,
  windowTo,
} from './control-store-fixture.ts'

const ledger: readonly LedgerEntry[] = [
  { hop: 'typed-target', term: 'inserted', rows: 2 },
  { hop: 'staged-landed', term: 'staged', rows: 5_000_000_000 },
  { hop: 'staged-landed', term: 'landed', rows: 0 },
]

/** How runs begin, end and are shown. */
export function runCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'a run that is allowed begins: RUNNING, live, its batch open', async ({ store, other }) => {
      const asked = request('load/sales')
      const begun = await store.runs.begin(asked, async () => ({ run: true }))
      assert.ok(begun.begun)
      assert.deepEqual(begun.key, { runId: asked.runId, script: 'load/sales', batch: asked.batch, token: 1 })
      const { leaseTtlMs: _, ...described } = asked
      const [run, ...rest] = await other.runs.list({ limit: 10 })
      assert.match(run?.holder ?? '', /^.+:\d+$/)
      assert.match(begun.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      const unended = { exitCode: undefined, finishedAt: undefined, errorCode: undefined, errorMessage: undefined }
      const began = { token: 1, status: 'RUNNING', startedAt: begun.startedAt, holder: run?.holder, live: true }
      assert.deepEqual(run, { ...described, ...began, ...unended, manifestSha256: undefined, sequence: 0 })
      assert.deepEqual(rest, [])
      assert.deepEqual(await other.batches.list(), [{ date: asked.batch, status: 'OPEN' }])
    }),
    onStores(fixture, 'a refusal is returned and recorded, and nothing else', async ({ store, other }) => {
      const begun = await store.runs.begin(request(), async () => held)
      assert.deepEqual(begun, { begun: false, refusal: held })
      const [decision, ...rest] = await other.runs.decisions(undefined, 10)
      const { at, ...said } = decision ?? { at: '' }
      assert.match(at, /^\d{4}-\d\d-\d\dT.+Z$/)
      assert.deepEqual(said, { script: 'extract/sales', batch: '2026-11-22', code: held.code, message: held.message })
      assert.deepEqual([rest, await other.runs.list({ limit: 10 }), await other.batches.list()], [[], [], []])
      assert.equal((await begin(store)).token, 1)
    }),
    onStores(fixture, 'decisions come newest first, of one script or of all', async ({ store }) => {
      for (const script of ['extract/a', 'extract/b', 'extract/c'] as const) {
        await store.runs.begin(request(script), async () => ({ ...held, message: `${script} again` }))
      }
      const scripts = async (...args: Parameters<typeof store.runs.decisions>) =>
        (await store.runs.decisions(...args)).map(({ script }) => script)
      assert.deepEqual(await scripts(undefined, 10), ['extract/c', 'extract/b', 'extract/a'])
      assert.deepEqual(await scripts('extract/b', 10), ['extract/b'])
      assert.deepEqual(await scripts(undefined, 2), ['extract/c', 'extract/b'])
    }),
    onStores(fixture, 'a decision that fails leaves nothing behind', async ({ store, other }) => {
      const failure = new Error('the gate broke')
      await assert.rejects(
        store.runs.begin(request(), () => Promise.reject(failure)),
        failure,
      )
      assert.deepEqual([await other.runs.list({ limit: 10 }), await other.runs.decisions(undefined, 10)], [[], []])
      assert.equal((await begin(other)).token, 1)
    }),
    onStores(fixture, 'a run of a closed batch leaves it closed', async ({ store }) => {
      await store.batches.open('2026-11-22')
      await store.batches.close('2026-11-22')
      await begin(store)
      assert.deepEqual(await store.batches.list(), [{ date: '2026-11-22', status: 'CLOSED' }])
    }),
    onStores(fixture, 'success is recorded with what was published, and its ledger in order', async ({ store, other }) => {
      const key = await begin(store, request('load/sales'))
      const published = { manifestSha256: 'sha', sequence: 2 }
      assert.equal(await store.runs.finish(key, outcome({ exitCode: 4, ledger, published })), true)
      const run = await runOf(other, key)
      assert.deepEqual([run?.status, run?.exitCode, run?.manifestSha256, run?.sequence], ['SUCCESS', 4, 'sha', 2])
      assert.deepEqual([run?.live, run?.errorCode, run?.errorMessage], [false, undefined, undefined])
      assert.ok((run?.finishedAt ?? '') >= (run?.startedAt ?? 'z'))
      assert.deepEqual(await other.runs.ledger(key.runId), ledger)
    }),
    onStores(fixture, 'failure is recorded with its reason', async ({ store, other }) => {
      const key = await begin(store)
      const failed = outcome({ status: 'FAILED', exitCode: 65, errorCode: 'HOP_UNBALANCED', errorMessage: "read 3 isn't 4" })
      assert.equal(await store.runs.finish(key, failed), true)
      const run = await runOf(other, key)
      assert.deepEqual(
        [run?.status, run?.exitCode, run?.errorCode, run?.errorMessage, run?.live, run?.manifestSha256],
        ['FAILED', 65, 'HOP_UNBALANCED', "read 3 isn't 4", false, undefined],
      )
      assert.deepEqual(await other.runs.ledger(key.runId), [])
    }),
    onStores(fixture, 'a run ends once', async ({ store }) => {
      const key = await begin(store)
      assert.equal(await store.runs.finish(key, outcome({ ledger })), true)
      const before = await runOf(store, key)
      assert.equal(await store.runs.finish(key, outcome({ status: 'FAILED', exitCode: 70 })), false)
      assert.equal(await store.extractions.commit(key, extraction()), false)
      assert.deepEqual(await runOf(store, key), before)
    }),
    onStores(fixture, 'runs are listed newest first, by script, batch and id, up to the limit', async ({ store }) => {
      const keys: RunKey[] = []
      for (const [script, batch] of [
        ['extract/a', '2026-11-21'],
        ['extract/b', '2026-11-21'],
        ['extract/a', '2026-11-22'],
      ] as const) {
        const key = await begin(store, request(script, { batch }))
        await store.runs.finish(key, outcome())
        keys.unshift(key)
      }
      const [last, middle, first] = keys.map(({ runId }) => runId)
      const ids = async (...[filter]: Parameters<typeof store.runs.list>) =>
        (await store.runs.list(filter)).map(({ runId }) => runId)
      assert.deepEqual(await ids({ limit: 10 }), [last, middle, first])
      assert.deepEqual(await ids({ limit: 2 }), [last, middle])
      assert.deepEqual(await ids({ script: 'extract/a', limit: 10 }), [last, first])
      assert.deepEqual(await ids({ batch: '2026-11-21', limit: 10 }), [middle, first])
      assert.deepEqual(await ids({ script: 'extract/a', batch: '2026-11-21', limit: 10 }), [first])
      assert.deepEqual(await ids({ runId: middle ?? '', limit: 10 }), [middle])
      assert.deepEqual(await ids({ runId: 'unknown', limit: 10 }), [])
      assert.deepEqual(await store.runs.ledger('unknown'), [])
    }),
    onStores(fixture, 'the gate is told the script and the batch', async ({ store, other }) => {
      assert.equal(await ask(store, (facts) => facts.script('extract/sales')), undefined)
      assert.equal(await ask(store, (facts) => facts.batch('2026-11-22')), undefined)
      await other.scripts.register(registration())
      await other.batches.open('2026-11-22')
      assert.deepEqual(await ask(store, (facts) => facts.script('extract/sales')), (await other.scripts.list())[0])
      assert.deepEqual(await ask(store, (facts) => facts.batch('2026-11-22')), { date: '2026-11-22', status: 'OPEN' })
    }),
    onStores(fixture, 'the gate is told the newest run that is done, and the latest batch that is', async ({ store }) => {
      const done = () => ask(store, (facts) => facts.done('load/sales', '2026-11-22'))
      const latest = () => ask(store, (facts) => facts.latestDone('load/sales'))
      const run = async (batch: string, ended: Parameters<typeof outcome>[0]) => {
        const key = await begin(store, request('load/sales', { batch }))
        await store.runs.finish(key, outcome(ended))
        return key
      }
      await run('2026-11-22', { status: 'FAILED', exitCode: 65 })
      assert.deepEqual([await done(), await latest()], [undefined, undefined])
      await run('2026-11-22', { exitCode: 0 })
      const newest = await run('2026-11-22', { exitCode: 4, published: { manifestSha256: 'sha', sequence: 1 } })
      await run('2026-11-20', {})
      await run('2026-11-23', { status: 'FAILED', exitCode: 65 })
      assert.deepEqual(await done(), await runOf(store, newest))
      assert.equal(await latest(), '2026-11-22')
      const staged = await begin(store)
      await store.extractions.commit(staged, extraction())
      assert.equal((await ask(store, (facts) => facts.done('extract/sales', '2026-11-22')))?.status, 'STAGED')
      assert.equal(await ask(store, (facts) => facts.latestDone('extract/sales')), '2026-11-22')
    }),
    onStores(
      fixture,
      'a run that is begun again gets the same answer, whatever would be decided now',
      async ({ store, other }) => {
        const asked = request()
        const first = await tryBegin(store, asked)
        assert.deepEqual(await other.runs.begin(asked, async () => held), first)
        assert.equal((await store.runs.list({ limit: 10 })).length, 1)
        assert.deepEqual(await store.runs.decisions(undefined, 10), [])
        assert.ok(first.begun && (await store.runs.finish(first.key, outcome())))
      },
    ),
    onStores(fixture, 'the gate is told what was done since a script began that is done', async ({ store }) => {
      const since = () => ask(store, (facts) => facts.doneSince(['load/sales', 'load/stores'], 'mart/sales'))
      const run = async (script: ScriptId, asked: Parameters<typeof request>[1] = {}) => {
        await store.runs.finish(await begin(store, request(script, asked)), outcome())
      }
      await run('load/sales')
      const beside = await begin(store, request('load/stores'))
      await run('mart/sales')
      assert.equal(await since(), false)
      await new Promise((resolve) => setTimeout(resolve, 5))
      await store.runs.finish(beside, outcome())
      assert.equal(await since(), true)
      await run('mart/sales', { batch: '2026-11-23' })
      await run('extract/sales')
      await store.runs.finish(await begin(store, request('load/sales')), outcome({ status: 'FAILED', exitCode: 65 }))
      assert.equal(await since(), false)
      await run('load/sales', { batch: '2026-11-20' })
      assert.equal(await since(), true)
    }),
  ]
}

/** Of any number of runs of a script, one at a time may write. */
export function leaseCases(fixture: ControlStoreFixture): ContractCase[] {
  return [
    onStores(fixture, 'of many callers at once exactly one begins', async ({ store, other }) => {
      const tries = Array.from({ length: 20 }, (_, index) => tryBegin(index % 2 === 0 ? store : other, request()))
      const answers = await Promise.all(tries)
      const winners = answers.filter(({ begun }) => begun)
      assert.equal(winners.length, 1)
      assert.equal((await store.runs.decisions(undefined, 100)).length, 19)
      const runs = await store.runs.list({ limit: 100 })
      assert.deepEqual(
        runs.map(({ status, token }) => [status, token]),
        [['RUNNING', 1]],
      )
    }),
    onStores(fixture, 'the gate is told who holds the lease', async ({ store, other }) => {
      const lease = () => ask(other, (facts) => facts.lease('extract/sales'))
      assert.equal(await lease(), undefined)
      const key = await begin(store)
      const run = await runOf(store, key)
      const described = { runId: key.runId, token: 1, holder: run?.holder, since: run?.startedAt }
      assert.deepEqual(await lease(), { ...described, live: true })
      await store.runs.finish(key, outcome())
      assert.equal(await lease(), undefined)
    }),
    onStores(fixture, 'a live lease cannot be taken, whatever the gate says', async ({ store, other }) => {
      const key = await begin(store)
      await assert.rejects(
        other.runs.begin(request(), async () => ({ run: true })),
        (error) => isSluiceError(error, 'INTERNAL'),
      )
      assert.equal((await other.runs.list({ limit: 10 })).length, 1)
      assert.equal(await store.runs.finish(key, outcome()), true)
    }),
    onStores(fixture, 'each holder gets the next token, also after a free lease', async ({ store, other }) => {
      const tokens: number[] = []
      for (const holder of [store, other, store]) {
        const key = await begin(holder)
        tokens.push(key.token)
        await holder.runs.finish(key, outcome())
      }
      const staged = await begin(store)
      await store.extractions.commit(staged, extraction())
      tokens.push(staged.token, (await begin(other)).token)
      assert.deepEqual(tokens, [1, 2, 3, 4, 5])
    }),
    onStores(fixture, 'leases of different scripts do not disturb each other', async ({ store, other }) => {
      const [one, two] = [await begin(store, request('extract/a')), await begin(other, request('load/a'))]
      assert.deepEqual([one.token, two.token], [1, 1])
      assert.equal(await store.runs.finish(one, outcome()), true)
      assert.equal((await runOf(store, two))?.live, true)
      assert.equal(await other.runs.finish(two, outcome()), true)
    }),
    onStores(fixture, 'an expired lease is shown as not live, and taken: its run is abandoned', async ({ store, other }) => {
      const old = await begin(store, request('extract/sales', { leaseTtlMs: shortTtlMs }))
      await pastShortTtl()
      const shown = await runOf(other, old)
      assert.deepEqual([shown?.status, shown?.live], ['RUNNING', false])
      assert.equal((await ask(other, (facts) => facts.lease('extract/sales')))?.live, false)
      const successor = await begin(other)
      assert.equal(successor.token, old.token + 1)
      assert.deepEqual([(await runOf(other, old))?.status, (await runOf(other, old))?.live], ['ABANDONED', false])
      assert.deepEqual([(await runOf(other, successor))?.status, (await runOf(other, successor))?.live], ['RUNNING', true])
    }),
    onStores(
      fixture,
      'an overtaken run is refused at finish, commit and renew, and changes nothing',
      async ({ store, other }) => {
        const { old, successor } = await overtaken(other)
        const before = await everything(store, [old, successor])
        assert.equal(await other.runs.finish(old, outcome({ ledger })), false)
        assert.equal(await other.extractions.commit(old, { ...windowTo('9'), ledger }), false)
        const renewer = await openRenewer(other)
        assert.equal(await renewer.renew(old, longTtlMs, 1), false)
        await renewer.close()
        assert.deepEqual(await everything(store, [old, successor]), before)
        assert.equal(await store.extractions.commit(successor, windowTo('5')), true)
      },
    ),
    onStores(fixture, 'an expired run that nobody overtook may still renew, commit and finish', async ({ store }) => {
      const lateMs = 500
      const late = async () => {
        const key = await begin(store, request('extract/sales', { leaseTtlMs: shortTtlMs }))
        await new Promise((resolve) => setTimeout(resolve, lateMs))
        return key
      }
      assert.equal(await store.runs.finish(await late(), outcome()), true)
      assert.equal(await store.extractions.commit(await late(), extraction()), true)
      const renewer = await openRenewer(store)
      const key = await late()
      // As short as the time that has passed since: only a lease that is dated anew holds.
      assert.equal(await renewer.renew(key, lateMs, 1), true)
      await renewer.close()
      assert.equal((await runOf(store, key))?.live, true)
    }),
    onStores(fixture, 'renewing prolongs the lease by the TTL', async ({ store, other }) => {
      const key = await begin(store, request('extract/sales', { leaseTtlMs: shortTtlMs }))
      const renewer = await openRenewer(store)
      assert.equal(await renewer.renew(key, longTtlMs, 7), true)
      await pastShortTtl()
      assert.equal((await runOf(other, key))?.live, true)
      assert.equal((await tryBegin(other, request())).begun, false)
      assert.equal(await renewer.renew(key, shortTtlMs, 8), true)
      await pastShortTtl()
      assert.equal((await runOf(other, key))?.live, false)
      await renewer.close()
    }),
    onStores(fixture, 'a lease that was freed cannot be renewed', async ({ store }) => {
      const renewer = await openRenewer(store)
      const key = await begin(store)
      await store.runs.finish(key, outcome())
      assert.equal(await renewer.renew(key, longTtlMs, 1), false)
      assert.equal((await tryBegin(store, request())).begun, true)
      await renewer.close()
      await renewer.close()
    }),
  ]
}

async function runOf(store: ControlStore, { runId }: RunKey) {
  const [run] = await store.runs.list({ runId, limit: 1 })
  return run
}

/** All that a run could change. */
async function everything(store: ControlStore, keys: readonly RunKey[]) {
  return {
    runs: await store.runs.list({ limit: 100 }),
    ledgers: await Promise.all(keys.map(({ runId }) => store.runs.ledger(runId))),
    lease: await ask(store, (facts) => facts.lease('extract/sales')),
    batches: await store.batches.list(),
    package: await store.extractions.latest('extract/sales', '2026-11-22'),
    cursor: await store.extractions.cursor('extract/sales'),
  }
}
