import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPostgresSource } from '../src/sources/postgres.ts'
import { type PostgresServer, startPostgres } from '../test/fixtures/postgres-server.ts'
import { type Bench, least, type Run, target } from './measure.ts'
import { installPeers, runPeer, stageTable } from './sql-peers.ts'

const rows = 3_000_000
const peers = ['connectorx', 'dlt-parquet'] as const

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
 * A table of 3,000,000 rows and 16 columns on a Postgres server of this machine → staged Parquet, against `psql` that throws
 * the same binary COPY away: what the server and its own client need at least.
 *
 * Ours is the way of an extraction from the source to the lake, over one connection. The CPU seconds are those of the client,
 * so they say nothing of the server.
 */
export const postgresBench: Bench = {
  contenders: {
    sluice: async (folder) => {
      const { url } = await placeOf(folder)
      return stageTable(() => openPostgresSource({ url }), 'lineitem', folder)
    },
    'psql-copy': copyAway,
    ...Object.fromEntries(
      peers.map((name) => [
        name,
        async (folder: string) => runPeer(name, (await placeOf(folder)).url, 'public.lineitem', folder),
      ]),
    ),
  },
  compared: ['sluice', 'psql-copy', ...peers],
  async prepare(folder) {
    installPeers(peers)
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
  readonly facts: Run['facts']
}

async function placeOf(folder: string): Promise<Place> {
  return JSON.parse(await readFile(join(folder, 'server.json'), 'utf8'))
}

async function ownFacts({ run }: PostgresServer): Promise<Run['facts']> {
  const [sums] = await run('SELECT count(*) AS rows, sum(l_orderkey) AS keys, sum(l_extendedprice) AS prices FROM lineitem')
  return { rows: Number(sums?.['rows']), keys: String(sums?.['keys']), prices: String(sums?.['prices']) }
}

async function copyAway(folder: string): Promise<Run> {
  const { url, programs, facts } = await placeOf(folder)
  const statement = 'COPY (SELECT * FROM lineitem) TO STDOUT (FORMAT binary)'
  // The shell says at its end what its children cost.
  const args = ['-c', '"$@" > /dev/null || exit 1; times', 'bash', join(programs, 'psql'), url, '-X', '-q', '-c', statement]
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' })
  const wallMs = performance.now() - start
  if (status !== 0) throw new Error(`psql: ${stderr}`)
  const seconds = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpuMs = seconds.reduce((sum, [, minutes, rest]) => sum + (Number(minutes) * 60 + Number(rest)) * 1000, 0)
  return { wallMs, cpuMs, rssMb: Number.NaN, facts }
}

async function packageVersion(name: string): Promise<string> {
  const path = join(import.meta.dirname, '../node_modules', name, 'package.json')
  return JSON.parse(await readFile(path, 'utf8')).version
}
