import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openProject } from '../../src/project/open-project.ts'
import { json, type RestServer, restServer } from '../fixtures/rest-server.ts'
import { runProjectFolder } from '../fixtures/run-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const [perSecond, pages] = [5, 9]
const extraction = (path: string) => `
import { bigint, extract } from 'sluice-etl'
import { api } from '../sluice.config.ts'
export default extract(
  api.get('${path}', { page: { parameter: 'page', total: '$.total' }, records: '$.data[*]', columns: { id: bigint() } }),
  { description: 'Items' },
)`

let server: RestServer
let folder: ProjectFolder
beforeEach(async () => {
  server = await restServer()
  folder = await projectFolder({
    'sluice.config.ts': `
import { duckdb, env, localLake, project, rest, sqliteControl } from 'sluice-etl'
export const api = rest({ baseUrl: env('API_URL'), rate: { perSecond: ${perSecond} }, allowPrivate: true })
export default project({
  name: 'p', timeZone: 'UTC',
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})`,
    'extract/one.ts': extraction('/one'),
    'extract/two.ts': extraction('/two'),
  })
})
afterEach(async () => {
  await server.close()
  await folder.remove()
})

/** When a request was let go at the earliest, since its process asked for it after the page before, and at the latest. */
interface Began {
  readonly earliest: number
  readonly latest: number
}

/** Answers pages of both resources, and keeps when they were asked for. */
function answering(onPage: (page: number) => void = () => {}): readonly Began[] {
  const requests: Began[] = []
  const before = new Map<string, number>()
  server.answer(({ url }) => {
    const now = performance.now()
    requests.push({ earliest: before.get(url.pathname) ?? Number.NEGATIVE_INFINITY, latest: now })
    before.set(url.pathname, now)
    const page = Number(url.searchParams.get('page'))
    onPage(page)
    return json({ data: [{ id: page }], total: pages })
  })
  return requests
}

/** The most requests that are sure to have begun within one second; what the network and a busy host add to the way is allowed for. */
function mostWithinSecond(requests: readonly Began[]): number {
  const counts = requests.map(
    ({ earliest: from }) => requests.filter(({ earliest, latest }) => earliest >= from && latest < from + 999).length,
  )
  return Math.max(...counts)
}

/** Runs the script in a process of its own; its exit code and what it complains about. */
async function run(script: string): Promise<readonly [number | null, string]> {
  const child = fork(join(import.meta.dirname, 'rest-budget-child.ts'), [folder.root, script, server.url], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const [exitCode] = await once(child, 'close')
  return [exitCode, complaints]
}

test('two processes that read from one connection stay under its rate together', async () => {
  // The tables of the control store are there before both open it.
  const { openContext } = await openProject(folder.root, { API_URL: server.url })
  await (await openContext({ progress: () => {}, signal: new AbortController().signal })).close()
  const requests = answering()
  expect(await Promise.all([run('extract/one'), run('extract/two')])).toEqual([
    [0, ''],
    [0, ''],
  ])
  expect(requests).toHaveLength(2 * pages)
  expect(mostWithinSecond(requests)).toBeLessThanOrEqual(perSecond)
})

test('a control store that someone else holds for a moment delays the next request, and no more', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<number>()
  const requests = answering((page) => {
    if (page !== 2) return
    const other = new DatabaseSync(join(folder.root, 'data/control.db'))
    other.exec('BEGIN IMMEDIATE')
    setTimeout(() => {
      other.exec('COMMIT')
      other.close()
      release(performance.now())
    }, 300)
  })
  const options = { batch: '2026-01-01', scripts: ['extract/one'], environment: { API_URL: server.url } }
  expect(await runProjectFolder(folder.root, options)).toMatchObject([{ exitCode: 0 }])
  expect(requests).toHaveLength(pages)
  expect(requests[2]?.latest).toBeGreaterThanOrEqual(await released)
})
