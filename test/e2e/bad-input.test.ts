import { appendFile, cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { changeShop, makeShop, smallEnvironment, smallShop, visibleState } from '../fixtures/small-shop.ts'

interface BadInput {
  readonly name: string
  /** Spoils a project whose first batch is done. */
  prepare(project: CliProject): Promise<unknown> | unknown
  /** Commands that still succeed. */
  readonly before?: readonly string[]
  /** What happens after them. */
  spoil?(folder: string): Promise<void>
  readonly command: string
  readonly environment?: Readonly<Record<string, string>>
  readonly exitCode: number
  /** What the message must say: the code, and the names that a reader needs. */
  readonly says: readonly string[]
  /** What the refused rows must say. */
  readonly rejects?: string
}

const second = '--batch 2025-01-02'
const limit = (project: CliProject) =>
  project.write({ 'load/city.ts': (smallShop['load/city.ts'] ?? '').replace('rejectLimit: 5', 'rejectLimit: 0') })
const config = smallShop['sluice.config.ts'] ?? ''
const cities = (text: string | Buffer) => (project: CliProject) =>
  writeFile(join(project.folder, 'files/city-2025-01-02.csv'), text)
const mergeCities = (project: CliProject) => {
  const strict = (smallShop['load/city.ts'] ?? '').replace('rejectLimit: 5', 'rejectLimit: 0')
  const write = "{ disposition: 'merge', key: ['city_id'] }"
  return project.write({ 'load/city.ts': strict.replace("{ disposition: 'append' }", write) })
}

const cases: readonly BadInput[] = [
  {
    name: 'no project file',
    prepare: ({ folder }) => rm(join(folder, 'sluice.config.ts')),
    command: 'run',
    exitCode: 78,
    says: ['CONFIG_MISSING', 'sluice.config.ts'],
  },
  {
    name: 'an unknown key in the project file',
    prepare: (project) => project.write({ 'sluice.config.ts': config.replace('timeZone:', 'timezone:') }),
    command: 'run',
    exitCode: 78,
    says: ['CONFIG_INVALID', 'timezone', 'timeZone'],
  },
  {
    name: 'a variable that is not set',
    prepare: () => {},
    environment: { FILES_DIR: 'files' },
    command: `extract orders ${second}`,
    exitCode: 78,
    says: ['VARIABLE_UNSET', 'SHOP_DB'],
  },
  {
    name: 'a secret as a literal in the project file',
    prepare: (project) =>
      project.write({ 'sluice.config.ts': config.replace("env('SHOP_DB')", "'file://me:hunter2@host/shop.db'") }),
    command: 'run',
    exitCode: 78,
    says: ['SECRET_LITERAL', 'sluice.config.ts'],
  },
  {
    name: 'a table that is not there',
    prepare: ({ folder }) => changeShop(folder, 'DROP TABLE orders'),
    command: `extract orders ${second}`,
    exitCode: 65,
    says: ['RESOURCE_NOT_FOUND', 'orders'],
  },
  {
    name: 'a folder that is not there',
    prepare: ({ folder }) => rm(join(folder, 'files'), { recursive: true }),
    command: `extract city ${second}`,
    exitCode: 65,
    says: ['FILE_NOT_FOUND', 'files'],
  },
  {
    name: 'no file that matches',
    prepare: ({ folder }) => rm(join(folder, 'files/city-2025-01-01.csv')),
    command: `extract city ${second}`,
    exitCode: 65,
    says: ['FILE_NOT_FOUND', 'city-*.csv'],
  },
  {
    name: 'two files that tie for newest',
    prepare: ({ folder }) => cp(join(folder, 'files/city-2025-01-01.csv'), join(folder, 'files/city-20250101.csv')),
    command: `extract city ${second}`,
    exitCode: 65,
    says: ['FILES_TIED', 'city-20250101.csv', 'city-2025-01-01.csv'],
  },
  {
    name: 'an empty file',
    prepare: cities(''),
    command: `extract city ${second}`,
    exitCode: 65,
    says: ['FILE_EMPTY', 'city-2025-01-02.csv'],
  },
  {
    name: 'a ragged line',
    prepare: (project) => Promise.all([limit(project), cities('city_id,name\n1,A\n2,B,C\n')(project)]),
    before: [`extract city ${second}`],
    command: `load city ${second}`,
    exitCode: 65,
    says: ['REJECTS_OVER_LIMIT', 'load/city'],
    rejects: 'RAGGED',
  },
  {
    name: 'bytes that are not UTF-8',
    prepare: (project) => Promise.all([limit(project), cities(Buffer.from('city_id,name\n1,A\n2,\xff\n', 'latin1'))(project)]),
    before: [`extract city ${second}`],
    command: `load city ${second}`,
    exitCode: 65,
    says: ['REJECTS_OVER_LIMIT', 'load/city'],
    rejects: 'ENCODING',
  },
  {
    name: 'a script that is not registered',
    prepare: (project) => project.write({ 'extract/town.ts': smallShop['extract/city.ts'] ?? '' }),
    command: `extract town ${second}`,
    exitCode: 77,
    says: ['NOT_REGISTERED', 'sluice register extract/town'],
  },
  {
    name: 'a script that is switched off',
    prepare: () => {},
    before: ['deactivate extract/city'],
    command: `extract city ${second}`,
    exitCode: 99,
    says: ['INACTIVE', 'sluice activate extract/city'],
  },
  {
    name: 'a script that is not due',
    prepare: (project) =>
      project.write({
        'extract/city.ts': (smallShop['extract/city.ts'] ?? '').replace("'Cities'", "'Cities', frequency: 'weekly:mon'"),
      }),
    command: `extract city ${second}`,
    exitCode: 99,
    says: ['NOT_DUE', 'weekly:mon'],
  },
  {
    name: 'a load before its extraction',
    prepare: () => {},
    command: `load orders ${second}`,
    exitCode: 77,
    says: ['UPSTREAM_NOT_DONE', 'sluice extract orders --batch 2025-01-02'],
  },
  {
    name: 'an append after a declared overlap',
    prepare: (project) =>
      project.write({
        'extract/orders.ts': (smallShop['extract/orders.ts'] ?? '').replace(
          "'updated_at'",
          "{ column: 'updated_at', overlap: 60 }",
        ),
        'load/orders.ts': (smallShop['load/orders.ts'] ?? '').replace(/write: \{.*?\}/, "write: { disposition: 'append' }"),
      }),
    command: `load orders ${second}`,
    exitCode: 78,
    says: ['overlap'],
  },
  {
    name: 'one key with different contents',
    prepare: async (project) => {
      await project.write({ 'load/orders.ts': (smallShop['load/orders.ts'] ?? '').replace('rejectLimit: 5', 'rejectLimit: 0') })
      await laterOrders(project.folder, "(8, datetime('now'), 1, 1, 'a'), (8, datetime('now'), 1, 2, 'b')")
    },
    before: [`extract orders ${second}`],
    command: `load orders ${second}`,
    exitCode: 65,
    says: ['REJECTS_OVER_LIMIT', 'load/orders'],
    rejects: 'DUP_CONFLICT',
  },
  {
    name: 'a NULL key',
    prepare: (project) => Promise.all([mergeCities(project), cities('city_id,name\n1,A\n,B\n')(project)]),
    before: [`extract city ${second}`],
    command: `load city ${second}`,
    exitCode: 65,
    says: ['REJECTS_OVER_LIMIT'],
    rejects: 'NULL_KEY',
  },
  {
    name: 'a value that its type cannot hold',
    prepare: (project) => Promise.all([limit(project), cities('city_id,name\n1,A\n0x10,B\n')(project)]),
    before: [`extract city ${second}`],
    command: `load city ${second}`,
    exitCode: 65,
    says: ['REJECTS_OVER_LIMIT'],
    rejects: '0x10',
  },
  {
    name: 'a column that vanished',
    prepare: ({ folder }) => changeShop(folder, 'ALTER TABLE orders DROP COLUMN note'),
    command: `extract orders ${second}`,
    exitCode: 65,
    says: ['SCHEMA_CHANGED', 'note'],
  },
  {
    name: 'a column that changed its type',
    prepare: ({ folder }) =>
      changeShop(folder, 'ALTER TABLE orders DROP COLUMN note; ALTER TABLE orders ADD COLUMN note INTEGER'),
    command: `extract orders ${second}`,
    exitCode: 65,
    says: ['SCHEMA_CHANGED', 'note', 'int64'],
  },
  {
    name: 'a script with a syntax error',
    prepare: (project) => project.write({ 'extract/city.ts': 'export default extract(files.newest(' }),
    command: `extract city ${second}`,
    exitCode: 78,
    says: ['SCRIPT_INVALID', 'extract/city.ts'],
  },
  {
    name: 'a script without a default export',
    prepare: (project) => project.write({ 'extract/city.ts': 'export const city = 1\n' }),
    command: `extract city ${second}`,
    exitCode: 78,
    says: ['SCRIPT_INVALID', 'extract/city.ts'],
  },
  {
    name: 'a staged file that was altered after its manifest',
    prepare: cities('city_id,name\n5,Lima\n'),
    before: [`extract city ${second}`],
    spoil: alterPart,
    command: `load city ${second}`,
    exitCode: 65,
    says: ['STAGED_FILE_ALTERED', 'part-00001.parquet'],
  },
]

async function laterOrders(folder: string, values: string): Promise<void> {
  changeShop(folder, `INSERT INTO orders VALUES ${values}`)
  // The horizon is cut to the second.
  await wait(1_100)
}

async function alterPart(folder: string): Promise<void> {
  const lake = join(folder, 'data/lake')
  const paths = await readdir(lake, { recursive: true })
  const part = paths.find((path) => path.includes('2025-01-02') && path.endsWith('.parquet'))
  await appendFile(join(lake, part ?? 'none'), 'x')
}

let pristine: CliProject

beforeAll(async () => {
  pristine = await cliProject(smallShop)
  makeShop(pristine.folder)
  expect(await pristine.sluice(['register'], smallEnvironment)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await pristine.sluice(['run', '--batch', '2025-01-01'], smallEnvironment)).toMatchObject({ exitCode: 4, stderr: '' })
})
afterAll(() => pristine.remove())

async function copyOfPristine(): Promise<CliProject> {
  const project = await cliProject({})
  for (const name of ['sluice.config.ts', 'extract', 'load', 'marts', 'files', 'shop.db', 'data']) {
    await cp(join(pristine.folder, name), join(project.folder, name), { recursive: true, preserveTimestamps: true })
  }
  return project
}

/** Rejects are there to be kept, and a batch opens with its first run. */
async function stateToKeep(folder: string) {
  const { 'audit.rejects': _rejects, batches: _batches, ...state } = await visibleState(folder)
  return state
}

test.each(cases)(
  '$name',
  async ({ prepare, before = [], spoil, command, environment = smallEnvironment, exitCode, says, rejects }) => {
    const project = await copyOfPristine()
    try {
      await prepare(project)
      for (const step of before) expect([0, 4]).toContain((await project.sluice(step.split(' '), environment)).exitCode)
      await spoil?.(project.folder)
      const state = await stateToKeep(project.folder)
      const ended = await project.sluice(command.split(' '), environment)
      expect({ exitCode: ended.exitCode, signal: ended.signal, stderr: ended.stderr }).toMatchObject({ exitCode, signal: null })
      for (const words of says) expect(ended.stderr).toContain(words)
      expect(ended.stderr).not.toContain('    at ')
      if (rejects !== undefined) expect((await project.sluice(['rejects', 'list'], environment)).stdout).toContain(rejects)
      expect(await stateToKeep(project.folder)).toEqual(state)
    } finally {
      await project.remove()
    }
  },
)

test('the same step started twice at once', async () => {
  const project = await copyOfPristine()
  const first = project.start(`extract city ${second}`.split(' '), {
    ...smallEnvironment,
    SLUICE_FAILPOINT: 'extract.mid-part:hang',
  })
  try {
    await first.sees('extract.mid-part')
    const state = await stateToKeep(project.folder)
    const other = await project.sluice(`extract city ${second}`.split(' '), smallEnvironment)
    expect(other.exitCode).toBe(73)
    expect(other.stderr).toContain('RUN_ACTIVE')
    expect(other.stderr).toContain(String(first.pid))
    expect(await stateToKeep(project.folder)).toEqual(state)
  } finally {
    first.kill('SIGKILL')
    await first.ended
    await project.remove()
  }
})

test('a warehouse file that another process holds', async () => {
  const project = await copyOfPristine()
  await cities('city_id,name\n5,Lima\n')(project)
  expect((await project.sluice(`extract city ${second}`.split(' '), smallEnvironment)).exitCode).toBe(0)
  const state = await stateToKeep(project.folder)
  const instance = await DuckDBInstance.create(join(project.folder, 'data/warehouse.duckdb'))
  const ended = await project.sluice(`load city ${second}`.split(' '), smallEnvironment)
  instance.closeSync()
  expect(ended.exitCode).toBe(73)
  expect(ended.stderr).toContain('TARGET_BUSY')
  expect(ended.stderr).toContain(String(process.pid))
  expect(await stateToKeep(project.folder)).toEqual(state)
  await project.remove()
})
