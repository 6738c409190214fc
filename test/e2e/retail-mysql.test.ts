import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { format } from 'mysql2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningServer, startApi } from '../../examples/retail/demo/api-server.ts'
import { check } from '../../examples/retail/demo/checker.ts'
import { changeSources, keepSources, makeSources } from '../../examples/retail/demo/data.ts'
import { keepKeys } from '../../examples/retail/demo/dimension-keys.ts'
import { type RunningSftp, startSftp } from '../../examples/retail/demo/sftp-server.ts'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts'

const example = join(import.meta.dirname, '../../examples/retail')
const batches = ['2025-10-01', '2025-10-02'] as const

describeWith(['mariadb'], 'the retail example with SHOP_URL', () => {
  let project: CliProject
  let api: RunningServer
  let sftp: RunningSftp
  let server: MariadbServer

  beforeAll(async () => {
    project = await cliProject({})
    for (const name of ['sluice.config.ts', 'types', 'extract', 'load', 'marts']) {
      await cp(join(example, name), join(project.folder, name), { recursive: true })
    }
    const sources = join(project.folder, 'sources')
    await makeSources(sources, { date: batches[0], rows: 2_000 })
    server = await startMariadb()
    await server.run(`CREATE TABLE sales (
      sale_id BIGINT NOT NULL PRIMARY KEY, sold_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL, store_id BIGINT,
      asin VARCHAR(20) NOT NULL, quantity BIGINT NOT NULL, AMT DECIMAL(12,2) NOT NULL, note TEXT, KEY (updated_at))`)
    api = await startApi({ folder: join(sources, 'catalog'), key: 'the key' })
    sftp = await startSftp({ folder: join(sources, 'closures'), user: 'branches', password: 'the password' })
  })
  afterAll(async () => {
    await api.close()
    await sftp.close()
    await server.stop()
    await project.remove()
  })

  /** What the file of the shop holds; a row that MySQL itself would not take is in neither target. */
  async function copyShop(): Promise<void> {
    const database = new DatabaseSync(join(project.folder, 'sources/shop.db'), { readOnly: true })
    const rows = database.prepare("SELECT * FROM sales WHERE quantity <> 'many'").all()
    database.close()
    const values = rows.map((row) => Object.values(row))
    await server.run(format('REPLACE INTO sales VALUES ?', [values]))
  }

  const environment = () => ({
    SHOP_URL: server.url,
    CATALOG_URL: `http://127.0.0.1:${api.port}`,
    CATALOG_KEY: 'the key',
    STORES_DIR: 'sources/stores',
    SFTP_HOST: '127.0.0.1',
    SFTP_PORT: String(sftp.port),
    SFTP_USER: 'branches',
    SFTP_PASSWORD: 'the password',
    SFTP_HOST_KEY: sftp.hostKey,
  })

  test('the checker finds every row equal after two batches', async () => {
    const options = {
      snapshots: join(project.folder, 'snapshots'),
      batches,
      warehouse: join(project.folder, 'data/retail.duckdb'),
    }
    const sources = join(project.folder, 'sources')
    expect(await project.sluice(['register'], environment())).toMatchObject({ exitCode: 0, stderr: '' })
    for (const [batch, exitCode] of [
      [batches[0], 0],
      [batches[1], 4],
    ] as const) {
      if (batch === batches[1]) await changeSources(sources, { date: batch })
      await copyShop()
      await keepSources(sources, options.snapshots, batch)
      expect(await project.sluice(['run', '--batch', batch], environment())).toMatchObject({ exitCode, stderr: '' })
      await keepKeys(options.warehouse, options.snapshots, batch)
    }
    expect(await check(options)).toEqual([])
  })
})
