import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Reading, Source } from '../../src/contracts/source.ts'
import { SluiceError } from '../../src/errors.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { failAt } from '../fixtures/disturb-run.ts'
import {
  columnsOf,
  type EngineProject,
  engineProject,
  fileExtract,
  loadOf,
  martOf,
  tableExtract,
} from '../fixtures/engine-project.ts'
import { comparableState, lakePaths, type PublishedState } from '../fixtures/published-state.ts'

const batch = '2025-01-01'
const orders = tableExtract('orders', { column: 'updated_at', overlap: undefined, nulls: 'reject' })
const lines = fileExtract('lines', 'lines.csv', columnsOf({ id: 'int64', note: 'text' }))
const loads = [
  loadOf(orders, { disposition: 'merge', key: ['id'], newest: 'updated_at' }),
  loadOf(lines, { disposition: 'append' }, { rejectLimit: 9 }),
]
const mart = martOf('totals', 'SELECT count(*) AS orders, sum(amount) AS amount FROM target.orders', {
  dependsOn: ['load/orders'],
})
const all = [orders, lines, ...loads, mart]

async function filledProject(): Promise<EngineProject> {
  const project = await engineProject(all)
  project.source = keepingTables
  project.shop(`CREATE TABLE orders (id INTEGER, updated_at TIMESTAMP, amount INTEGER);
    INSERT INTO orders VALUES (1, '2025-01-01 10:00:00', 1), (2, '2025-01-01 10:00:00', 2)`)
  await project.file('lines.csv', 'id,note\n1,a\nx,b\n2\n')
  return project
}

/** Lets the shop's tables be views of their own, which stay read; files are not. */
function keepingTables(source: Source): Source {
  return {
    check: () => source.check(),
    describe: (resource) => source.describe(resource),
    close: () => source.close(),
    open: async (request) => {
      const reading = await source.open(request)
      if (request.resource.source !== 'shop') return reading
      const again = request.partitionsAgain
      return {
        schema: reading.schema,
        window: reading.window,
        expectedRows: again ? undefined : reading.expectedRows,
        partitions: reading.partitions.filter(({ id }) => again?.includes(id) !== false),
        keepsPartitions: true,
        read: (partition) => reading.read(partition),
        close: () => reading.close(),
      }
    },
  }
}

async function runAll(project: EngineProject) {
  const outcomes = []
  for (const { id } of all) outcomes.push(await project.run(id, batch))
  return outcomes
}

/** The state without the horizon, which is another one each time. */
async function stateOf(project: EngineProject): Promise<Omit<PublishedState, 'cursors'>> {
  const { tables, done } = await comparableState(project)
  return { tables, done: done.toSorted() }
}

