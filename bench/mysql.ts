import { execFileSync, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { openMysqlSource } from '../src/sources/mysql.ts'
import { type MariadbServer, startMariadb } from '../test/fixtures/mariadb-server.ts'
import { lineitemColumns } from './lineitem.ts'
import { type Bench, least, type Run, runContender, target } from './measure.ts'
import { installPeers, runPeer, stageTable } from './sql-peers.ts'
import { runWholeWay } from './whole-way.ts'

const rows = 3_000_000
const peers = ['connectorx', 'dlt-parquet', 'dlt-duckdb', 'ingestr', 'sling'] as const

/**
 * A table of 3,000,000 rows and 16 columns on a MariaDB server of this machine → staged Parquet, against `mariadb --quick`
 * that prints all rows into nothing: what the server and its own client need at least.
 *
 * Ours is the way of an extraction from the source to the lake, over one connection: snapshot, count, row numbers and the other
 * system columns, the size and SHA-256 of each part, parts made durable by fsync; the control store is left out.
 */
export const mysqlBench: Bench = {
  contenders: {
    sluice: async (folder) => {
      const { url } = await placeOf(folder)
      return stageTable(() => openMysqlSource({ url, count: 'exact' }), 'lineitem', folder)
    },
    'mariadb-client': printIntoNothing,
    ...Object.fromEntries(
      peers.map((name) => [name, async (folder: string) => runPeer(name, (await placeOf(folder)).url, 'shop.lineitem', folder)]),
    ),
    'sluice-target': async (folder) => runWholeWay('mysql', (await placeOf(folder)).url, folder),
  },
  compared: ['sluice', 'mariadb-client', 'connectorx', 'dlt-parquet', 'sluice-target', 'dlt-duckdb'],
  async prepare(folder) {
    installPeers(peers)
    execFileSync(process.execPath, [join(import.meta.dirname, '../scripts/build.ts')])
    server = await startMariadb()
    await fillTable(folder, server)
    const [sums = []] = await server.run('SELECT COUNT(*), SUM(l_orderkey), SUM(l_extendedprice) FROM lineitem')
    const [version = []] = await server.run('SELECT VERSION()')
    const facts = { rows: Number(sums[0]), keys: String(sums[1]), prices: String(sums[2]) }
    await writeFile(join(folder, 'server.json'), JSON.stringify({ port: server.port, url: server.url, facts } satisfies Place))
    return { mariadb: String(version[0]), mysql2: await packageVersion('mysql2') }
  },
  async conclude(folder, runs) {
    const slow = ['ingestr', 'sling'].map((name) => ({ name, run: runContender('mysql', name, folder) }))
    await server?.stop()
    const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
    return [
      target('wall, ours / mariadb-client', wall('sluice') / wall('mariadb-client'), 1.2),
      target('whole way to DuckDB, wall, ours / dlt with connectorx', wall('sluice-target') / wall('dlt-duckdb'), 0.7),
      ...slow.map(
        ({ name, run: { wallMs, cpuMs, facts } }) =>
          `${name}, once: wall ${seconds(wallMs)}, CPU ${seconds(cpuMs)}, found ${JSON.stringify(facts)}`,
      ),
      target('peak RSS of ours in MB', Math.max(...(runs.get('sluice') ?? []).map(({ rssMb }) => rssMb)), 300),
    ]
  },
}

let server: MariadbServer | undefined

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

interface Place {
  readonly port: number
  readonly url: string
  readonly facts: Run['facts']
}

async function placeOf(folder: string): Promise<Place> {
  return JSON.parse(await readFile(join(folder, 'server.json'), 'utf8'))
}

async function packageVersion(name: string): Promise<string> {
  const path = join(import.meta.dirname, '../node_modules', name, 'package.json')
  return JSON.parse(await readFile(path, 'utf8')).version
}

const declarations: Readonly<Record<string, string>> = {
  int64: 'BIGINT',
  int32: 'INT',
  decimal: 'DECIMAL(15,2)',
  text: 'VARCHAR(44)',
  date: 'DATE',
}

async function fillTable(folder: string, { run, url }: MariadbServer): Promise<void> {
  runContender('parquet', 'pool', folder)
  runContender('parquet', 'sluice', folder)
  const text = join(folder, 'lineitem.tsv')
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const options = "HEADER false, DELIMITER '\t', QUOTE '', ESCAPE ''"
  await connection.run(`COPY (FROM '${join(folder, `sluice-${rows}.parquet`)}') TO '${text}' (FORMAT csv, ${options})`)
  const columns = lineitemColumns.map(({ name, type }) => `${name} ${declarations[type.kind]} NOT NULL`)
  await run(`CREATE TABLE lineitem (${columns.join(', ')}, PRIMARY KEY (l_orderkey, l_linenumber))`)
  const { status, stderr } = client(url, ['--local-infile=1', '-e', `LOAD DATA LOCAL INFILE '${text}' INTO TABLE lineitem`])
  if (status !== 0) throw new Error(`the table could not be filled: ${stderr}`)
  await run('ANALYZE TABLE lineitem')
}

function client(url: string, args: readonly string[]) {
  const { hostname, port, username, password, pathname } = new URL(url)
  const login = [`-h${hostname}`, `-P${port}`, `-u${username}`, '--protocol=tcp', '--skip-ssl']
  // The shell says at its end what its children cost.
  const script = 'mariadb "$@" > /dev/null || exit 1; times'
  const env = { ...process.env, MYSQL_PWD: password }
  return spawnSync('bash', ['-c', script, 'bash', ...login, ...args, pathname.slice(1)], { encoding: 'utf8', env })
}

async function printIntoNothing(folder: string): Promise<Run> {
  const { url, facts } = await placeOf(folder)
  const start = performance.now()
  const { status, stdout, stderr } = client(url, ['--quick', '-N', '-B', '-e', 'SELECT * FROM lineitem'])
  const wallMs = performance.now() - start
  if (status !== 0) throw new Error(`mariadb: ${stderr}`)
  const seconds = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpuMs = seconds.reduce((sum, [, minutes, rest]) => sum + (Number(minutes) * 60 + Number(rest)) * 1000, 0)
  return { wallMs, cpuMs, rssMb: Number.NaN, facts }
}
