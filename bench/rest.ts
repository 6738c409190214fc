import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { PartSeries } from '../src/engine/extract-parts.ts'
import { openLocalLake } from '../src/lakes/local.ts'
import type { DeclaredColumn } from '../src/model/script.ts'
import { openRest } from '../src/sources/rest.ts'
import { readRequest } from '../src/testing/read-request.ts'
import { type Bench, type Cost, least, measured, type Run, runContender, target } from './measure.ts'

const root = join(import.meta.dirname, '..')
const python = join(root, '.cache/python/dlt/bin/python')
const pages = 200
const fields = [
  'id',
  'sku',
  'title',
  'price',
  'currency',
  'stock',
  'category',
  'brand',
  'rating',
  'active',
  'updated_at',
  'description',
]
let server: ChildProcess | undefined

/**
 * 100,000 records of 12 fields in pages of 500 from a server of this machine, in a process of its own, to staged Parquet;
 * against a loop of `fetch` and `JSON.parse` that asks for the same pages one after the other and keeps nothing, and
 * against dlt's REST source with Parquet files as its destination.
 *
 * Ours has one request under way, checks the declared total, stages every value as text with the system columns of a part,
 * hashes the file and brings it safely to the disk (fsync). No control store. Not counted is the start of Node and Python.
 */
export const restBench: Bench = {
  contenders: {
    sluice: (folder) => readWithSluice(folder, 1),
    'sluice-4': (folder) => readWithSluice(folder, 4),
    'fetch-loop': readWithFetch,
    dlt: readWithDlt,
  },
  compared: ['sluice', 'fetch-loop', 'dlt'],
  async prepare(folder) {
    server = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./rest-server.ts'))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [port] = server.stdout === null ? [''] : await once(server.stdout, 'data')
    await writeFile(join(folder, 'port'), String(port).trim())
    execFileSync(process.execPath, [join(root, 'scripts/services.ts'), 'dlt'], { stdio: ['ignore', 'ignore', 'inherit'] })
    return { dlt: execFileSync(python, ['-c', 'import dlt; print(dlt.__version__)'], { encoding: 'utf8' }).trim() }
  },
  conclude(folder, runs) {
    const several = runContender('rest', 'sluice-4', folder)
    server?.stdin?.end()
    const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
    return [
      target('wall, ours / fetch-loop', wall('sluice') / wall('fetch-loop'), 1.6),
      target('wall, ours / dlt', wall('sluice') / wall('dlt'), 0.2),
      target('peak RSS of ours in MB', Math.max(...(runs.get('sluice') ?? []).map(({ rssMb }) => rssMb)), 250),
      `rows a second: ${perSecond(wall('sluice'))}, fetch-loop ${perSecond(wall('fetch-loop'))}, dlt ${perSecond(wall('dlt'))}; with four requests at once ${perSecond(several.wallMs)}`,
    ]
  },
}

async function readWithSluice(folder: string, concurrency: number): Promise<Run> {
  const baseUrl = await addressOf(folder)
  const path = join(folder, `lake-${process.pid}`)
  const lake = await openLocalLake({ path })
  const { result: parts, ...cost } = await measured(async () => {
    const source = await openRest({ baseUrl, allowPrivate: true })
    const page = { by: 'number', parameter: 'page', size: 500, total: '$.data.total' }
    const options = { method: 'GET', records: '$.data.products[*]', page, concurrency }
    const reading = await source.open(readRequest({ source: 'api', locator: '/', options, columns: fields.map(textColumn) }))
    const series = new PartSeries({
      lake,
      folder: 'products',
      name: 'part',
      columns: reading.schema.columns,
      batch: '2026-01-01',
      runId: 'bench',
      extractedAt: new Date().toISOString(),
    })
    let ordinal = 0
    for (const partition of reading.partitions) {
      for await (const { batch } of reading.read(partition)) {
        const first = ordinal + 1
        await series.write(partition.id, batch, (index) => first + index)
        ordinal += batch.rows
      }
    }
    await series.close()
    await source.close()
    return series.finished
  })
  const files = parts.map((part) => join(path, part.path))
  const facts = await factsOf(files)
  await lake.close()
  await rm(path, { recursive: true, force: true })
  return { ...cost, facts, shown: { bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) } }
}

async function readWithFetch(folder: string): Promise<Run> {
  const baseUrl = await addressOf(folder)
  const { result: facts, ...cost } = await measured(async () => {
    let [rows, ids, stocks] = [0, 0, 0]
    for (let page = 1; page <= pages; page++) {
      const response = await fetch(`${baseUrl}?page=${page}`)
      const { data } = JSON.parse(await response.text())
      rows += data.products.length
      for (const { id, stock } of data.products) {
        ids += id
        stocks += stock
      }
    }
    return { rows: String(rows), ids: String(ids), stocks: String(stocks) }
  })
  return { ...cost, facts }
}

async function readWithDlt(folder: string): Promise<Run> {
  const path = join(folder, `dlt-${process.pid}`)
  const script = join(import.meta.dirname, 'rest-dlt.py')
  const env = { ...process.env, RUNTIME__DLTHUB_TELEMETRY: 'false' }
  const said = execFileSync(python, [script, await addressOf(folder), path], { encoding: 'utf8', env })
  const names = await readdir(join(path, 'out/bench/products'))
  const facts = await factsOf(names.map((name) => join(path, 'out/bench/products', name)))
  await rm(path, { recursive: true, force: true })
  return { ...(JSON.parse(said) as Cost), facts }
}

function textColumn(name: string): DeclaredColumn {
  return { name, type: { kind: 'text' }, length: undefined, nullable: true, from: name }
}

async function addressOf(folder: string): Promise<string> {
  return `http://127.0.0.1:${await readFile(join(folder, 'port'), 'utf8')}/`
}

/** What DuckDB finds in the files. */
async function factsOf(files: readonly string[]): Promise<Record<'rows' | 'ids' | 'stocks', string>> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const names = files.map((file) => `'${file}'`).join(', ')
  const query = `SELECT count(*), sum(id::BIGINT), sum(stock::BIGINT) FROM read_parquet([${names}])`
  const [rows, ids, stocks] = ((await connection.runAndReadAll(query)).getRows()[0] ?? []).map(String)
  return { rows: rows ?? '', ids: ids ?? '', stocks: stocks ?? '' }
}

function perSecond(wallMs: number): string {
  return Math.round(100_000_000 / wallMs).toLocaleString('en')
}
