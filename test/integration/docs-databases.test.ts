import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { mysqlTypeRows, postgresTypeRows, type TypeRow } from '../../scripts/generate/type-rows.ts'
import type { Source } from '../../src/contracts/source.ts'
import { columnTypeText } from '../../src/model/column-type.ts'
import { openMysqlSource } from '../../src/sources/mysql.ts'
import { openPostgresSource } from '../../src/sources/postgres.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type DocsFolder, docsFolder } from '../fixtures/docs-page.ts'
import { startMariadb } from '../fixtures/mariadb-server.ts'
import type { MysqlServer } from '../fixtures/mysql-server.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'
import { runProjectFolder } from '../fixtures/run-project.ts'

let folder: DocsFolder | undefined
afterEach(() => folder?.remove())

const page = (name: string) => `docs/connectors/${name}.md`

/** The statements of the page that grant what its user needs. */
async function grantsOf(name: string): Promise<readonly string[]> {
  const text = await readFile(join(import.meta.dirname, '../..', page(name)), 'utf8')
  const [, block = ''] = /^```sql\n([\s\S]*?)^```$/m.exec(text) ?? []
  const statements = block.split(';\n').filter((statement) => statement !== '')
  expect(statements.length).toBeGreaterThan(2)
  return statements
}

/** The id and amount of every row that is loaded. */
async function target(): Promise<readonly (readonly string[])[]> {
  const instance = await DuckDBInstance.create(join(folder?.root ?? '', 'data/shop.duckdb'))
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll('SELECT sale_id, amount FROM target.sales ORDER BY 1')
  connection.closeSync()
  instance.closeSync()
  return reader.getRows().map((row) => row.map(String))
}

async function run(environment: Readonly<Record<string, string>>, batch: string): Promise<void> {
  const outcomes = await runProjectFolder(folder?.root ?? '', { batch, environment })
  expect(outcomes.map(({ script, error }) => [script, error?.message])).toEqual([
    ['extract/sales', undefined],
    ['load/sales', undefined],
  ])
}

/**
 * Compiles the page's project and runs it before and after a row is added. No overlap is declared, so it only runs where a
 * horizon can be proven; the new row comes when the horizon has passed it.
 */
async function proveProject(name: string, environment: Readonly<Record<string, string>>, add: () => Promise<unknown>) {
  folder = await docsFolder([page(name)])
  expect(await folder.compile()).toBe('')
  await run(environment, '2025-02-01')
  const before = [
    ['1', '1.10'],
    ['2', '22222222.22'],
  ]
  expect(await target()).toEqual(before)
  await add()
  for (let day = 2; day < 20 && (await target()).length === 2; day += 1) {
    await run(environment, `2025-02-${String(day).padStart(2, '0')}`)
  }
  expect(await target()).toEqual([...before, ['3', '3.30']])
}

const table = (moment: string) =>
  `CREATE TABLE sales (sale_id BIGINT NOT NULL PRIMARY KEY, updated_at ${moment} NOT NULL, amount DECIMAL(12,2))`
const first = "INSERT INTO sales VALUES (1, '2025-01-01 10:00:00', 1.10), (2, '2025-01-01 10:00:01', 22222222.22)"
const later = 'INSERT INTO sales VALUES (3, CURRENT_TIMESTAMP, 3.30)'

/** The types that a source says the columns of its table `types` have. */
async function describedTypes(source: Source): Promise<readonly string[]> {
  const schema = await source.describe({ source: 'shop', locator: 'types', options: {}, columns: undefined })
  await source.close()
  return (schema?.columns ?? []).map(({ type }) => columnTypeText(type))
}

const typed = (rows: readonly TypeRow[]) => rows.map(({ type }) => type)
/** The types under a policy: those that it changes stand in the row. */
const typedWith = (rows: readonly TypeRow[], policy: string) =>
  rows.map(
    ({ type, otherwise }) =>
      otherwise
        .split('; ')
        .find((other) => other.startsWith(`\`${policy}\``))
        ?.split(': ')
        .at(-1) ?? type,
  )

