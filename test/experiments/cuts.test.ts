import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FaultKind, type FaultyProxy, openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { counts, lakePaths } from '../fixtures/published-state.ts'
import { type ChainProject, chainProject } from './chain.ts'
import { type Kind, onEach, openSource } from './databases.ts'
import { seeded } from './random.ts'
import { readWhole, tableOf } from './readings.ts'

const rows = 30_000
const offsets = 20
const kinds: readonly FaultKind[] = ['cut', 'reset', 'stall']
const idleTimeoutMs = 400
const connectTimeoutMs = 2_000
/** Of work of its own, on a machine that is busy with other things. */
const leewayMs = 4_000
/** A process that has not ended by then never will. */
const processMs = 30_000
/** A reading may need a few bytes less than the one before. */
const sureShare = 0.995

onEach((database, kind) => {
  let proxy: FaultyProxy
  let url: string

  beforeAll(async () => {
    const values = Array.from({ length: rows }, (_, id) => `(${id}, '${'x'.repeat(100)}')`).join(', ')
    await database().run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))', `INSERT INTO t VALUES ${values}`)
    proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port: database().port } })
    url = database().url.replace(`:${database().port}/`, `:${proxy.port}/`)
  })
  afterAll(() => proxy?.close())

  const settings = { idleTimeoutMs, connectTimeoutMs }

  /** How many rows come; rejects when it is cut. */
  async function read(): Promise<number> {
    const source = await openSource(kind, url, settings)
    try {
      return (await readWhole(source, tableOf('t'))).rows.length
    } finally {
      await source.close()
    }
  }

  /** Half of the offsets lie in the first kilobytes, where connections are made and the catalogue is read. */
  async function offsetsOf(seed: number, work: () => Promise<unknown>): Promise<readonly number[]> {
    proxy.set(undefined)
    await work()
    const reach = Math.floor(proxy.passed('to-client') * sureShare)
    const random = seeded(seed)
    return Array.from({ length: offsets }, (_, index) => Math.floor(index % 2 === 0 ? random() * reach : reach ** random()))
  }

  test.each(kinds)('%s at any byte is an error and never the end of a table', async (fault) => {
    expect(await read()).toBe(rows)
    let slowest = 0
    const places = await offsetsOf(kinds.indexOf(fault), read)
    for (const afterBytes of places) {
      proxy.set({ kind: fault, direction: 'to-client', afterBytes })
      const began = performance.now()
      await expect(read(), `${fault} after ${afterBytes} bytes`).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
      slowest = Math.max(slowest, performance.now() - began)
      expect(proxy.hasFired, `after ${afterBytes} bytes`).toBe(true)
    }
    proxy.set(undefined)
    expect(await read()).toBe(rows)
    console.log(
      `cuts, ${kind}, ${fault}: ${places.length} of ${places.length} are errors, the slowest after ${Math.round(slowest)} ms`,
    )
    expect(slowest).toBeLessThan(idleTimeoutMs + connectTimeoutMs + leewayMs)
  })

  describe('a whole run', () => {
    let project: ChainProject
    beforeAll(async () => {
      project = await chainProject({ kind, url, settings, tables: ['t'] })
    })
    afterAll(() => project?.close())

    test.each(kinds)('with a %s publishes nothing, and everything when it is repeated', async (fault) => {
      const { engine } = project
      const batch = `2026-01-0${1 + kinds.indexOf(fault)}`
      const before = [
        await lakePaths(engine),
        await engine.rows('SELECT _run_id, count(*) FROM target.t GROUP BY 1').catch(() => []),
      ]
      for (const afterBytes of (await offsetsOf(9, read)).slice(0, 4)) {
        proxy.set({ kind: fault, direction: 'to-client', afterBytes })
        const extraction = await engine.run('extract/t', batch)
        expect(proxy.hasFired).toBe(true)
        expect(extraction, `after ${afterBytes} bytes`).toMatchObject({ exitCode: 69, error: { code: 'SOURCE_UNREACHABLE' } })
        expect(await engine.run('load/t', batch)).toMatchObject({ error: { code: 'UPSTREAM_NOT_DONE' } })
        const after = [
          await lakePaths(engine),
          await engine.rows('SELECT _run_id, count(*) FROM target.t GROUP BY 1').catch(() => []),
        ]
        expect(after).toEqual(before)
      }
      proxy.set(undefined)
      const repeated = await engine.run('extract/t', batch)
      expect([repeated.exitCode, counts(repeated)['read']]).toEqual([0, rows])
      expect(await engine.run('load/t', batch)).toMatchObject({ exitCode: 0 })
      expect(await engine.rows('SELECT count(*), count(DISTINCT id), sum(id), min(length(v)) FROM target.t')).toEqual([
        [rows, rows, (rows * (rows - 1)) / 2, 100].map(String),
      ])
    })
  })

  describe('a process', () => {
    let project: CliProject
    beforeAll(async () => {
      project = await cliProject(filesOf(kind))
      expect(await project.sluice(['register'], { SHOP_URL: url })).toMatchObject({ exitCode: 0 })
    })
    afterAll(() => project?.remove())

    test.each(kinds)('with a %s does not end with 0 before it has all rows', async (fault) => {
      const [place = 0] = await offsetsOf(11, read)
      const batch = `2026-01-0${1 + kinds.indexOf(fault)}`
      const run = () => endedSoon(project.start(['run', '--batch', batch], { SHOP_URL: url }))
      proxy.set({ kind: fault, direction: 'to-client', afterBytes: place })
      expect(await run()).toMatchObject({ exitCode: 69 })
      expect(proxy.hasFired).toBe(true)
      proxy.set(undefined)
      expect(await run()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`inserted           │ ${rows}`) })
    })
  })
})

/** How the process ended; one that lives on long after its connections are dead is ended, and has no exit code. */
async function endedSoon(process: ReturnType<CliProject['start']>) {
  const timer = setTimeout(() => process.kill('SIGKILL'), processMs)
  try {
    return await process.ended
  } finally {
    clearTimeout(timer)
  }
}

function filesOf(kind: Kind): Readonly<Record<string, string>> {
  const connector = kind === 'postgres' ? 'postgres' : 'mysql'
  return {
    'sluice.config.ts': `
import { ${connector}, duckdb, localLake, project, secret, sqliteControl } from 'sluice-etl'
export const shop = ${connector}({ url: secret('SHOP_URL'), idleTimeoutMs: ${idleTimeoutMs}, connectTimeoutMs: ${connectTimeoutMs} })
export default project({
  name: 'cuts', timeZone: 'UTC', retry: { attempts: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/cuts.duckdb'), control: sqliteControl('data/control.db'),
})
`,
    'extract/t.ts': `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('t'), { description: 'All rows' })
`,
    'load/t.ts': `
import { load } from 'sluice-etl'
import t from '../extract/t.ts'
export default load(t, { into: 't', write: { disposition: 'replace' } })
`,
  }
}
