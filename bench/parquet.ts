import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { DuckDBInstance, version } from '@duckdb/node-api'
import { ParquetWriter } from '../src/columnar/parquet-writer.ts'
import { type LineitemPool, lineitem, lineitemColumns, lineitemPool, lineitemSums } from './lineitem.ts'
import { type Bench, least, measured, type Run, runContender, target } from './measure.ts'

const rows = 3_000_000
const rowGroupRows = 524_288

/**
 * Column batches to a zstd Parquet file, against DuckDB's `COPY` of a table with the same content.
 *
 * Both start with their rows ready in memory, write with zstd level 1, statistics and row groups of 524,288 rows, keep
 * the order of the rows and leave the file to the system's cache (no fsync). Ours works with one thread and Node's pool
 * of four that compresses, DuckDB with two threads. What is timed is the writing alone, not Node's start.
 * DuckDB's memory has its whole table in it and is no comparison; ours has 80 MB of ready rows in it.
 */
export const parquetBench: Bench = {
  contenders: {
    pool: writePool,
    sluice: (folder) => writeWithSluice(folder, rows),
    'sluice-1m': (folder) => writeWithSluice(folder, 1_000_000),
    'sluice-10m': (folder) => writeWithSluice(folder, 10_000_000),
    duckdb: copyWithDuckdb,
  },
  compared: ['sluice', 'duckdb'],
  async prepare(folder) {
    runContender('parquet', 'pool', folder)
    // DuckDB's table is made from this file.
    runContender('parquet', 'sluice', folder)
    return { duckdb: version() }
  },
  conclude(folder, runs) {
    const ratio = (cost: (run: Run) => number) => least(runs, 'sluice', cost) / least(runs, 'duckdb', cost)
    const few = runContender('parquet', 'sluice-1m', folder).rssMb
    const many = runContender('parquet', 'sluice-10m', folder).rssMb
    return [
      target(
        'wall, ours / duckdb',
        ratio(({ wallMs }) => wallMs),
        1.3,
      ),
      target(
        'size, ours / duckdb',
        ratio(({ shown }) => shown?.['bytes'] ?? Number.NaN),
        1.15,
      ),
      target('peak RSS of ours in MB', Math.max(...(runs.get('sluice') ?? []).map(({ rssMb }) => rssMb)), 300),
      target(`peak RSS at 10 million rows (${many.toFixed(0)} MB) / at 1 million (${few.toFixed(0)} MB)`, many / few, 1.1),
    ]
  },
}

async function writePool(folder: string): Promise<Run> {
  const cost = await measured(() => writeFile(join(folder, 'pool.bin'), serialize(lineitemPool())))
  return { ...cost, facts: {} }
}

async function writeWithSluice(folder: string, wanted: number): Promise<Run> {
  const path = join(folder, `sluice-${wanted}.parquet`)
  const pool: LineitemPool = deserialize(await readFile(join(folder, 'pool.bin')))
  const file = await open(path, 'w')
  const sink = {
    async write(chunks: readonly Uint8Array[]) {
      for (let from = 0; from < chunks.length; from += 512) await file.writev(chunks.slice(from, from + 512))
    },
  }
  const { result, ...cost } = await measured(async () => {
    const writer = new ParquetWriter(sink, lineitemColumns, { rowGroupRows })
    for (const batch of lineitem(pool, wanted)) await writer.write(batch)
    const summary = await writer.finish()
    await file.close()
    return summary
  })
  const facts = await factsOf(path)
  const sums = lineitemSums(pool, wanted)
  const expected = [String(wanted), String(sums.keys), decimalText(sums.prices)].join()
  if ([facts.rows, facts.keys, facts.prices].join() !== expected) throw new Error(`${JSON.stringify(facts)} is not ${expected}`)
  return { ...cost, facts, shown: { bytes: result.bytes } }
}

async function copyWithDuckdb(folder: string): Promise<Run> {
  const path = join(folder, 'duckdb.parquet')
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
  await connection.run(`CREATE TABLE lineitem AS FROM read_parquet('${join(folder, `sluice-${rows}.parquet`)}')`)
  const options = `FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${rowGroupRows}`
  const { result, ...cost } = await measured(() => connection.run(`COPY lineitem TO '${path}' (${options})`))
  if (result.rowsChanged !== rows) throw new Error(`DuckDB copied ${result.rowsChanged} rows`)
  return { ...cost, facts: await factsOf(path), shown: { bytes: (await stat(path)).size } }
}

/** What DuckDB finds in a file. */
async function factsOf(path: string): Promise<Record<'rows' | 'keys' | 'prices' | 'comments' | 'days', string>> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(`
    SELECT count(*) AS rows, sum(l_orderkey) AS keys, sum(l_extendedprice) AS prices, sum(hash(l_comment)) AS comments,
      sum(l_shipdate - DATE '1970-01-01') AS days
    FROM read_parquet('${path}')`)
  const [rows, keys, prices, comments, days] = (reader.getRows()[0] ?? []).map(String)
  return { rows: rows ?? '', keys: keys ?? '', prices: prices ?? '', comments: comments ?? '', days: days ?? '' }
}

function decimalText(hundredths: bigint): string {
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')}`
}
