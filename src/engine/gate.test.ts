import { beforeEach, describe, expect, test } from 'vitest'
import type { Batch, CommittedExtraction, GateFacts, LeaseState, RegisteredScript } from '../contracts/control-store.ts'
import { type ErrorCode, errorCodes } from '../errors.ts'
import type { Run } from '../model/run.ts'
import type { ExtractScript, LoadScript, MartScript, Script, ScriptId, ScriptKind } from '../model/script.ts'
import { decide, doneBefore, type GateContext, type Verdict } from './gate.ts'

/** A Wednesday. */
const batch = '2026-11-25'
const monday = '2026-11-23'

function head<K extends ScriptKind>(kind: K, name: string) {
  const id = `${kind}/${name}` as const
  const described = { description: name, frequency: 'daily', owner: undefined, contentHash: 'as approved' }
  return { id, kind, name, ...described, dependsOn: [] as readonly ScriptId[] }
}

const extract: ExtractScript = {
  ...head('extract', 'sales'),
  resource: { source: 'shop', locator: 'sales', options: {}, columns: undefined },
  cursor: undefined,
}
const merge: LoadScript['write'] = {
  disposition: 'merge',
  key: ['id'],
  newest: undefined,
  surrogateKey: undefined,
  allowEmpty: false,
}
const load: LoadScript = {
  ...head('load', 'sales'),
  dependsOn: [extract.id],
  extract: extract.id,
  into: 'fact_sales',
  columns: undefined,
  lookups: [],
  checks: [],
  write: merge,
  rejectLimit: 0,
}
const mart: MartScript = {
  ...head('mart', 'sales_by_month'),
  dependsOn: [load.id],
  select: 'SELECT 1 AS one',
  materialized: 'table',
  balance: undefined,
}
const storeExtract: ExtractScript = { ...extract, ...head('extract', 'store') }
const store: LoadScript = {
  ...load,
  ...head('load', 'store'),
  extract: storeExtract.id,
  dependsOn: [storeExtract.id],
  into: 'store',
}

/** What the control store knows. */
interface World {
  scripts: Script[]
  settings: GateContext['settings']
  readonly registered: Map<ScriptId, RegisteredScript>
  readonly batches: Map<string, Batch>
  readonly leases: Map<ScriptId, LeaseState>
  readonly done: Map<string, Run>
  readonly doneSince: Set<ScriptId>
  readonly extractions: Map<string, CommittedExtraction>
  unloadedBefore: string | undefined
}

let world: World

beforeEach(() => {
  world = {
    scripts: [extract, storeExtract, store, load, mart],
    settings: { approval: false, batches: 'implicit' },
    registered: new Map(),
    batches: new Map(),
    leases: new Map(),
    done: new Map(),
    doneSince: new Set(),
    extractions: new Map(),
    unloadedBefore: undefined,
  }
  for (const script of world.scripts) register(script.id)
})

function register(id: ScriptId, change: Partial<RegisteredScript> = {}): void {
  const [kind = '', name = ''] = id.split('/')
  world.registered.set(id, {
    ...{ id, name, kind: kind as ScriptKind, description: name, frequency: 'daily', owner: undefined, active: true },
    ...{ contentHash: 'as approved', approvedHash: 'as approved', approvedBy: 'ada', approvedAt: '2026-11-01T00:00:00.000Z' },
    ...change,
  })
}

function finish(id: ScriptId, change: Partial<Run> = {}): void {
  const day = change.batch ?? batch
  world.done.set(`${id} ${day}`, {
    ...{ runId: 'done', script: id, kind: id.split('/')[0] as ScriptKind, batch: day, token: 1, status: 'SUCCESS', exitCode: 0 },
    ...{ startedAt: '', finishedAt: '', holder: 'host:1', errorCode: undefined, errorMessage: undefined, logFile: undefined },
    ...{ manifestSha256: 'first', sequence: 0, live: false },
    ...change,
  })
}

function stage(id: ScriptId, manifestSha256 = 'first', day = batch): void {
  world.extractions.set(`${id} ${day}`, {
    ...{ runId: 'staged', batch: day, token: 1, manifestPath: 'manifest.json', manifestSha256, schemaHash: '' },
    ...{ window: undefined, rowsStaged: 1, rowsRejected: 0, exitCode: 0, committedAt: '' },
  } as CommittedExtraction)
}

const facts: GateFacts = {
  script: async (id) => world.registered.get(id),
  batch: async (date) => world.batches.get(date),
  lease: async (id) => world.leases.get(id),
  done: async (id, day) => world.done.get(`${id} ${day}`),
  latestDone: async () => undefined,
  doneSince: async (ids) => ids.some((id) => world.doneSince.has(id)),
  extraction: async (id, day) => world.extractions.get(`${id} ${day}`),
  unloadedBefore: async () => world.unloadedBefore,
}

function ask(script: Script, { force = false, day = batch } = {}): Promise<Verdict> {
  const scripts = world.scripts.map((known) => (known.id === script.id ? script : known))
  return decide({ scripts, settings: world.settings }, { script, batch: day, force }, facts)
}

