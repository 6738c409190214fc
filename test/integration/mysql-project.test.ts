import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeMysql } from '../fixtures/mysql-products.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'
import { runProjectFolder } from '../fixtures/run-project.ts'
import { config, folderWith } from '../fixtures/sales-project.ts'

let server: MysqlServer

const scripts = (resource: string) => ({
  'sluice.config.ts': config
    .replace("sqlite({ path: env('SHOP_DB') })", "mysql({ url: secret('SHOP_URL') })")
    .replace('project, sqlite,', 'mysql, project, secret,'),
  'extract/sales.ts': `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(${resource}, { description: 'Sales' })
`,
  'load/sales.ts': `
import { load } from 'sluice-etl'
import sales from '../extract/sales.ts'
export default load(sales, { into: 'sales', write: { disposition: 'replace' } })
`,
})

/** Count and sums of the target, as the server would say them. */
async function loaded(root: string): Promise<readonly string[]> {
  const instance = await DuckDBInstance.create(join(root, 'data/p.duckdb'))
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(
    'SELECT COUNT(*), COUNT(DISTINCT code), SUM(amount), MIN(code), MAX(day) FROM target.sales',
  )
  connection.closeSync()
  instance.closeSync()
  return reader.getRows().flatMap((row) => row.map(String))
}

describeMysql('a project on %s', (_product, start) => {
  beforeAll(async () => {
    server = await start()
    await server.run(
      'CREATE TABLE sales (code VARCHAR(20) NOT NULL PRIMARY KEY, day DATE NOT NULL, amount DECIMAL(12,2), note TEXT)',
      `INSERT INTO sales SELECT CONCAT(ELT(seq % 3 + 1, 'a', 'B', 'é'), seq), DATE'2025-01-01' + INTERVAL seq % 40 DAY, seq * 1.01, REPEAT('n', seq % 50) FROM ${server.sequence(20_000)}`,
    )
  })

  afterAll(() => server?.stop())

  test.each([
    ["shop.table('sales', { exclude: ['note'], where: 'day >= :batch', parallel: 3, partitionRows: 3000 })"],
    ["shop.table('sales', { where: 'day >= :batch', parallel: 2, partitionRows: 3000, consistency: 'partition' })"],
    [
      "shop.query('late sales', 'SELECT code, day, amount FROM sales WHERE day >= :batch', { partitionBy: 'code', partitionRows: 3000 })",
    ],
  ])('loads %s', async (resource) => {
    const { root } = await folderWith(scripts(resource))
    const environment = { SHOP_URL: server.url, DROP_DIR: 'drop' }
    const outcomes = await runProjectFolder(root, { batch: '2025-01-20', environment })
    expect(outcomes.map(({ error }) => error?.message)).toEqual([undefined, undefined])
    const [said = []] = await server.run(
      "SELECT COUNT(*), COUNT(DISTINCT code), SUM(amount), MIN(BINARY code), MAX(day) FROM sales WHERE day >= '2025-01-20'",
    )
    expect(await loaded(root)).toEqual(said)
  })
})
