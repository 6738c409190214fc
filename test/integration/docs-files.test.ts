import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, expect, test } from 'vitest'
import { type DocsFolder, docsFolder } from '../fixtures/docs-page.ts'
import { runProjectFolder } from '../fixtures/run-project.ts'

let folder: DocsFolder | undefined
afterEach(() => folder?.remove())

const load = (name: string) => `
import { load } from 'sluice-etl'
import extraction from '../extract/${name}.ts'
export default load(extraction, { into: '${name}', write: { disposition: 'append' } })
`

test('docs/connectors/files.md: the project compiles and reads what its page says', async () => {
  const loads = { 'load/store.ts': load('store'), 'load/sale.ts': load('sale') }
  folder = await docsFolder(['docs/connectors/files.md'], loads)
  expect(await folder.compile()).toBe('')
  const drop = join(folder.root, 'drop')
  await mkdir(join(drop, 'sales'), { recursive: true })
  const export_ = Buffer.from('Store No;City;Boss\n7;K\xf6ln;x\n8;;y\n', 'latin1')
  await writeFile(join(drop, 'store_2025-01-01.csv.gz'), gzipSync(export_))
  await writeFile(join(drop, 'store_2024-12-31.csv.gz'), 'not read')
  const sales = (id: string) =>
    JSON.stringify({ data: { sales: [{ sale_id: id, sold_on: '2025-01-01', amount: { value: 1.1 } }] } })
  await writeFile(join(drop, 'sales/a.json'), sales('a'))
  await writeFile(join(drop, 'sales/a.json.done'), '')
  await writeFile(join(drop, 'sales/b.json'), sales('b'))
  const run = (batch: string) => runProjectFolder(folder?.root ?? '', { batch, environment: { DROP_FOLDER: drop } })
  const first = await run('2025-01-01')
  expect(first.map(({ script, error }) => [script, error?.message])).toEqual(first.map(({ script }) => [script, undefined]))
  await writeFile(join(drop, 'sales/b.done'), '')
  await run('2025-01-02')
  expect(await rows(`SELECT store_id, city FROM target.store WHERE _batch_id = DATE '2025-01-01' ORDER BY 1`)).toEqual([
    ['7', 'Köln'],
    ['8', 'null'],
  ])
  expect(await rows('SELECT sale_id, sold_on, price, _batch_id FROM target.sale ORDER BY 1')).toEqual([
    ['a', '2025-01-01', '1.10', '2025-01-01'],
    ['b', '2025-01-01', '1.10', '2025-01-02'],
  ])
})

async function rows(sql: string): Promise<readonly (readonly string[])[]> {
  const instance = await DuckDBInstance.create(join(folder?.root ?? '', 'data/files.duckdb'))
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(sql)
  connection.closeSync()
  instance.closeSync()
  return reader.getRows().map((row) => row.map(String))
}
