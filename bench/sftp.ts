import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Source } from '../src/contracts/source.ts'
import { PartSeries } from '../src/engine/extract-parts.ts'
import { openLocalLake } from '../src/lakes/local.ts'
import type { Resource } from '../src/model/script.ts'
import { openLocalFiles } from '../src/sources/local-files.ts'
import { openSftp } from '../src/sources/sftp.ts'
import { readRequest } from '../src/testing/read-request.ts'
import { type Sshd, startSshd } from '../test/fixtures/sshd.ts'
import { type Bench, least, measured, type Run, target } from './measure.ts'

const host = '127.0.0.1'
const fileName = 'sales.csv.gz'
const fileBytes = 500_000_000
const columnNames = ['sale_id', 'sold_at', 'store_id', 'product', 'quantity', 'amount', 'customer', 'note']

/** A made-up row of sales; the hash makes it as hard to compress as real ones. */
const salesRow = `
  SELECT i AS sale_id, TIMESTAMP '2025-01-01' + to_microseconds((hash(i) % 31536000000000)::BIGINT) AS sold_at,
    (hash(i, 1) % 400) AS store_id, 'B' || upper(substr(md5(((hash(i, 2) % 50000))::VARCHAR), 1, 9)) AS product,
    1 + hash(i, 3) % 9 AS quantity, ((hash(i, 4) % 100000) / 100)::DECIMAL(12, 2) AS amount,
    substr(md5(i::VARCHAR), 1, 12) AS customer,
    ['returned', 'gift', 'paid by card, no receipt', 'web', NULL, NULL][1 + (hash(i, 5) % 6)::INT] AS note`

/**
 * A gzipped CSV file of 500 MB on a server of this machine → staged Parquet with hashes and system columns, against
 * OpenSSH's `sftp` that gets the file first and the same conversion of the local file then.
 *
 * Both talk to the same sshd over the loopback, encrypted. What is timed is the work from the login on, not Node's start.
 * The CPU seconds are those of the Node process: not of sshd, and for `sftp-cli` not of the `sftp` program.
 */
export const sftpBench: Bench = {
  contenders: { sluice: direct, 'sftp-cli': getThenConvert },
  compared: ['sluice', 'sftp-cli'],
  async prepare(folder) {
    server = await startSshd()
    const { port, user, hostKey, folder: remote, keys } = server
    await writeFile(join(folder, 'server.json'), JSON.stringify({ port, user, hostKey, remote, keys } satisfies Place))
    const rows = await makeFile(join(remote, fileName))
    const { size } = await stat(join(remote, fileName))
    console.error(`${rows} rows in ${size} bytes`)
    const { stderr } = spawnSync('ssh', ['-V'], { encoding: 'utf8' })
    return { openssh: stderr.split(',')[0] ?? '', ssh2: await packageVersion('ssh2') }
  },
  conclude(_folder, runs) {
    const wall = (contender: string) => least(runs, contender, ({ wallMs }) => wallMs)
    void server?.stop()
    return [target('wall, ours / sftp-cli', wall('sluice') / wall('sftp-cli'), 1.3)]
  },
}

let server: Sshd | undefined

interface Place {
  readonly port: number
  readonly user: string
  readonly hostKey: string
  readonly remote: string
  readonly keys: string
}

async function placeOf(folder: string): Promise<Place> {
  return JSON.parse(await readFile(join(folder, 'server.json'), 'utf8'))
}

async function direct(folder: string): Promise<Run> {
  const { port, user, hostKey, remote, keys } = await placeOf(folder)
  const key = await readFile(join(keys, 'user'), 'utf8')
  return convert(folder, () => openSftp({ host, port, user, key, hostKey, folder: remote }))
}

async function getThenConvert(folder: string): Promise<Run> {
  const place = await placeOf(folder)
  const local = join(folder, 'got')
  await mkdir(local, { recursive: true })
  await writeFile(join(folder, 'batch'), `get ${join(place.remote, fileName)} ${join(local, fileName)}\n`)
  return convert(folder, async () => {
    get(place, join(folder, 'batch'))
    return openLocalFiles({ folder: local })
  })
}

function get({ port, user, keys }: Place, batch: string): void {
  const trust = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR']
  const args = ['-q', '-b', batch, '-P', String(port), '-i', join(keys, 'user'), ...trust, `${user}@${host}`]
  const { status, stderr } = spawnSync('sftp', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`sftp ended with ${status}: ${stderr}`)
}

const resource: Resource = {
  source: 'partner',
  locator: '*.csv.gz',
  options: { select: 'newest', format: { kind: 'csv' } },
  columns: columnNames.map((name) => ({ name, type: { kind: 'text' }, length: undefined, nullable: true, from: name })),
}

/** Stages the file as an extraction does: Parquet parts with system columns and hashes in a local lake. */
async function convert(folder: string, open: () => Promise<Source>): Promise<Run> {
  const lake = await openLocalLake({ path: join(folder, 'lake') })
  const common = {
    lake,
    folder: 'sales/2025-01-01/run/1',
    batch: '2025-01-01',
    runId: 'run',
    extractedAt: '2025-01-01T00:00:00Z',
  }
  const { result, ...cost } = await measured(async () => {
    const source = await open()
    const reading = await source.open(readRequest(resource))
    const parts = new PartSeries({ ...common, name: 'part', columns: reading.schema.columns })
    let [rows, rejects] = [0, 0]
    for (const partition of reading.partitions) {
      for await (const { batch, rejects: refused } of reading.read(partition)) {
        const first = rows + 1
        await parts.write(partition.id, batch, (index) => first + index)
        rows += batch.rows
        rejects += refused.length
      }
    }
    await parts.close()
    await reading.close()
    await source.close()
    return { rows, rejects, parts: parts.finished }
  })
  const bytes = result.parts.reduce((sum, part) => sum + part.bytes, 0)
  const facts = await factsOf(join(folder, 'lake/sales'))
  await rm(join(folder, 'lake'), { recursive: true })
  return { ...cost, facts: { ...facts, read: result.rows, rejects: result.rejects }, shown: { bytes } }
}

/** What DuckDB finds in the staged files. */
async function factsOf(folder: string): Promise<Record<string, string>> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(`
    SELECT count(*) AS rows, sum(sale_id::BIGINT) AS ids, sum(amount::DECIMAL(12, 2)) AS amounts, sum(hash(customer, note)) AS texts
    FROM read_parquet('${folder}/**/*.parquet')`)
  const [rows, ids, amounts, texts] = (reader.getRows()[0] ?? []).map(String)
  return { rows: rows ?? '', ids: ids ?? '', amounts: amounts ?? '', texts: texts ?? '' }
}

/** Makes the file of about 500 MB, its rows counted by a small one. */
async function makeFile(path: string): Promise<number> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const write = (rows: number) =>
    connection.run(`COPY (${salesRow} FROM range(${rows}) AS r(i)) TO '${path}' (FORMAT csv, HEADER, COMPRESSION gzip)`)
  const sample = 200_000
  await write(sample)
  const rows = Math.round((fileBytes / (await stat(path)).size) * sample)
  await write(rows)
  return rows
}

async function packageVersion(name: string): Promise<string> {
  const path = join(import.meta.dirname, '../node_modules', name, 'package.json')
  return JSON.parse(await readFile(path, 'utf8')).version
}