function refusal(code: ErrorCode, hint: string | RegExp) {
  const { exitCode } = errorCodes[code]
  return {
    run: false,
    code,
    exitCode,
    hint: typeof hint === 'string' ? expect.stringContaining(hint) : expect.stringMatching(hint),
  }
}

const allowed = (more: Partial<Verdict> = {}) => ({ run: true, sequence: 0, ...more })

describe.each([extract, load, mart])('$id', (script) => {
  beforeEach(() => {
    stage(extract.id)
    finish(load.id)
    world.done.delete(`${script.id} ${batch}`)
  })

  test('may run when nothing speaks against it', async () => {
    expect(await ask(script)).toMatchObject(allowed())
  })

  test('not registered', async () => {
    world.registered.delete(script.id)
    expect(await ask(script)).toMatchObject(refusal('NOT_REGISTERED', `sluice register ${script.id}`))
  })

  test('changed since approval, where approval is on', async () => {
    register(script.id, { approvedHash: 'of another text' })
    expect(await ask(script)).toMatchObject(allowed())
    world.settings = { ...world.settings, approval: true }
    expect(await ask(script)).toMatchObject(refusal('NOT_APPROVED', new RegExp(`sluice register ${script.id}$`)))
    register(script.id, { approvedHash: undefined })
    expect(await ask(script)).toMatchObject(refusal('NOT_APPROVED', 'sluice register'))
  })

  test('approved as it is', async () => {
    world.settings = { ...world.settings, approval: true }
    expect(await ask(script)).toMatchObject(allowed())
  })

  test('switched off', async () => {
    register(script.id, { active: false })
    expect(await ask(script)).toMatchObject(refusal('INACTIVE', `sluice activate ${script.id}`))
  })

  test('not due', async () => {
    expect(await ask({ ...script, frequency: 'weekly:mon' })).toMatchObject(refusal('NOT_DUE', 'weekly:mon'))
    expect(await ask({ ...script, frequency: 'weekly:wed' })).toMatchObject(allowed())
  })

  test('batch not open, where batches are opened explicitly', async () => {
    world.settings = { ...world.settings, batches: 'explicit' }
    const notOpen = refusal('BATCH_NOT_OPEN', `sluice batch open ${batch}`)
    expect(await ask(script)).toMatchObject(notOpen)
    world.batches.set(batch, { date: batch, status: 'CLOSED' })
    expect(await ask(script)).toMatchObject(notOpen)
    world.batches.set(batch, { date: batch, status: 'OPEN' })
    expect(await ask(script)).toMatchObject(allowed())
  })

  test('held by a live run: says who and since when, also when the batch is done', async () => {
    const lease = { runId: 'r-7', token: 7, holder: 'host:4711', since: '2026-11-25T00:30:00.000Z', live: true }
    world.leases.set(script.id, lease)
    const verdict = await ask(script)
    expect(verdict).toMatchObject(refusal('RUN_ACTIVE', `sluice audit runs ${script.id}`))
    expect(verdict).toHaveProperty('message', expect.stringMatching(/r-7 of host:4711 since 2026-11-25T00:30/))
    finish(script.id)
    expect(await ask(script, { force: true })).toMatchObject({ code: 'RUN_ACTIVE' })
    world.leases.set(script.id, { ...lease, live: false })
    world.done.delete(`${script.id} ${batch}`)
    expect(await ask(script)).toMatchObject(allowed())
  })

  test.each([0, 4])('done: the recorded code %i, and the way to do it again', async (exitCode) => {
    finish(script.id, { exitCode })
    const hint = expect.stringContaining(`sluice ${script.kind} ${script.name} --batch ${batch} --force`)
    expect(await ask(script)).toMatchObject({ run: false, code: doneBefore, exitCode, hint })
  })

  test('done by force: under the next sequence, an extraction has none', async () => {
    finish(script.id, { sequence: 3 })
    expect(await ask(script, { force: true })).toMatchObject(allowed({ sequence: script.kind === 'extract' ? 0 : 4 }))
  })

  test('force opens no other gate', async () => {
    register(script.id, { active: false })
    expect(await ask(script, { force: true })).toMatchObject({ code: 'INACTIVE' })
    world.registered.delete(script.id)
    expect(await ask(script, { force: true })).toMatchObject({ code: 'NOT_REGISTERED' })
  })

  test('a frequency that is none is told as such', async () => {
    await expect(ask({ ...script, frequency: 'sometimes' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('the package of a load', () => {
  test('nothing is extracted: names it', async () => {
    expect(await ask(load)).toMatchObject(refusal('UPSTREAM_NOT_DONE', `sluice extract sales --batch ${batch}`))
  })

  test('the extraction was skipped: so is the load', async () => {
    register(extract.id, { active: false })
    expect(await ask(load)).toMatchObject(refusal('INACTIVE', 'sluice activate extract/sales'))
    register(extract.id)
    world.scripts = [{ ...extract, frequency: 'weekly:mon' }, load]
    expect(await ask(load)).toMatchObject(refusal('NOT_DUE', 'weekly:mon'))
  })

  test('is the one that the run gets', async () => {
    stage(extract.id)
    expect(await ask(load)).toMatchObject(allowed({ extraction: world.extractions.get(`${extract.id} ${batch}`) }))
  })

  test('another package than the published one is loaded without force, from sequence 0', async () => {
    finish(load.id, { manifestSha256: 'first', sequence: 2 })
    stage(extract.id, 'second')
    expect(await ask(load)).toMatchObject(allowed({ sequence: 0 }))
  })

  test('an earlier batch that is not loaded comes first, where the order matters', async () => {
    stage(extract.id)
    world.unloadedBefore = '2026-11-24'
    expect(await ask(load)).toMatchObject(refusal('UPSTREAM_NOT_DONE', 'sluice load sales --batch 2026-11-24'))
    expect(await ask({ ...load, write: { ...merge, newest: 'updated_at' } })).toMatchObject(allowed())
    expect(await ask({ ...load, write: { ...merge, disposition: 'append', key: [] } })).toMatchObject(allowed())
  })

  test('an append behind an overlap is refused by name', async () => {
    stage(extract.id)
    const append: LoadScript = { ...load, write: { ...merge, disposition: 'append', key: [] } }
    const cursor = { column: 'id', overlap: 100, nulls: 'reject' } as const
    world.scripts = [{ ...extract, cursor }, append]
    expect(await ask(append)).toMatchObject(refusal('APPEND_WITH_OVERLAP', 'load/sales'))
    world.scripts = [{ ...extract, cursor: { ...cursor, overlap: undefined } }, append]
    expect(await ask(append)).toMatchObject(allowed())
  })
})

describe('what a script builds on', () => {
  const fact: LoadScript = { ...load, dependsOn: [extract.id, store.id] }
  const weekly = (script: Script): Script => ({ ...script, frequency: 'weekly:mon' })

  beforeEach(() => stage(extract.id))

  test('must be done for the batch', async () => {
    expect(await ask(fact)).toMatchObject(refusal('UPSTREAM_NOT_DONE', `sluice load store --batch ${batch}`))
    finish(store.id)
    expect(await ask(fact)).toMatchObject(allowed())
    expect(await ask(mart)).toMatchObject(refusal('UPSTREAM_NOT_DONE', `sluice load sales --batch ${batch}`))
  })

  test('of a weekly dimension the latest batch that was due is enough', async () => {
    world.scripts = [extract, storeExtract, weekly(store), fact]
    finish(store.id)
    expect(await ask(fact)).toMatchObject(refusal('UPSTREAM_NOT_DONE', `sluice load store --batch ${monday}`))
    finish(store.id, { batch: monday })
    expect(await ask(fact)).toMatchObject(allowed())
    expect(await ask(fact, { day: monday })).toMatchObject({
      code: 'UPSTREAM_NOT_DONE',
      message: expect.stringContaining('extract/sales'),
    })
  })

  test('a load is due only where its extraction is', async () => {
    world.scripts = [extract, weekly(storeExtract), store, fact]
    expect(await ask(fact)).toMatchObject(refusal('UPSTREAM_NOT_DONE', `sluice load store --batch ${monday}`))
    world.scripts = [extract, weekly(storeExtract), { ...store, frequency: 'weekly:tue' }, fact]
    expect(await ask(fact)).toMatchObject(allowed())
  })

  test.each([store.id, storeExtract.id])('where %s is switched off nobody waits for it', async (id) => {
    register(id, { active: false })
    expect(await ask(fact)).toMatchObject(allowed())
  })

  test('what is not registered is waited for', async () => {
    world.registered.delete(store.id)
    expect(await ask(fact)).toMatchObject(refusal('UPSTREAM_NOT_DONE', 'load/store'.replace('load/', 'sluice load ')))
  })

  test('what is no script of the project is left out', async () => {
    expect(await ask({ ...fact, dependsOn: [extract.id, 'load/gone'] })).toMatchObject(allowed())
  })

  test('a batch that is done asks nobody', async () => {
    finish(fact.id, { exitCode: 4 })
    expect(await ask(fact)).toMatchObject({ code: doneBefore, exitCode: 4 })
    expect(await ask(fact, { force: true })).toMatchObject({ code: 'UPSTREAM_NOT_DONE' })
  })

  test('a mart whose tables were published again since is not done, unless it is a view', async () => {
    for (const id of mart.dependsOn) finish(id)
    finish(mart.id, { sequence: 3 })
    expect(await ask(mart)).toMatchObject({ code: doneBefore })
    world.doneSince.add(load.id)
    expect(await ask(mart)).toMatchObject({ run: true, sequence: 0 })
    expect(await ask(mart, { force: true })).toMatchObject({ run: true, sequence: 4 })
    expect(await ask({ ...mart, materialized: 'view' })).toMatchObject({ code: doneBefore })
    finish(load.id)
    expect(await ask(load)).toMatchObject({ code: doneBefore })
  })
})
