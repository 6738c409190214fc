/**
 * Installs what the tests compare with from PyPI: `npm run services -- pyarrow`.
 * Each has its own virtual environment under `.cache/python`, made anew when its pins change.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const pins: Readonly<Record<string, readonly string[]>> = {
  pyarrow: ['pyarrow==26.0.1'],
}

const root = join(import.meta.dirname, '..')

function run(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${error?.message ?? `exit ${status}`}`)
}

function install(name: string, packages: readonly string[]): void {
  const folder = join(root, '.cache/python', name)
  const stamp = join(folder, 'installed.txt')
  const wanted = packages.join('\n')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    console.log(`${name}: ${packages.join(' ')} is there.`)
    return
  }
  rmSync(folder, { recursive: true, force: true })
  run('python3', '-m', 'venv', folder)
  run(join(folder, 'bin/python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages)
  writeFileSync(stamp, wanted)
  console.log(`${name}: ${packages.join(' ')} installed.`)
}

const names = process.argv.slice(2)
const unknown = names.find((name) => pins[name] === undefined)
if (names.length === 0 || unknown !== undefined) {
  console.error(`Usage: npm run services -- <name>…, of: ${Object.keys(pins).join(', ')}`)
  process.exitCode = 64
} else {
  for (const name of names) install(name, pins[name] ?? [])
}
