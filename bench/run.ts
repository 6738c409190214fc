/**
 * `npm run bench -- <name> [rounds]` compares Sluice with others, at least five times each, alternately and each time in
 * a process of its own. The last line of the output is the result as JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertSameFacts, type Bench, least, type Runs, report, runAlternately, table } from './measure.ts'

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  csv: async () => (await import('./csv.ts')).csvBench,
  mysql: async () => (await import('./mysql.ts')).mysqlBench,
  parquet: async () => (await import('./parquet.ts')).parquetBench,
  postgres: async () => (await import('./postgres.ts')).postgresBench,
  rest: async () => (await import('./rest.ts')).restBench,
  sftp: async () => (await import('./sftp.ts')).sftpBench,
  sqlite: async () => (await import('./sqlite.ts')).sqliteBench,
  start: async () => (await import('./start.ts')).startBench,
}

async function compare(name: string, bench: Bench, rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `sluice-bench-${name}-`))
  try {
    const versions = { node: process.versions.node, ...(await bench.prepare(folder)) }
    const runs = runAlternately(name, bench.compared, rounds, folder)
    assertSameFacts(runs)
    const remarks = await bench.conclude(folder, runs)
    console.log([table(runs), ...remarks].join('\n'))
    console.log(JSON.stringify({ name, ...summary(bench.compared, runs), versions }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function summary([ours, ...others]: Bench['compared'], runs: Runs) {
  const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
  const ratios = Object.fromEntries(others.map((other) => [other, Number((wall(ours) / wall(other)).toFixed(3))]))
  return { ratios, rss_mb: Math.round(Math.max(...(runs.get(ours) ?? []).map(({ rssMb }) => rssMb))) }
}

const [name = '', second, folder] = process.argv.slice(2)
const bench = await benches[name]?.()
if (bench === undefined) {
  console.error(`Usage: npm run bench -- <name> [rounds], of: ${Object.keys(benches).join(', ')}`)
  process.exitCode = 64
} else if (folder !== undefined) {
  const contender = bench.contenders[second ?? '']
  if (contender === undefined) throw new Error(`${name} has no contender ${second}`)
  report(await contender(folder))
} else {
  await compare(name, bench, Math.max(5, Number(second ?? 5)))
}
