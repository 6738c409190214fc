import { execFileSync } from 'node:child_process'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Source } from '../src/contracts/source.ts'
import { PartSeries } from '../src/engine/extract-parts.ts'
import { openLocalLake } from '../src/lakes/local.ts'
import { readRequest } from '../src/testing/read-request.ts'
import { type Cost, measured, type Run } from './measure.ts'

const root = join(import.meta.dirname, '..')

/** The other movers of `sql-peers.py`, with the environment each runs in and what it leaves. */
const peers = {
  connectorx: { environment: 'sql-peers', rows: "'rows.parquet'" },
  'dlt-parquet': { environment: 'sql-peers', rows: "'rows/bench/lineitem/*.parquet'" },
  'dlt-duckdb': { environment: 'sql-peers', rows: 'peer.bench.lineitem' },
  ingestr: { environment: 'ingestr', rows: 'peer.bench.lineitem' },
  sling: { environment: 'sling', rows: "'rows.csv'" },
} as const

export type Peer = keyof typeof peers

/** Installs the movers. */
export function installPeers(names: readonly Peer[]): void {
  const environments = new Set(names.map((name) => peers[name].environment))
  execFileSync(process.execPath, [join(root, 'scripts/services.ts'), ...environments], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** One run of another mover, from `database.table` at the url; its start is not counted. */
export async function runPeer(name: Peer, url: string, table: string, folder: string): Promise<Run> {
  const { environment, rows } = peers[name]
  const out = join(folder, name)
  await mkdir(out)
  try {
    const python = join(root, '.cache/python', environment, 'bin/python')
    const script = join(import.meta.dirname, 'sql-peers.py')
    const said = execFileSync(python, [script, name, url, table, out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const cost: Cost = JSON.parse(said.trim().split('\n').at(-1) ?? '')
    const isFile = rows.startsWith("'")
    const facts = await factsOf(isFile ? `'${out}/${rows.slice(1)}` : rows, isFile ? undefined : join(out, 'target.duckdb'))
    return { ...cost, facts }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/**
 * A table from a source to staged Parquet, on the way that an extraction takes: snapshot, count, row numbers and the other
 * system columns, the size and SHA-256 of each part, parts made durable by fsync; the control store is left out.
 */
export async function stageTable(open: () => Promise<Source>, locator: string, folder: string): Promise<Run> {
  const lakeFolder = join(folder, 'lake')
  const lake = await openLocalLake({ path: lakeFolder })
  const runId = crypto.randomUUID()
  const common = { lake, batch: '2025-01-01', runId, extractedAt: new Date().toISOString(), folder: runId }
  const { result, ...cost } = await measured(async () => {
    const source = await open()
    const reading = await source.open(readRequest({ source: 'shop', locator, options: {}, columns: undefined }))
    const parts = new PartSeries({ ...common, name: 'part', columns: reading.schema.columns })
    for (const partition of reading.partitions) {
      let ordinal = 0
      for await (const { batch } of reading.read(partition)) {
        const first = ordinal + 1
        await parts.write(partition.id, batch, (index) => first + index)
        ordinal += batch.rows
      }
      if (ordinal !== reading.expectedRows) throw new Error(`${ordinal} rows came, ${reading.expectedRows} were counted`)
    }
    await parts.close()
    await reading.close()
    await source.close()
    return parts.finished
  })
  const files = join(lakeFolder, runId)
  const facts = await factsOf(`'${files}/*.parquet'`)
  if (!(await stat(files)).isDirectory()) throw new Error('nothing was staged')
  await rm(lakeFolder, { recursive: true })
  return { ...cost, facts, shown: { bytes: result.reduce((sum, part) => sum + part.bytes, 0) } }
}

/** What DuckDB finds in files, or in a table of the database at `path`, attached as `peer`. */
export async function factsOf(rows: string, path?: string): Promise<Run['facts']> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  if (path !== undefined) await connection.run(`ATTACH '${path}' AS peer (READ_ONLY)`)
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::VARCHAR, sum(l_orderkey)::VARCHAR, sum(l_extendedprice::DECIMAL(15,2))::VARCHAR FROM ${rows}`,
  )
  const [found = []] = reader.getRowsJson()
  return { rows: Number(found[0]), keys: String(found[1]), prices: String(found[2]) }
}
