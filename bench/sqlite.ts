import { execFileSync, spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DuckDBInstance } from '@duckdb/node-api'
import { openSqliteSource } from '../src/sources/sqlite.ts'
import { lineitemColumns } from './lineitem.ts'
import { type Bench, least, type Run, runContender, target } from './measure.ts'
import { factsOf, stageTable } from './sql-peers.ts'

const rows = 3_000_000

/**
 * A table of 3,000,000 rows and 16 columns in a SQLite file → staged Parquet, against `sqlite3 -csv` that prints all rows into
 * nothing: what SQLite and its own client need at least.
 *
 * Ours is the way of an extraction from the source to the lake: snapshot, count, row numbers and the other system columns, the
 * size and SHA-256 of each part, parts made durable by fsync; the control store is left out.
 */
export const sqliteBench: Bench = {
  contenders: {
    sluice: async (folder) => stageTable(() => openSqliteSource({ path: databaseOf(folder) }), 'lineitem', folder),
    'sqlite3-client': printIntoNothing,
  },
  compared: ['sluice', 'sqlite3-client'],
  async prepare(folder) {
    const services = join(import.meta.dirname, '../scripts/services.ts')
    execFileSync(process.execPath, [services, 'sqlite3'], { stdio: ['ignore', 'ignore', 'inherit'] })
    await fillTable(folder)
    const client = execFileSync('/usr/bin/sqlite3', ['--version'], { encoding: 'utf8' })
    return { sqlite: process.versions['sqlite'] ?? '', client: client.split(' ')[0] ?? '' }
  },
  async conclude(_folder, runs) {
    const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
    return [
      target('wall, ours / sqlite3-client', wall('sluice') / wall('sqlite3-client'), 1.5),
      target('peak RSS of ours in MB', Math.max(...(runs.get('sluice') ?? []).map(({ rssMb }) => rssMb)), 300),
    ]
  },
}

function databaseOf(folder: string): string {
  return join(folder, 'shop.db')
}

const declarations: Readonly<Record<string, string>> = {
  int64: 'BIGINT',
  int32: 'INT',
  decimal: 'DECIMAL(15,2)',
  text: 'VARCHAR(44)',
  date: 'DATE',
}

async function fillTable(folder: string): Promise<void> {
  runContender('parquet', 'pool', folder)
  runContender('parquet', 'sluice', folder)
  const text = join(folder, 'lineitem.csv')
  const parquet = `'${join(folder, `sluice-${rows}.parquet`)}'`
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run(`COPY (FROM ${parquet}) TO '${text}' (FORMAT csv, HEADER false)`)
  const columns = lineitemColumns.map(({ name, type }) => `${name} ${declarations[type.kind]} NOT NULL`)
  const database = new DatabaseSync(databaseOf(folder))
  database.exec(`CREATE TABLE lineitem (${columns.join(', ')}, PRIMARY KEY (l_orderkey, l_linenumber))`)
  database.close()
  execFileSync('/usr/bin/sqlite3', [databaseOf(folder), `.import --csv '${text}' lineitem`])
  await rm(text)
  await writeFile(join(folder, 'facts.json'), JSON.stringify(await factsOf(parquet)))
}

async function printIntoNothing(folder: string): Promise<Run> {
  // The shell says at its end what its children cost.
  const script = '/usr/bin/sqlite3 -csv "$1" "SELECT * FROM lineitem" > /dev/null || exit 1; times'
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', databaseOf(folder)], { encoding: 'utf8' })
  const wallMs = performance.now() - start
  if (status !== 0) throw new Error(`sqlite3: ${stderr}`)
  const seconds = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpuMs = seconds.reduce((sum, [, minutes, rest]) => sum + (Number(minutes) * 60 + Number(rest)) * 1000, 0)
  const facts: Run['facts'] = JSON.parse(await readFile(join(folder, 'facts.json'), 'utf8'))
  return { wallMs, cpuMs, rssMb: Number.NaN, facts }
}
