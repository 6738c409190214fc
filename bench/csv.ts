import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance, version } from '@duckdb/node-api'
import { PartSeries } from '../src/engine/extract-parts.ts'
import { rejectColumns, rejectRecords } from '../src/engine/extract-rejects.ts'
import { openLocalLake } from '../src/lakes/local.ts'
import type { DeclaredColumn } from '../src/model/script.ts'
import { openLocalFiles } from '../src/sources/local-files.ts'
import { readRequest } from '../src/testing/read-request.ts'
import { lineitemColumns } from './lineitem.ts'
import { type Bench, least, measured, type Run, runContender, target } from './measure.ts'

const rows = 3_000_000
const names = lineitemColumns.map(({ name }) => name)

/**
 * A CSV file of 3,000,000 rows and 16 columns to staged Parquet, against DuckDB's `COPY` of `read_csv` with all columns as
 * text: both write zstd level 1 and keep the order of the rows.
 *
 * Ours is the way of an extraction from the file source to the lake: the file's SHA-256, row numbers and the other system
 * columns, refused rows kept aside (there are none here), the size and SHA-256 of each part, parts made durable by fsync;
 * the control store is left out. It works with one thread and Node's pool of four that compresses and writes; DuckDB with
 * two threads, without row numbers, hashes and fsync. The file lies in the system's cache for both.
 */
export const csvBench: Bench = {
  contenders: { sluice: stageWithSluice, duckdb: copyWithDuckdb },
  compared: ['sluice', 'duckdb'],
  async prepare(folder) {
    runContender('parquet', 'pool', folder)
    runContender('parquet', 'sluice', folder)
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
    await connection.run(`COPY (FROM '${join(folder, `sluice-${rows}.parquet`)}') TO '${csvPath(folder)}' (HEADER)`)
    return { duckdb: version(), megabytes: ((await stat(csvPath(folder))).size / 1e6).toFixed(0) }
  },
  async conclude(folder, runs) {
    const ratio = (cost: (run: Run) => number) => least(runs, 'sluice', cost) / least(runs, 'duckdb', cost)
    return [
      `rows of one that the other does not have, by EXCEPT ALL: ${await differences(folder)}`,
      target(
        'wall, ours / duckdb',
        ratio(({ wallMs }) => wallMs),
        1.5,
      ),
      target('peak RSS of ours in MB', Math.max(...(runs.get('sluice') ?? []).map(({ rssMb }) => rssMb)), 300),
    ]
  },
}

function csvPath(folder: string): string {
  return join(folder, 'lineitem.csv')
}

async function stageWithSluice(folder: string): Promise<Run> {
  const columns: readonly DeclaredColumn[] = names.map((name) => {
    return { name, type: { kind: 'text' }, length: undefined, nullable: true, from: name }
  })
  const source = await openLocalFiles({ folder })
  const lakeFolder = join(folder, 'lake')
  const lake = await openLocalLake({ path: lakeFolder })
  const common = { lake, batch: '2025-01-01', runId: crypto.randomUUID(), extractedAt: new Date().toISOString() }
  const options = { select: 'newest', format: { kind: 'csv' } }
  const { result, ...cost } = await measured(async () => {
    const reading = await source.open(readRequest({ source: 'files', locator: 'lineitem.csv', options, columns }))
    const series = { ...common, folder: common.runId }
    const parts = new PartSeries({ ...series, name: 'part', columns: reading.schema.columns })
    const refused = new PartSeries({ ...series, name: 'rejects', columns: rejectColumns })
    for (const partition of reading.partitions) {
      let ordinal = 0
      for await (const { batch, rowNumbers, rejects } of reading.read(partition)) {
        const first = ordinal + 1
        await parts.write(partition.id, batch, (index) => rowNumbers?.[index] ?? first + index)
        const records = rejectRecords(rejects, partition.id)
        await refused.write(partition.id, records.batch, (index) => records.rowNumbers[index] ?? 0)
        ordinal += batch.rows + rejects.length
      }
    }
    for (const kept of [parts, refused]) await kept.close()
    await reading.close()
    return { parts: parts.finished, files: reading.readFiles?.() }
  })
  if (result.files?.[0]?.sha256.length !== 64) throw new Error('the file was not hashed')
  const pattern = join(lakeFolder, common.runId, '*.parquet')
  const last = await ask(`SELECT max(_row), count(DISTINCT _row) FROM '${pattern}'`)
  if (last.join() !== `${rows},${rows}`) throw new Error(`row numbers up to ${last.join()}`)
  return { ...cost, facts: await factsOf(pattern), shown: { bytes: result.parts.reduce((sum, { bytes }) => sum + bytes, 0) } }
}

async function copyWithDuckdb(folder: string): Promise<Run> {
  const path = join(folder, 'duckdb.parquet')
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
  const options = 'FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1'
  const { result, ...cost } = await measured(() =>
    connection.run(`COPY (FROM read_csv('${csvPath(folder)}', all_varchar = true)) TO '${path}' (${options})`),
  )
  if (result.rowsChanged !== rows) throw new Error(`DuckDB copied ${result.rowsChanged} rows`)
  return { ...cost, facts: await factsOf(path), shown: { bytes: (await stat(path)).size } }
}

/** What DuckDB finds in the resource's own columns of some files. */
async function factsOf(pattern: string): Promise<Record<'rows' | 'hash', string>> {
  const [found = '', hash = ''] = await ask(`SELECT count(*), sum(hash(${names.join(', ')})) FROM '${pattern}'`)
  return { rows: found, hash }
}

/** The rows that only one of both has, how often counted too, in both directions. */
async function differences(folder: string): Promise<string> {
  const columns = names.join(', ')
  const [any = ''] = await ask(`SELECT any_value(filename) FROM read_parquet('${join(folder, 'lake/*/part-00001.parquet')}')`)
  const ours = `SELECT ${columns} FROM '${any.replace('part-00001', 'part-*')}'`
  const theirs = `SELECT ${columns} FROM '${join(folder, 'duckdb.parquet')}'`
  const [count = ''] = await ask(
    `SELECT (SELECT count(*) FROM (${ours} EXCEPT ALL ${theirs})) + (SELECT count(*) FROM (${theirs} EXCEPT ALL ${ours}))`,
  )
  return count
}

async function ask(sql: string): Promise<readonly string[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  return ((await connection.runAndReadAll(sql)).getRows()[0] ?? []).map(String)
}
