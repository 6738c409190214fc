import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SluiceError } from '../errors.ts'
import type { ExtractScript, LoadScript, Script, ScriptId } from '../model/script.ts'
import type { EngineContext } from './context.ts'
import { runGraph } from './run-graph.ts'
import type { StepOutcome } from './step.ts'

const batch = '2026-11-25'

function script(name: string, dependsOn: readonly string[] = []): ExtractScript {
  const described = { name, description: name, frequency: 'daily', owner: undefined, contentHash: '' }
  const resource = { source: 'shop', locator: name, options: {}, columns: undefined }
  return { id: `extract/${name}`, kind: 'extract', ...described, dependsOn: dependsOn.map(idOf), resource, cursor: undefined }
}

const idOf = (name: string): ScriptId => `extract/${name}`

function outcome(of: Script, change: Partial<StepOutcome> = {}): StepOutcome {
  const done = { runId: 'r', exitCode: 0, status: 'DONE', ledger: [], error: undefined } as const
  return { script: of.id, batch, ...done, startedAt: '', finishedAt: '', logFile: undefined, ...change }
}

const failed = { status: 'FAILED', exitCode: 65 } as const
const refused = (exitCode: number) => ({ status: 'REFUSED', exitCode }) as const

/** What a script does when it is started; by default it is done after a turn of the loop. */
type Behaviour = (script: Script) => Promise<Partial<StepOutcome>>

interface Seen {
  readonly exitCode: number
  /** By name. */
  readonly outcomes: Readonly<Record<string, StepOutcome>>
  readonly started: readonly string[]
  readonly told: readonly string[]
  readonly mostAtOnce: number
}

const named = (id: string) => id.replace('extract/', '')

async function run(scripts: readonly Script[], behaviour: Behaviour = async () => ({}), parallel = 2): Promise<Seen> {
  const context = { settings: { parallel } } as EngineContext
  const started: string[] = []
  const told: string[] = []
  let [atOnce, mostAtOnce] = [0, 0]
  const result = await runGraph(
    context,
    { scripts, batch, force: false },
    ({ script }) => told.push(named(script)),
    async (_, request) => {
      started.push(named(request.script.id))
      atOnce++
      mostAtOnce = Math.max(mostAtOnce, atOnce)
      try {
        await turn()
        return outcome(request.script, await behaviour(request.script))
      } finally {
        atOnce--
      }
    },
  )
  const outcomes = Object.fromEntries(result.outcomes.map((ended) => [named(ended.script), ended]))
  return { exitCode: result.exitCode, outcomes, started, told, mostAtOnce }
}

const behaving =
  (by: Readonly<Record<string, Partial<StepOutcome>>>): Behaviour =>
  async ({ name }) =>
    by[name] ?? {}

describe('the order', () => {
  test('what a script builds on ends before it starts, wherever it stands', async () => {
    const { started, exitCode } = await run([script('c', ['b']), script('b', ['a']), script('a')])
    expect(started).toEqual(['a', 'b', 'c'])
    expect(exitCode).toBe(0)
  })

  test('a load waits for its extraction, also where it is not named among the rest', async () => {
    const load = { ...script('sales'), kind: 'load', id: 'load/sales', extract: 'extract/sales' } as unknown as LoadScript
    expect((await run([load, script('sales')])).started).toEqual(['sales', 'load/sales'])
  })

  test('what was not chosen is not waited for', async () => {
    expect((await run([script('b', ['a'])])).started).toEqual(['b'])
  })

  test('scripts that need each other in a circle each get their answer', async () => {
    const { outcomes } = await run([script('a', ['c']), script('b', ['a']), script('c', ['b']), script('d', ['d']), script('e')])
    expect(Object.keys(outcomes).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('no script: nothing to do, nothing wrong', async () => {
    expect(await run([])).toMatchObject({ exitCode: 0, started: [] })
  })
})

describe('how many at once', () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => script(name))

  test.each([
    [1, 1],
    [2, 2],
    [4, 4],
    [99, 6],
    [0, 1],
  ])('of a limit of %i are %i at work', async (parallel, expected) => {
    const { mostAtOnce, started } = await run(many, undefined, parallel)
    expect(mostAtOnce).toBe(expected)
    expect(started).toHaveLength(6)
  })

  test('what becomes free starts while others are still at work', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const seen: string[] = []
    const { started } = await run([script('slow'), script('a'), script('b', ['a'])], async ({ name }) => {
      if (name === 'slow') await held
      seen.push(name)
      if (name === 'b') release()
      return {}
    })
    expect(started).toEqual(['slow', 'a', 'b'])
    expect(seen).toEqual(['a', 'b', 'slow'])
  })
})

