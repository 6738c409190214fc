import { spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { PartSeries } from '../src/engine/extract-parts.ts'
import { openLocalLake } from '../src/lakes/local.ts'
import { openPostgresSource } from '../src/sources/postgres.ts'
import { readRequest } from '../src/testing/read-request.ts'
import { type PostgresServer, startPostgres } from '../test/fixtures/postgres-server.ts'
import { type Bench, least, measured, type Run, target } from './measure.ts'

const rows = 3_000_000

/** The shape of TPC-H's lineitem; the hash makes it as hard to compress as real rows. */
const lineitem = `
  CREATE TABLE lineitem AS SELECT i / 4 AS l_orderkey, (h % 100000)::bigint AS l_partkey, (h % 5000)::bigint AS l_suppkey,
    (i % 4)::int AS l_linenumber, (1 + h % 50)::numeric(15,2) AS l_quantity, (90000 + h % 9000000)::numeric(15,2) / 100 AS l_extendedprice,
    ((h % 11)::numeric / 100)::numeric(15,2) AS l_discount, ((h % 9)::numeric / 100)::numeric(15,2) AS l_tax,
    (array['A','N','R'])[1 + h % 3]::char(1) AS l_returnflag, (array['O','F'])[1 + h % 2]::char(1) AS l_linestatus,
    date '1992-01-01' + (h % 2406)::int AS l_shipdate, date '1992-01-31' + (h % 2406)::int AS l_commitdate,
    date '1992-01-03' + (h % 2406)::int AS l_receiptdate,
    (array['DELIVER IN PERSON','COLLECT COD','NONE','TAKE BACK RETURN'])[1 + h % 4]::char(25) AS l_shipinstruct,
    (array['REG AIR','AIR','RAIL','SHIP','TRUCK','MAIL','FOB'])[1 + h % 7]::char(10) AS l_shipmode,
    substr(md5(i::text) || md5(h::text), 1, 10 + (h % 34)::int)::varchar(44) AS l_comment
  FROM (SELECT i, (hashint8(i)::bigint & 2147483647) AS h FROM generate_series(1, ${rows}::bigint) i) r;
  ALTER TABLE lineitem ALTER l_extendedprice TYPE numeric(15,2);
  VACUUM ANALYZE lineitem`

/**
 * A table of 3,000,000 rows and 16 columns → staged zstd Parquet with hashes, system columns and the count in the snapshot,
 * against `psql` that throws the same binary COPY away.
 *
 * Server and client share this machine, over the loopback. What is timed is the work from the login on for ours, and the whole
 * program for `psql`. The CPU seconds are those of the Node process, so they say nothing of `psql` and the server.
 */
export const postgresBench: Bench = {
  contenders: { sluice: stage, 'psql-copy': copyAway },
  compared: ['sluice', 'psql-copy'],
  async prepare(folder) {
    server = await startPostgres({ shared_buffers: '1GB', max_wal_size: '4GB' })
    for (const statement of lineitem.split(';')) await server.run(statement)
    const { url, programs } = server
    await writeFile(join(folder, 'server.json'), JSON.stringify({ url, programs, facts: await ownFacts(server) } satisfies Place))
    const [version] = await server.run('SHOW server_version')
    return { postgres: version?.['server_version'] ?? '', pg: await packageVersion('pg') }
  },
  async conclude(_folder, runs) {
    await server?.stop()
    const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
    return [
      target('wall, ours / psql-copy', wall('sluice') / wall('psql-copy'), 1.25),
      target('peak RSS of ours in MB', Math.max(...(runs.get('sluice') ?? []).map(({ rssMb }) => rssMb)), 300),
    ]
  },
}

let server: PostgresServer | undefined

interface Place {
  readonly url: string
  readonly programs: string
  /** What the server says of the table. */
  readonly facts: Readonly<Record<string, string>>
}

async function placeOf(folder: string): Promise<Place> {
  return JSON.parse(await readFile(join(folder, 'server.json'), 'utf8'))
}

const facts = `SELECT CAST(count(*) AS varchar) AS rows, CAST(sum(l_orderkey) AS varchar) AS keys, CAST(sum(l_extendedprice) AS varchar) AS prices,
  CAST(sum(l_quantity * l_tax) AS varchar) AS taxes, CAST(sum(length(l_comment)) AS varchar) AS letters, CAST(max(l_shipdate) AS varchar) AS shipped`

async function ownFacts({ run }: PostgresServer): Promise<Record<string, string>> {
  const [row] = await run(`${facts} FROM lineitem`)
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, value ?? '']))
}

async function copyAway(folder: string): Promise<Run> {
  const { url, programs, facts: own } = await placeOf(folder)
  const args = [url, '-X', '-q', '-c', 'COPY (SELECT * FROM lineitem) TO STDOUT (FORMAT binary)']
  const cost = await measured(async () => {
    const { status, stderr } = spawnSync(join(programs, 'psql'), args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
    if (status !== 0) throw new Error(`psql ended with ${status}: ${stderr}`)
  })
  return { wallMs: cost.wallMs, cpuMs: cost.cpuMs, rssMb: cost.rssMb, facts: own }
}

/** As an extraction does: Parquet parts in a local lake. */
async function stage(folder: string): Promise<Run> {
  const { url } = await placeOf(folder)
  const lake = await openLocalLake({ path: join(folder, 'lake') })
  const common = {
    lake,
    folder: 'lineitem/2025-01-01/run/1',
    batch: '2025-01-01',
    runId: 'run',
    extractedAt: '2025-01-01T00:00:00Z',
  }
  const { result, ...cost } = await measured(async () => {
    const source = await openPostgresSource({ url })
    const reading = await source.open(readRequest({ source: 'shop', locator: 'lineitem', options: {}, columns: undefined }))
    const parts = new PartSeries({ ...common, name: 'part', columns: reading.schema.columns })
    let count = 0
    for (const partition of reading.partitions) {
      for await (const { batch } of reading.read(partition)) {
        const first = count + 1
        await parts.write(partition.id, batch, (index) => first + index)
        count += batch.rows
      }
    }
    await parts.close()
    await reading.close()
    await source.close()
    if (count !== reading.expectedRows) throw new Error(`${count} rows came of ${reading.expectedRows}`)
    return parts.finished
  })
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(`${facts} FROM read_parquet('${folder}/lake/lineitem/**/*.parquet')`)
  const [found] = reader.getRowObjectsJson()
  await rm(join(folder, 'lake'), { recursive: true })
  const staged = Object.fromEntries(Object.entries(found ?? {}).map(([name, value]) => [name, String(value)]))
  return { ...cost, facts: staged, shown: { bytes: result.reduce((sum, part) => sum + part.bytes, 0) } }
}

async function packageVersion(name: string): Promise<string> {
  const path = join(import.meta.dirname, '../node_modules', name, 'package.json')
  return JSON.parse(await readFile(path, 'utf8')).version
}
