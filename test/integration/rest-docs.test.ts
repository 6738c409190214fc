import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runGraph } from '../../src/engine/run-graph.ts'
import type { OpenContext } from '../../src/project/open-context.ts'
import { openProject } from '../../src/project/open-project.ts'
import { type Got, json, type RestServer, restServer } from '../fixtures/rest-server.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/connectors/rest.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(([, path = '', text = '']) => [path, text] as const),
)

let server: RestServer
let folder: ProjectFolder
let opened: OpenContext
beforeAll(async () => {
  server = await restServer()
  server.answer(shop)
  const loads = ['orders', 'order_lines', 'returns'].map((name) => {
    const keys: Readonly<Record<string, string>> = {
      orders: "['order_id']",
      order_lines: "['order_id', 'line']",
      returns: "['return_id']",
    }
    const write = `{ disposition: 'merge', key: ${keys[name]} }`
    return [
      `load/${name}.ts`,
      `import { load } from 'sluice-etl'\nimport rows from '../extract/${name}.ts'\nexport default load(rows, { into: '${name}', write: ${write} })\n`,
    ]
  })
  folder = await projectFolder({ ...files, ...Object.fromEntries(loads) })
  const project = await openProject(folder.root, { SHOP_URL: `${server.url}`, SHOP_KEY: 'canary-key', CATEGORY: 'c 1' })
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
})
afterAll(async () => {
  await opened.close()
  await folder.remove()
  await server.close()
})

/** The API that the page speaks of. */
function shop({ url, body }: Got) {
  if (url.pathname === '/v1/products') {
    const products =
      url.searchParams.get('page') === '1'
        ? [{ sku: 'a', details: { title: 'A' }, price: 1.5 }]
        : [{ sku: 'b', price: null, details: { title: 'B' } }]
    return json({ meta: { total: 2 }, data: { products } })
  }
  if (url.pathname === '/v1/orders') {
    const isLast = url.searchParams.has('p')
    const rows = [{ id: isLast ? 2 : 1, updated_at: `2026-01-0${isLast ? 2 : 1}T10:00:00Z` }]
    return json(rows, isLast ? {} : { link: '</v1/orders?p=2>; rel="next"' })
  }
  const order = /^\/v1\/orders\/(\d)\/lines$/.exec(url.pathname)?.[1]
  if (order !== undefined)
    return json({
      lines: [
        { line: 1, sku: `of ${order}` },
        { line: 2, sku: 'a' },
      ],
    })
  if (url.pathname === '/v1/returns/search')
    return json({ hits: JSON.parse(body).paging.number === 1 ? [{ return_id: 'r' }] : [] })
  return { status: 404 }
}

test('the page has a project and its scripts', () => {
  expect(Object.keys(files).sort()).toEqual([
    'extract/order_lines.ts',
    'extract/orders.ts',
    'extract/products.ts',
    'extract/returns.ts',
    'load/products.ts',
    'sluice.config.ts',
    'test/connection.ts',
  ])
})

test('they pass the compiler', async () => {
  const root = join(import.meta.dirname, '../..')
  const paths = { 'sluice-etl': [join(root, 'src/index.ts')] }
  const compilerOptions = { paths, typeRoots: [join(root, 'node_modules/@types')], rootDir: '/' }
  const options = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts', 'extract', 'load', 'test'] }
  await folder.write('tsconfig.json', JSON.stringify(options))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder.root, '--noEmit'], { encoding: 'utf8' })
  expect([stdout, status]).toEqual(['', 0])
})

test('its scripts read what they say, and the next batch only what is new', async () => {
  const { context } = opened
  const { outcomes } = await runGraph(context, { scripts: context.scripts, batch: '2026-01-03', force: false })
  expect(outcomes.map(({ script, exitCode, error }) => [script, exitCode, error?.message]).sort()).toEqual(
    ['order_lines', 'orders', 'products', 'returns']
      .flatMap((name) => [`extract/${name}`, `load/${name}`])
      .sort()
      .map((id) => [id, 0, undefined]),
  )
  const warehouse = await context.warehouse()
  const rows = async (sql: string) => (await warehouse.query({ sql })).map((row) => Object.values(row).map(String))
  expect(await rows('SELECT sku, title, price FROM target.products ORDER BY 1')).toEqual([
    ['a', 'A', '1.50'],
    ['b', 'B', 'null'],
  ])
  expect(await rows('SELECT order_id, line, sku FROM target.order_lines ORDER BY 1, 2')).toEqual([
    ['1', '1', 'of 1'],
    ['1', '2', 'a'],
    ['2', '1', 'of 2'],
    ['2', '2', 'a'],
  ])
  expect(await rows('SELECT return_id FROM target.returns')).toEqual([['r']])
  const products = server.got.find(({ url }) => url.pathname === '/v1/products')
  expect(products?.url.search).toBe('?country=US&category=c+1&page=1&limit=100')
  expect(products?.headers['x-rapidapi-key']).toBe('canary-key')
  expect(server.got.find(({ method }) => method === 'POST')?.body).toBe(
    '{"state":["open","closed"],"paging":{"size":50,"number":1}}',
  )

  const before = server.got.length
  const orders = context.scripts.filter(({ id }) => id === 'extract/orders' || id === 'extract/order_lines')
  await runGraph(context, { scripts: orders, batch: '2026-01-04', force: false })
  const asked = server.got.slice(before).filter(({ url }) => url.pathname === '/v1/orders' && !url.searchParams.has('p'))
  expect(asked.map(({ url }) => url.searchParams.get('updated_since'))).toEqual(['2026-01-02T09:55:00Z', '2026-01-02T09:55:00Z'])
})
