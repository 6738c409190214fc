import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { serialize } from 'node:v8'
import { afterEach, expect, test } from 'vitest'
import { runProject } from '../../src/testing.ts'
import { type DocsFolder, docsFolder } from '../fixtures/docs-page.ts'
import { runProjectFolder } from '../fixtures/run-project.ts'

let folder: DocsFolder | undefined
afterEach(() => folder?.remove())

const load = `
import { load } from 'sluice-etl'
import extraction from '../extract/NAME.ts'
export default load(extraction, { into: 'NAME', write: { disposition: 'append' } })
`

test('docs/own-code.md: the code compiles, and reads what its source answers', async () => {
  folder = await docsFolder(['README.md', 'docs/own-code.md'], { 'load/rates.ts': load.replaceAll('NAME', 'rates') })
  expect(await folder.compile()).toBe('')
  const asked: unknown[] = []
  const run = await runProject({
    folder: folder.root,
    environment: { RATES_URL: 'https://rates.example.com', RATES_KEY: 'hush-hush' },
    before: [{ batch: '2026-11-21' }],
    batch: '2026-11-22',
    only: ['load/rates'],
    fetch: (url, { headers }) => {
      asked.push([url, headers])
      const day = new URL(url).searchParams.get('from')
      return Response.json([
        {
          day,
          rates: [
            { currency: 'EUR', rate: '1.08', origin: 'ECB' },
            { currency: 'USD', rate: '1' },
          ],
        },
      ])
    },
  })
  expect(run.outcomes.map(({ error }) => error)).toEqual([undefined, undefined])
  const headers = { 'x-api-key': 'hush-hush' }
  expect(asked).toEqual([
    ['https://rates.example.com/rates?from=2026-01-01&until=2026-11-22', headers],
    ['https://rates.example.com/rates?from=2026-11-22&until=2026-11-23', headers],
  ])
  expect(run.rows('rates').slice(2)).toEqual([
    { day: '2026-11-22', currency: 'EUR', rate: '1.080000', source: 'ECB' },
    { day: '2026-11-22', currency: 'USD', rate: '1.000000', source: null },
  ])
})

test('docs/own-source.md: the source compiles, passes the cases, and works in its project', async () => {
  folder = await docsFolder(['docs/own-source.md'], { 'load/sessions.ts': load.replaceAll('NAME', 'sessions') })
  expect(await folder.compile()).toBe('')
  const proven = await folder.node(['--test', 'sources/snapshots.test.ts'])
  expect(proven).toMatchObject({ exitCode: 0, output: expect.stringMatching(/pass 14\s/) })
  expect(proven.output.match(/skipped, the source cannot/g)).toHaveLength(3)
  await mkdir(join(folder.root, 'snapshots'))
  const rows = [{ id: 1n, name: 'one' }, { id: 9_007_199_254_740_993n }, { id: 'x' }]
  await writeFile(join(folder.root, 'snapshots/sessions.v8'), serialize(rows))
  const environment = { SNAPSHOTS: join(folder.root, 'snapshots') }
  const outcomes = await runProjectFolder(folder.root, { batch: '2026-11-22', environment })
  expect(outcomes.map(({ script, exitCode, error }) => [script, exitCode, error?.code])).toEqual([
    ['extract/sessions', 4, undefined],
    ['load/sessions', 65, 'REJECTS_OVER_LIMIT'],
  ])
  expect(outcomes[0]?.ledger).toContainEqual({ hop: 'source-read', term: 'expected', rows: 3 })
})

async function shopProject(pages: readonly string[]): Promise<DocsFolder> {
  folder = await docsFolder(['README.md', ...pages])
  const database = new DatabaseSync(join(folder.root, 'shop.db'))
  database.exec(`CREATE TABLE sales (sale_id INTEGER NOT NULL, updated_at TIMESTAMP NOT NULL, AMT DECIMAL(12,2) NOT NULL, note TEXT);
    INSERT INTO sales VALUES (1, '2025-01-01 10:00:00', 1.10, NULL), (2, '2025-01-01 10:00:01', 22222222.22, 'x')`)
  database.close()
  return folder
}

test('docs/library.md: every example compiles and says what is there', async () => {
  const { root, compile, node } = await shopProject(['docs/library.md'])
  expect(await compile()).toBe('')
  const environment = { SHOP_DB: 'shop.db' }
  await runProjectFolder(root, { batch: '2026-11-22', environment })
  const database = new DatabaseSync(join(root, 'shop.db'))
  database.exec(`INSERT INTO sales VALUES (3, strftime('%Y-%m-%d %H:%M:%S', 'now', '-1 second'), 3.30, NULL)`)
  database.close()
  const said = async (tool: string, more = {}) => {
    const { exitCode, output } = await node([`tools/${tool}.ts`], { ...environment, ...more })
    expect([tool, exitCode, exitCode === 0 ? '' : output]).toEqual([tool, 0, ''])
    return output
  }
  expect(await said('status')).toMatch(
    /^extract\/sales is done for batch 2026-11-22\. .*\nload\/sales is done .*\nSUCCESS 0\n(.*\n)*typed-target inserted 2\n/,
  )
  expect((await said('packages')).split('\n').sort()).toEqual(['', 'manifest.json true', 'part-00001.parquet true'])
  expect(await said('totals')).toBe(`1 [ { amount: '22222223.32' } ]\n`)
  expect(await said('totals')).toBe(`1 [ { amount: '22222223.32' } ]\n`)
  // Either behind the horizon already, or not yet.
  expect(['', '3 3.30\n']).toContain(await said('changed'))
  const server = createServer((_, response) => void response.writeHead(404).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await said('ping', { PING_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })
  server.closeAllConnections()
  server.close()
  expect(await readFile(join(root, 'log/ping.log'), 'utf8')).toContain('"status":404,"msg":"pinged"')
})

test('docs/testing.md: the examples compile and pass, with node --test and with Vitest', async () => {
  const { compile, node } = await shopProject(['docs/testing.md'])
  expect(await compile()).toBe('')
  expect(await node(['--test', 'test/sales.test.ts'])).toMatchObject({ exitCode: 0, output: expect.stringMatching(/pass 1\s/) })
  const vitest = await node(['node_modules/vitest/vitest.mjs', 'run', 'test/sales.spec.ts'])
  expect(vitest).toMatchObject({ exitCode: 0, output: expect.stringMatching(/1 passed/) })
})
