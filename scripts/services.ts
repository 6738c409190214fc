/**
 * Installs what tests and benchmarks run against or compare with: `npm run services -- <name>…`.
 *
 * A Python package has its own virtual environment under `.cache/python`, made anew when its pins change. A server comes
 * from Debian's packages, is never started by the installation, and needs root.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface DebianService {
  readonly packages: readonly string[]
  /** What the packages bring: with all of it there, nothing is installed. */
  readonly files: readonly string[]
}

const python: Readonly<Record<string, readonly string[]>> = {
  pyarrow: ['pyarrow==26.0.1'],
  dlt: ['dlt[parquet]==1.31.0', 'fsspec==2026.9.0'],
}

const debian: Readonly<Record<string, DebianService>> = {
  sshd: {
    packages: ['openssh-server', 'openssh-client', 'openssl'],
    files: ['/usr/sbin/sshd', '/usr/bin/sftp', '/usr/bin/ssh-keygen'],
  },
  proftpd: {
    packages: ['proftpd-core', 'proftpd-mod-crypto', 'openssh-client', 'openssl'],
    files: ['/usr/sbin/proftpd', '/usr/lib/proftpd/mod_tls.so', '/usr/bin/openssl', '/usr/bin/ssh-keygen'],
  },
}

const root = join(import.meta.dirname, '..')

function run(command: string, ...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env })
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${error?.message ?? `exit ${status}`}`)
}

function installPython(name: string, packages: readonly string[]): void {
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

function installDebian(name: string, { packages, files }: DebianService): void {
  if (files.every((file) => existsSync(file))) {
    console.log(`${name}: ${packages.join(' ')} is there.`)
    return
  }
  if (process.getuid?.() !== 0) throw new Error(`${name} needs root: sudo apt-get install ${packages.join(' ')}`)
  withoutStarting(() => {
    run('apt-get', 'update', '-qq')
    run('apt-get', 'install', '-qq', '--no-install-recommends', ...packages)
  })
  console.log(`${name}: ${packages.join(' ')} installed.`)
}

/** Debian starts a server that it installs, unless this policy forbids it. */
function withoutStarting(install: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (isOurs) rmSync(policy)
  }
}

const known = [...Object.keys(python), ...Object.keys(debian)]
const names = process.argv.slice(2)
if (names.length === 0 || names.some((name) => !known.includes(name))) {
  console.error(`Usage: npm run services -- <name>…, of: ${known.join(', ')}`)
  process.exitCode = 64
} else {
  for (const name of names) {
    const [packages, service] = [python[name], debian[name]]
    if (packages !== undefined) installPython(name, packages)
    if (service !== undefined) installDebian(name, service)
  }
}