function tableOf(declarations: readonly string[]): string {
  return `CREATE TABLE types (${declarations.map((declaration, index) => `c${index} ${declaration}`).join(', ')})`
}

test('docs/connectors/sqlite.md: the project compiles and reads what is there and what comes', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'sluice-docs-')), 'shop.db')
  const database = new DatabaseSync(path)
  try {
    for (const sql of [table('TIMESTAMP'), first]) database.exec(sql)
    await proveProject('sqlite', { SHOP_DB: path }, async () => database.exec(later))
  } finally {
    database.close()
    await rm(dirname(path), { recursive: true })
  }
})

describeWith(['mariadb'], 'docs/connectors/mysql.md', () => {
  let server: MysqlServer
  beforeAll(async () => {
    server = await startMariadb()
  })
  afterAll(() => server?.stop())

  test('its project compiles and runs with the rights that the page grants', async () => {
    await server.run(table('TIMESTAMP'), first, ...(await grantsOf('mysql')))
    const url = `mysql://sluice_reader:a%20long%20password@127.0.0.1:${server.port}/shop`
    await proveProject('mysql', { SHOP_URL: url }, () => server.run(later))
  })

  test('a server has the types of its table, and they are what it says', async () => {
    // The server has no vectors before 11.7, and calls collections of shapes by one name.
    const rows = mysqlTypeRows().filter(({ declared }) => declared !== 'vector' && declared !== 'geomcollection')
    const lengths: Readonly<Record<string, string>> = { varchar: '(9)', varbinary: '(9)', enum: "('a')", set: "('a')" }
    const declarations = rows.map(({ declared }) => `${declared}${lengths[declared] ?? ''} NULL`)
    await server.run(tableOf(declarations))
    const { url } = server
    expect(await describedTypes(await openMysqlSource({ url }))).toEqual(typed(rows))
    const policies = [{ zeroDates: 'text' }, { tinyint1: 'boolean' }, { times: 'time' }] as const
    for (const policy of policies) {
      const [name, value] = Object.entries(policy)[0] ?? []
      const expected = typedWith(rows, `${name}: '${value}'`)
      expect(expected).not.toEqual(typed(rows))
      expect(await describedTypes(await openMysqlSource({ url, ...policy }))).toEqual(expected)
    }
  })
})

describeWith(['postgres'], 'docs/connectors/postgres.md', () => {
  let server: PostgresServer
  let owner: pg.Client | undefined
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(async () => {
    await owner?.end()
    await server?.stop()
  })

  test('its project compiles and runs with the rights that the page grants', async () => {
    await server.run('CREATE DATABASE shop')
    const url = new URL(server.url)
    url.pathname = 'shop'
    owner = new pg.Client(url.href)
    await owner.connect()
    for (const sql of [table('timestamptz'), first, ...(await grantsOf('postgres'))]) await owner.query(sql)
    url.username = 'sluice_reader'
    url.password = 'a long password'
    await proveProject('postgres', { SHOP_URL: url.href }, async () => owner?.query(later))
  })

  test('a server has the types of its table, and they are what it says', async () => {
    const rows = postgresTypeRows()
    const declarations = rows.map(({ declared }) => (declared.startsWith('any ') ? 'mood' : declared.replace('(n)', '(5)')))
    await server.run(`CREATE TYPE mood AS ENUM ('fine'); ${tableOf(declarations)}`)
    const { url } = server
    expect(await describedTypes(await openPostgresSource({ url }))).toEqual(typed(rows))
    const expected = typedWith(rows, "extremes: 'text'")
    expect(expected).not.toEqual(typed(rows))
    expect(await describedTypes(await openPostgresSource({ url, extremes: 'text' }))).toEqual(expected)
  })
})

test.each(['sftp', 'ftp'])('docs/connectors/%s.md: the project compiles', async (name) => {
  folder = await docsFolder([page(name)])
  expect(await folder.compile()).toBe('')
})
