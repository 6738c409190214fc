import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cliProject } from '../test/fixtures/cli.ts'
import type { Run } from './measure.ts'
import { factsOf } from './sql-peers.ts'

const files = (source: 'mysql' | 'postgres') => ({
  'sluice.config.ts': `
import { duckdb, localLake, ${source}, project, secret, sqliteControl } from 'sluice-etl'
export const shop = ${source}({ url: secret('SHOP_URL'), count: 'exact' })
export default project({
  name: 'bench',
  timeZone: 'UTC',
  lake: localLake('lake'),
  warehouse: duckdb({ path: 'warehouse.duckdb' }),
  control: sqliteControl('control.db'),
})
`,
  'extract/lineitem.ts': `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('lineitem'), { description: 'Lines of orders' })
`,
  'load/lineitem.ts': `
import { load } from 'sluice-etl'
import lineitem from '../extract/lineitem.ts'
export default load(lineitem, { into: 'lineitem', write: { disposition: 'merge', key: ['l_orderkey', 'l_linenumber'] } })
`,
})

/** A table to a committed DuckDB target by the built command line: register, extract, load with landing, stage and merge. */
export async function runWholeWay(source: 'mysql' | 'postgres', url: string, folder: string): Promise<Run> {
  const project = await cliProject(files(source))
  const usage = join(folder, `usage-${process.pid}.json`)
  const environment = { SHOP_URL: url, NODE_OPTIONS: `--require ${join(import.meta.dirname, 'usage.cjs')}`, BENCH_USAGE: usage }
  try {
    await succeeds(project.sluice(['register'], environment))
    const start = performance.now()
    await succeeds(project.sluice(['run'], environment))
    const wallMs = performance.now() - start
    const facts = await factsOf('peer.target.lineitem', join(project.folder, 'warehouse.duckdb'))
    return { wallMs, ...JSON.parse(await readFile(usage, 'utf8')), facts }
  } finally {
    await project.remove()
    await rm(usage, { force: true })
  }
}

async function succeeds(ended: ReturnType<Awaited<ReturnType<typeof cliProject>>['sluice']>): Promise<void> {
  const { exitCode, stderr } = await ended
  if (exitCode !== 0) throw new Error(`sluice ended with ${exitCode}: ${stderr}`)
}
