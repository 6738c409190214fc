/** Two batches of the example, one of them killed in the middle and repeated, and a check of every row by other means. */
import { spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import Table from 'cli-table3'
import { check } from './checker.ts'
import { changeSources, keepSources, makeSources } from './data.ts'
import { keepKeys } from './dimension-keys.ts'

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
    CATALOG_DIR: join(sources, 'catalog'),
    STORES_DIR: join(sources, 'stores'),
    ...(failpoint === undefined ? {} : { SLUICE_FAILPOINT: failpoint }),
  }
  const binary = join(project, '../../bin/sluice.js')
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
  say('The checker recomputed three targets and the mart from the sources: every row is equal, and every key points at its row.')
}

function say(text: string): void {
  console.log(`\n${text}`)
}

const started = performance.now()
await rm(data, { recursive: true, force: true })
await mkdir(sources, { recursive: true })
const [first, second] = batches
say(`Batch ${first}: 100,000 sales, 500 products, 40 stores`)
await makeSources(sources, { date: first })
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
say(
  `Done in ${((performance.now() - started) / 1000).toFixed(1)} s. Look around: cd examples/retail && node ../../bin/sluice.js audit runs`,
)