describe('a failure', () => {
  const family = [script('a'), script('b', ['a']), script('c', ['b']), script('x'), script('y', ['x'])]

  test.each([failed, refused(77), refused(73)])('%o keeps back what builds on it, and nothing else', async (ending) => {
    const { started, outcomes, told, exitCode } = await run(family, behaving({ a: ending }), 1)
    expect(started).toEqual(['a', 'x', 'y'])
    expect(told).toHaveLength(5)
    expect(outcomes['b']).toMatchObject({
      status: 'REFUSED',
      exitCode: 77,
      runId: undefined,
      error: { code: 'UPSTREAM_NOT_DONE' },
    })
    expect(outcomes['b']?.error?.message).toContain('extract/a')
    expect(outcomes['c']?.error?.message).toContain('extract/b')
    expect(exitCode).toBe(ending.exitCode === 65 ? 65 : 77)
  })

  test.each([refused(99), { status: 'DONE_BEFORE', exitCode: 4 } as const])('%o keeps nothing back', async (ending) => {
    const { started, exitCode } = await run(family, behaving({ a: ending }))
    expect([...started].sort()).toEqual(['a', 'b', 'c', 'x', 'y'])
    expect(exitCode).toBe(ending.exitCode === 4 ? 4 : 0)
  })

  test('the most serious code of all is the code of the graph', async () => {
    expect((await run(family, behaving({ a: failed, x: { status: 'FAILED', exitCode: 70 } }))).exitCode).toBe(70)
    expect((await run(family, behaving({ a: { status: 'FAILED', exitCode: 143 }, x: failed }))).exitCode).toBe(143)
    expect((await run([script('a'), script('b')], async () => refused(99))).exitCode).toBe(99)
  })
})

describe('a step that throws', () => {
  const disk = new SluiceError('LOCAL_IO', 'The log cannot be made.', { hint: 'Look at the free space.' })

  test('has failed with its code; the others end first', async () => {
    const { outcomes, started, exitCode } = await run(
      [script('a'), script('b', ['a']), script('x'), script('y', ['x'])],
      async ({ name }) => {
        if (name === 'a') throw disk
        return {}
      },
    )
    expect(outcomes['a']).toMatchObject({ status: 'FAILED', exitCode: 74, error: { code: 'LOCAL_IO', hint: disk.hint } })
    expect(outcomes['b']).toMatchObject({ status: 'REFUSED', exitCode: 77 })
    expect(started).toEqual(['a', 'x', 'y'])
    expect(exitCode).toBe(74)
  })

  test('what is none of our errors is a bug', async () => {
    const { exitCode } = await run([script('a')], () => Promise.reject(new TypeError('x is not a function')))
    expect(exitCode).toBe(70)
  })
})

test('any graph: each script once, behind what it builds on, within the limit, and only what failed keeps others back', async () => {
  const graphs = fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.record({
      needs: fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
      fails: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
      turns: fc.array(fc.nat(3), { minLength: size, maxLength: size }),
      parallel: fc.integer({ min: 1, max: 4 }),
      order: fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
    }),
  )
  const property = fc.asyncProperty(graphs, async ({ needs, fails, turns, parallel, order }) => {
    const before = needs.map((some, index) => some.filter((needed) => needed < index))
    const scripts = order.map((index) =>
      script(
        `s${index}`,
        (before[index] ?? []).map((needed) => `s${needed}`),
      ),
    )
    const { outcomes, started, told, mostAtOnce } = await run(
      scripts,
      async ({ name }) => {
        const index = Number(name.slice(1))
        for (let left = turns[index] ?? 0; left > 0; left--) await turn()
        return fails[index] ? failed : {}
      },
      parallel,
    )
    expect([...told].sort()).toEqual(scripts.map(({ name }) => name).sort())
    expect(mostAtOnce).toBeLessThanOrEqual(parallel)
    const sound = new Map<number, boolean>()
    for (const [index, needed] of before.entries()) {
      const mayStart = needed.every((other) => sound.get(other))
      sound.set(index, mayStart && !fails[index])
      expect(started.includes(`s${index}`)).toBe(mayStart)
      expect(outcomes[`s${index}`]?.status).toBe(mayStart ? (fails[index] ? 'FAILED' : 'DONE') : 'REFUSED')
      for (const other of needed) expect(told.indexOf(`s${other}`)).toBeLessThan(told.indexOf(`s${index}`))
    }
  })
  await fc.assert(property, { numRuns: 200 })
})
