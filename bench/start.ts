import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, least, type Run, target } from './measure.ts'

const root = join(import.meta.dirname, '..')
const program = join(root, 'bin/sluice.js')

/** `sluice --help` as it is published, against Node that does nothing: what our own start costs. */
export const startBench: Bench = {
  contenders: {
    sluice: (folder) => start(folder, [program, '--help'], 'Usage: sluice'),
    node: (folder) => start(folder, ['-e', '0'], ''),
  },
  compared: ['sluice', 'node'],
  async prepare() {
    if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('there is no dist; run `npm run build`')
    return { sluice: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version }
  },
  conclude(_folder, runs) {
    const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
    return [target('wall, `sluice --help` less `node -e 0`, in ms', wall('sluice') - wall('node'), 150)]
  },
}

async function start(folder: string, args: readonly string[], expected: string): Promise<Run> {
  const usage = join(folder, 'usage.json')
  const env = { ...process.env, BENCH_USAGE: usage }
  const measuring = ['--require', join(import.meta.dirname, 'usage.cjs'), ...args]
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, measuring, { encoding: 'utf8', env })
  const wallMs = performance.now() - begun
  if (status !== 0 || !stdout.startsWith(expected)) throw new Error(`exit ${status}: ${stdout}${stderr}`)
  return { wallMs, ...JSON.parse(readFileSync(usage, 'utf8')), facts: { exit: status } }
}
