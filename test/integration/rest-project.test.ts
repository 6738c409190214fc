import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { extract } from '../../src/engine/extract.ts'
import type { OpenContext } from '../../src/project/open-context.ts'
import { openProject } from '../../src/project/open-project.ts'
import { refusal } from '../fixtures/rest-reading.ts'
import { type Answer, type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

let server: RestServer
let folder: ProjectFolder | undefined
let opened: OpenContext | undefined
beforeEach(async () => {
  server = await restServer()
})
afterEach(async () => {
  await opened?.close()
  opened = undefined
  await folder?.remove()
  folder = undefined
  await server.close()
})

const canary = 'canary-Zx9'
const environment = () => ({ API_URL: server.url, API_KEY: canary, COUNTRY: 'US', OWN: `${canary}-2` })

/** A project whose connection `api` and whose extraction are these. */
async function projectWith(connection: string, resource: string, more = '') {
  folder = await projectFolder({
    'sluice.config.ts': `
import { duckdb, env, localLake, project, rest, secret, sqliteControl } from 'sluice-etl'
export const api = rest(${connection})
export const other = rest({ baseUrl: 'https://other.example' })
export default project({
  name: 'p', timeZone: 'UTC', retry: { attempts: 3, firstDelayMs: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})`,
    'extract/items.ts': `
import { bigint, env, extract, json, secret, text, timestamptz } from 'sluice-etl'
import { api, other } from '../sluice.config.ts'
export default extract(${resource}, { description: 'Items'${more} })`,
  })
  return openProject(folder.root, environment())
}

const connection =
  "{ baseUrl: env('API_URL'), auth: { type: 'apiKey', key: secret('API_KEY'), header: 'X-Key' }, allowPrivate: true }"
const items = "api.get('/items', { records: '$.data[*]', columns: { id: bigint() } })"

async function contextOf(project: Awaited<ReturnType<typeof openProject>>) {
  opened = await project.openContext({ progress: () => {}, signal: new AbortController().signal })
  for (const { id, name, kind, description, frequency, owner, contentHash } of project.scripts) {
    await opened.context.control.scripts.register({
      id,
      name,
      kind,
      description,
      frequency,
      owner,
      contentHash,
      approve: true,
      by: 'test',
    })
  }
  return opened.context
}

/** Runs the extraction as the command line would. */
async function run(project: Awaited<ReturnType<typeof openProject>>, batch = '2026-01-01') {
  const context = await contextOf(project)
  const [script] = context.scripts
  if (script?.kind !== 'extract') throw new Error('there is no extraction')
  return extract(context, { script, batch, force: false })
}

describe('variables', () => {
  test('are read wherever they stand, when they are needed', async () => {
    server.answer(() => json({ data: [] }))
    const resource = `api.post('/items/' , {
      records: '$.data[*]', columns: { id: bigint() }, query: { country: env('COUNTRY'), n: 1 },
      headers: { 'X-Own': secret('OWN') }, body: { deep: [{ token: secret('OWN') }] }, idempotent: true,
    })`
    const { exitCode } = await run(await projectWith(connection, resource))
    expect(exitCode).toBe(0)
    const [got] = server.got
    expect(got?.headers).toMatchObject({ 'x-key': canary, 'x-own': `${canary}-2` })
    expect([got?.url.search, got?.body]).toEqual(['?country=US&n=1', `{"deep":[{"token":"${canary}-2"}]}`])
  })

  test('one that is not set is named when the source is opened', async () => {
    const project = await projectWith("{ baseUrl: env('NOWHERE') }", items)
    expect(await run(project)).toMatchObject({ exitCode: 78, error: { code: 'VARIABLE_UNSET' } })
  })

  test('secret ones of connection and resource are not in the log, nor in the outcome', async () => {
    server.answer(() => ({ status: 400, body: `the key ${canary} and ${canary}-2 are wrong` }))
    const resource = items.replace('columns', "query: { token: secret('OWN') }, columns")
    const project = await projectWith(connection, resource)
    const outcome = await run(project)
    const { readFile } = await import('node:fs/promises')
    const log = await readFile(`${folder?.root}/${outcome.logFile}`, 'utf8')
    expect(log).toContain('was answered with 400')
    expect(log).not.toContain('canary')
  })
})

describe('a run', () => {
  const page = (got: Got) => Number(got.url.searchParams.get('page'))
  const paged = items.replace('columns', "page: { parameter: 'page', total: '$.total' }, columns")
  const record = (got: Got): Answer => json({ data: [{ id: page(got) }], total: 3 })

  test('balances the declared total in its ledger', async () => {
    server.answer(record)
    const { exitCode, ledger } = await run(await projectWith(connection, paged))
    expect(exitCode).toBe(0)
    expect(ledger).toContainEqual({ hop: 'source-read', term: 'expected', rows: 3 })
    expect(ledger).toContainEqual({ hop: 'read-staged', term: 'staged', rows: 3 })
  })

  test('asks for a page that failed again, and for no other', async () => {
    let isDown = true
    server.answer((got) => {
      if (page(got) !== 2 || !isDown) return record(got)
      isDown = false
      return { status: 502 }
    })
    expect((await run(await projectWith(connection, paged))).exitCode).toBe(0)
    expect(server.got.map(page)).toEqual([1, 2, 2, 3])
  })

  test('reads all anew when the API lost rows meanwhile', async () => {
    let hasShrunk = false
    server.answer((got) => {
      if (page(got) === 2 && !hasShrunk) {
        hasShrunk = true
        return json({ data: [{ id: 2 }], total: 2 })
      }
      return record(got)
    })
    const { exitCode, ledger } = await run(await projectWith(connection, paged))
    expect(exitCode).toBe(0)
    expect(ledger).toContainEqual({ hop: 'read-staged', term: 'staged', rows: 3 })
    expect(server.got.map(page).slice(-3)).toEqual([1, 2, 3])
  })

  test.each([
    [{ status: 401 }, 78, 'SOURCE_DENIED'],
    [{ status: 404 }, 65, 'RESOURCE_NOT_FOUND'],
    [{ status: 204 }, 65, 'RESPONSE_INVALID'],
    [{ status: 500 }, 69, 'SOURCE_UNREACHABLE'],
    [{ headers: { 'content-type': 'text/html' }, body: '<p>' }, 65, 'RESPONSE_INVALID'],
    [{ status: 302, headers: { location: 'http://192.0.2.1/' } }, 65, 'RESPONSE_INVALID'],
    [{ body: '{"total":1,"data":[{"id":1}' }, 69, 'SOURCE_UNREACHABLE'],
  ] as const)('that is answered with %j ends with %i and leaves nothing', async (answer, exitCode, code) => {
    server.answer(() => answer)
    const project = await projectWith(connection, paged)
    const outcome = await run(project)
    expect(outcome).toMatchObject({ exitCode, status: 'FAILED', error: { code, hint: expect.stringMatching(/\.$/) } })
    const context = opened?.context
    const staged: string[] = []
    for await (const { path } of context?.lake.list('') ?? []) staged.push(path)
    expect(staged).toEqual([])
    expect(await context?.control.extractions.latest('extract/items', '2026-01-01')).toBeUndefined()
  })

  test('by a cursor goes on where the last one ended, and moves the cursor with its commit only', async () => {
    let isDown = false
    server.answer(({ url }) => {
      if (isDown) return { status: 500 }
      return json({ data: [{ id: 1, at: url.searchParams.has('since') ? '2026-01-03T00:00:00Z' : '2026-01-02T00:00:00Z' }] })
    })
    const resource = `api.get('/items', { records: '$.data[*]', window: { from: 'since' }, columns: { id: bigint(), at: timestamptz() } })`
    const project = await projectWith(connection, resource, ", cursor: { column: 'at', overlap: 60 }")
    const context = await contextOf(project)
    const [script] = context.scripts
    if (script?.kind !== 'extract') throw new Error('there is no extraction')
    const cursor = async () => (await context.control.extractions.cursor('extract/items'))?.value
    await extract(context, { script, batch: '2026-01-02', force: false })
    expect(await cursor()).toBe('2026-01-01T23:59:00Z')
    isDown = true
    await extract(context, { script, batch: '2026-01-03', force: false })
    expect(await cursor()).toBe('2026-01-01T23:59:00Z')
    isDown = false
    await extract(context, { script, batch: '2026-01-03', force: false })
    expect(server.got.at(-1)?.url.search).toBe('?since=2026-01-01T23%3A59%3A00Z')
    expect(await cursor()).toBe('2026-01-02T23:59:00Z')
  })
})

describe('what a project says wrongly', () => {
  const mistakes: readonly (readonly [string, string, string, string])[] = [
    [
      'a key that is no secret',
      connection.replace("secret('API_KEY')", "'abc'"),
      items,
      "the option 'key' of the connection api is a credential",
    ],
    [
      'an Authorization header that is no secret',
      "{ baseUrl: 'https://x', headers: { Authorization: 'Bearer x' } }",
      items,
      "'Authorization' of the connection api",
    ],
    ['a password in the address', "{ baseUrl: 'https://me:abc@x/' }", items, 'has a password in its option'],
    [
      'a credential in a resource',
      connection,
      items.replace('columns', "query: { api_key: 'abc' }, columns"),
      "'api_key' of the resource is a credential",
    ],
    [
      'an option that is misspelt',
      connection.replace('allowPrivate', 'alowPrivate'),
      items,
      "Did you mean to write 'allowPrivate'?",
    ],
    ['a misspelt option of a resource', connection, items.replace('records', 'record'), "Did you mean to write 'records'?"],
    [
      'a misspelt option of pages',
      connection,
      items.replace('columns', "page: { parametr: 'p' }, columns"),
      "Did you mean to write 'parameter'?",
    ],
    [
      'pages by something else',
      connection,
      items.replace('columns', "page: { by: 'token', parameter: 'p' }, columns"),
      "by none of 'number', 'offset', 'cursor' and 'link'",
    ],
    ['an unknown kind of credentials', "{ baseUrl: 'https://x', auth: { type: 'digest' } }", items, "none of the types 'apiKey'"],
    [
      'offset without a size',
      connection,
      items.replace('columns', "page: { by: 'offset', parameter: 'p' }, columns"),
      "'size' is missing",
    ],
    ['no columns', connection, "api.get('/items', { records: '$[*]' })", "'columns' is missing in the options of get"],
    [
      'a parent of another connection',
      connection,
      items.replace('columns', `parent: ${items.replace('api.', 'other.')}, columns`),
      "'parent' is no resource of the same connection",
    ],
    [
      'a parent that is none',
      connection,
      items.replace('columns', "parent: 'orders', columns"),
      "'parent' is no resource of the same connection",
    ],
    ['a body of a GET', connection, items.replace('columns', 'body: {}, columns'), "'body' does not exist in the options of get"],
  ]
  test.each(mistakes)('%s', async (_, options, resource, sentence) => {
    const error = await refusal(projectWith(options, resource))
    expect(error).toMatchObject({ exitCode: 78, message: expect.stringContaining(sentence) })
  })
})
