/** Two batches of the example, one of them killed in the middle and repeated, and a check of every row by other means. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import Table from 'cli-table3'
import { startApi } from './api-server.ts'
import { check } from './checker.ts'
import { changeSources, keepSources, makeSources } from './data.ts'
import { keepKeys } from './dimension-keys.ts'
import { startSftp } from './sftp-server.ts'

const project = join(import.meta.dirname, '..')
const data = join(project, 'data')
const sources = join(data, 'sources')
const snapshots = join(data, 'snapshots')
const warehouse = join(data, 'retail.duckdb')
const batches = ['2025-10-01', '2025-10-02'] as const

interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** Runs one command line of Sluice in the example's folder, shows it, and resolves when it ended. */
function sluice(args: readonly string[], failpoint?: string): Promise<Ended> {
  say(`$ ${failpoint === undefined ? '' : `SLUICE_FAILPOINT=${failpoint} `}sluice ${args.join(' ')}`)
  const variables = {
    SHOP_DB: join(sources, 'shop.db'),
    CATALOG_URL: `http://127.0.0.1:${api.port}`,
    CATALOG_KEY: apiKey,
    STORES_DIR: join(sources, 'stores'),
    SFTP_HOST: '127.0.0.1',
    SFTP_PORT: String(sftp.port),
    SFTP_USER: 'branches',
    SFTP_PASSWORD: sftpPassword,
    SFTP_HOST_KEY: sftp.hostKey,
    ...(failpoint === undefined ? {} : { SLUICE_FAILPOINT: failpoint }),
  }
  const binary = join(dirname(fileURLToPath(import.meta.resolve('sluice-etl/package.json'))), 'bin/sluice.js')
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: project,
    env: { ...process.env, ...variables },
    stdio: 'inherit',
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}

async function expectExit(args: readonly string[], exitCode: number): Promise<void> {
  const ended = await sluice(args)
  if (ended.exitCode !== exitCode) throw new Error(`Exit code ${ended.exitCode ?? ended.signal} instead of ${exitCode}.`)
}

async function expectKilled(args: readonly string[], failpoint: string): Promise<void> {
  const ended = await sluice(args, failpoint)
  if (ended.signal !== 'SIGKILL') throw new Error(`The run was to be killed, but ended with ${ended.exitCode ?? ended.signal}.`)
}

async function showMart(): Promise<void> {
  const instance = await DuckDBInstance.fromCache(warehouse)
  const connection = await instance.connect()
  const sql =
    'SELECT category, month, lines, quantity, CAST(amount AS VARCHAR) AS amount FROM mart.sales_by_category ORDER BY 1, 2 LIMIT 12'
  const result = await connection.runAndReadAll(sql)
  const table = new Table({ head: result.columnNames(), style: { head: [], border: [], compact: true } })
  for (const row of result.getRows()) table.push(row.map(String))
  say(`mart.sales_by_category, its first rows\n${table.toString()}`)
  connection.closeSync()
  instance.closeSync()
}

async function verify(): Promise<void> {
  const differences = await check({ snapshots, batches, warehouse })
  if (differences.length > 0) {
    throw new Error(`The checker found ${differences.length} differences:\n${differences.slice(0, 20).join('\n')}`)
  }
  say('The checker recomputed four targets and the mart from the sources: every row is equal, and every key points at its row.')
}

function say(text: string): void {
  console.log(`\n${text}`)
}

const [apiKey, sftpPassword] = [randomUUID(), randomUUID()]
const started = performance.now()
await rm(data, { recursive: true, force: true })
await mkdir(sources, { recursive: true })
const [first, second] = batches
say(
  `Batch ${first}: 100,000 sales from a database, 500 products from an API, 40 stores from a file, closures from an SFTP server`,
)
await makeSources(sources, { date: first })
const api = await startApi({ folder: join(sources, 'catalog'), key: apiKey })
const sftp = await startSftp({ folder: join(sources, 'closures'), user: 'branches', password: sftpPassword })
await keepSources(sources, snapshots, first)
await expectExit(['register'], 0)
await expectExit(['run', '--batch', first], 0)
await keepKeys(warehouse, snapshots, first)
say(
  `Batch ${second}: corrected, late and new sales, two hostile ones, one of an unknown store, newer files; killed in the middle of publishing`,
)
await changeSources(sources, { date: second })
await keepSources(sources, snapshots, second)
await expectKilled(['run', '--batch', second], 'load.mid-publish:kill')
await expectExit(['run', '--batch', second], 4)
await keepKeys(warehouse, snapshots, second)
await expectExit(['audit', 'runs'], 0)
await expectExit(['rejects', 'list'], 0)
await showMart()
await verify()
await api.close()
await sftp.close()
say(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s. Look around in ${project}: sluice audit runs`)