/** Every point that `src/engine` names. */
async function namedPoints(): Promise<readonly string[]> {
  const folder = join(import.meta.dirname, '../../src/engine')
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')
  return [...text.matchAll(/failpoint\((['`])([^'`]+)\1\)/g)].map(([, , point]) => point ?? '')
}

const points = [
  ...[
    'after-lease',
    'mid-part',
    'after-part',
    'after-partition',
    'before-manifest',
    'after-manifest',
    'before-commit',
    'after-commit',
  ].map((moment) => `extract.${moment}`),
  ...[
    'after-lease',
    'after-ddl',
    'mid-stage',
    'before-stage-commit',
    'after-stage-commit',
    'mid-publish',
    'before-publish-commit',
    'after-publish-commit',
    'after-record',
  ].map((moment) => `load.${moment}`),
  ...['after-lease', 'after-ddl', 'mid-rebuild', 'before-commit', 'after-commit', 'after-record'].map(
    (moment) => `mart.${moment}`,
  ),
]

describe('a run that breaks at', () => {
  let undisturbed: Awaited<ReturnType<typeof stateOf>>
  beforeAll(async () => {
    const project = await filledProject()
    const outcomes = await runAll(project)
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 4, 0, 4, 0])
    undisturbed = await stateOf(project)
    await project.close()
  })

  test('every point that the engine names is in the table', async () => {
    const named = (await namedPoints()).flatMap((point) =>
      // Written for all kinds of steps at once; an extraction is recorded by its commit.
      point.startsWith('$') ? ['load', 'mart'].map((kind) => point.replace(/^\$\{[^}]+\}/, kind)) : [point],
    )
    expect([...new Set(named)].toSorted()).toEqual(points.toSorted())
  })

  let project: EngineProject
  beforeEach(async () => {
    project = await filledProject()
  })
  afterEach(() => project.close())

  test.each(points)('%s: the same commands reach the same', async (point) => {
    const times = failAt(project, point)
    const broken = await runAll(project)
    expect(times()).toBeGreaterThan(0)
    expect(broken.filter(({ error }) => error?.message.includes(`broken at ${point}`))).toHaveLength(times())
    project.failpoint = async () => {}
    for (const outcome of await runAll(project)) expect(outcome.error).toBeUndefined()
    expect(await stateOf(project)).toEqual(undisturbed)
    expect((await runAll(project)).map(({ status }) => status)).toEqual(all.map(() => 'DONE_BEFORE'))
  })
})

describe('a source that cannot be reached', () => {
  let project: EngineProject
  let opened: number
  beforeEach(async () => {
    project = await filledProject()
    opened = 0
  })
  afterEach(() => project.close())

  const unreachable = () => new SluiceError('SOURCE_UNREACHABLE', 'The shop did not answer.', { hint: 'Start the shop.' })

  /** Fails `times` times, behind the first rows of each reading. */
  function failing(source: Source, times: number): Source {
    return {
      check: () => source.check(),
      describe: (resource) => source.describe(resource),
      close: () => source.close(),
      open: async (request) => {
        const reading = await source.open(request)
        opened += 1
        const breaks = opened <= times
        return {
          schema: reading.schema,
          window: reading.window,
          expectedRows: reading.expectedRows,
          partitions: reading.partitions,
          async *read(partition) {
            yield* reading.read(partition)
            if (breaks) throw unreachable()
          },
          close: () => reading.close(),
        } satisfies Reading
      },
    }
  }

  async function manifest(): Promise<Manifest> {
    const committed = await project.control.extractions.latest('extract/orders', batch)
    if (!committed) throw new Error('nothing was committed')
    const chunks: Uint8Array[] = []
    for await (const chunk of project.lake.read(committed.manifestPath)) chunks.push(Uint8Array.from(chunk))
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Manifest
  }

  test('twice is read a third time, under a path of its own; the tries before leave nothing', async () => {
    project.source = (source) => failing(source, 2)
    const outcome = await project.run('extract/orders', batch)
    expect(outcome).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    const { attempt, parts } = await manifest()
    expect([opened, attempt]).toEqual([3, 3])
    const folder = `orders/${batch}/${outcome.runId}/3`
    expect(await lakePaths(project)).toEqual([`${folder}/manifest.json`, `${folder}/part-00001.parquet`])
    expect(parts).toMatchObject([{ rows: 2, path: `${folder}/part-00001.parquet` }])
  })

  test('in any try fails the run with its last error; the command again reads from the beginning', async () => {
    project.source = (source) => failing(source, 3)
    const outcome = await project.run('extract/orders', batch)
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 69, error: { code: 'SOURCE_UNREACHABLE' } })
    expect(opened).toBe(3)
    expect(await lakePaths(project)).toEqual([])
    expect(await project.control.extractions.cursor('extract/orders')).toBeUndefined()
    const [run] = await project.control.runs.list({ script: 'extract/orders', limit: 1 })
    expect(run).toMatchObject({ status: 'FAILED', exitCode: 69, errorCode: 'SOURCE_UNREACHABLE', live: false })
    expect(await project.run('extract/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0 })
  })

  test('is not tried again behind the deadline', async () => {
    project.settings = { ...project.settings, retry: { attempts: 9, firstDelayMs: 1, deadlineMs: 0 } }
    project.source = (source) => failing(source, 9)
    expect(await project.run('extract/orders', batch)).toMatchObject({ status: 'FAILED', exitCode: 69 })
    expect(opened).toBe(1)
    expect(await lakePaths(project)).toEqual([])
  })

  test('is not tried again when the failure is of another kind', async () => {
    project.source = (source) => ({
      ...failing(source, 0),
      open: async () => {
        opened += 1
        throw new SluiceError('SOURCE_FAILED', 'The shop has no such table.', { hint: 'Create it.' })
      },
    })
    expect(await project.run('extract/orders', batch)).toMatchObject({
      status: 'FAILED',
      exitCode: 69,
      error: { code: 'SOURCE_FAILED' },
    })
    expect(opened).toBe(1)
  })
})

describe('a warehouse that reports a conflict', () => {
  let project: EngineProject
  beforeAll(async () => {
    project = await filledProject()
    await project.run('extract/orders', batch)
  })
  afterAll(() => project.close())

  test('in the transaction that publishes: the load is done again and publishes once', async () => {
    let conflicts = 0
    project.session = (session) => ({
      query: (statement) => session.query(statement),
      copyInto: (copy) => session.copyInto(copy),
      execute: async (statement) => {
        const changed = await session.execute(statement)
        if (!statement.sql.startsWith('INSERT INTO target.orders') || conflicts > 0) return changed
        conflicts += 1
        throw new SluiceError('TARGET_CONFLICT', 'Another transaction was first.', { hint: 'Run it again.' })
      },
    })
    expect(await project.run('load/orders', batch)).toMatchObject({ status: 'DONE', exitCode: 0, error: undefined })
    expect(conflicts).toBe(1)
    expect(await project.rows('SELECT count(*) FROM target.orders')).toEqual([['2']])
    expect(await project.rows('SELECT inserted FROM audit.ledger')).toEqual([['2']])
  })
})
