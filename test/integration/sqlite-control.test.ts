import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteControl } from '../../src/control-stores/sqlite/index.ts'
import { controlStoreCases } from '../../src/testing/control-store-cases.ts'
import { begin, extraction } from '../../src/testing/control-store-fixture.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-control-'))
  path = join(folder, 'data', 'control.db')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the contract of a control store', () => {
  const cases = controlStoreCases({
    prepare: async () => ({ open: () => openSqliteControl({ path }), close: async () => {} }),
  })
  test.each(cases.map((contractCase) => [contractCase.name, contractCase] as const))('%s', (_name, contractCase) =>
    contractCase.run(),
  )
})

function onFile(sql: string): Record<string, unknown> | undefined {
  const database = new DatabaseSync(path)
  try {
    return database.prepare(sql).get()
  } finally {
    database.close()
  }
}

async function migrated(): Promise<void> {
  const store = await openSqliteControl({ path })
  await store.migrate()
  await store.close()
}

test('the folder of the file is made', async () => {
  await migrated()
  expect((await readFile(path)).subarray(0, 15).toString()).toBe('SQLite format 3')
  expect(onFile('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' })
})

test('a folder that cannot be made is LOCAL_IO', async () => {
  await writeFile(join(folder, 'data'), 'a file')
  await expect(openSqliteControl({ path })).rejects.toMatchObject({ code: 'LOCAL_IO', exitCode: 74 })
})

test('a path that is a folder is LOCAL_IO', async () => {
  await mkdir(path, { recursive: true })
  await expect(openSqliteControl({ path })).rejects.toMatchObject({ code: 'LOCAL_IO' })
})

test('a file that is no database is refused', async () => {
  await mkdir(join(folder, 'data'))
  await writeFile(path, 'id,name\n1,one\n'.repeat(100))
  await expect(openSqliteControl({ path })).rejects.toMatchObject({ code: 'CONFIG_INVALID', retryable: false })
})

test('the database of another program is refused and left as it is', async () => {
  await mkdir(join(folder, 'data'))
  onFile('CREATE TABLE batch (id INTEGER)')
  const before = await readFile(path)
  await expect(openSqliteControl({ path })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('another program'),
  })
  expect((await readFile(path)).equals(before)).toBe(true)
})

test('a store of a newer version is refused with both versions, before and after it was opened', async () => {
  const early = await openSqliteControl({ path })
  await migrated()
  onFile('PRAGMA user_version = 99')
  const newer = { code: 'CONFIG_INVALID', details: { version: 99 }, message: expect.stringContaining('version 99') }
  await expect(openSqliteControl({ path })).rejects.toMatchObject(newer)
  await expect(early.migrate()).rejects.toMatchObject(newer)
  await early.close()
  expect(onFile('PRAGMA user_version')).toEqual({ user_version: 99 })
})

test('a store of version 1 is upgraded, and keeps what it holds', async () => {
  const first = await openSqliteControl({ path })
  await first.migrate()
  const key = await begin(first)
  await first.close()
  for (const sql of [
    ...['kept_partition', 'partition_plan', 'budget_request', 'budget'].map((table) => `DROP TABLE ${table}`),
    'ALTER TABLE meta DROP COLUMN moved_to',
    'ALTER TABLE lease RENAME COLUMN granted_ms TO granted_uptime_ms',
    'PRAGMA user_version = 1',
  ]) {
    onFile(sql)
  }
  const store = await openSqliteControl({ path })
  await store.migrate()
  expect(await store.runs.list({ limit: 10 })).toMatchObject([{ runId: key.runId, live: true }])
  expect(await store.budgets.take('api', [{ requests: 1, withinMs: 1 }])).toBe(0)
  expect(await store.extractions.partitions.plan(key, { schemaHash: 's', window: undefined, partitions: [] })).toBe(true)
  expect(await store.extractions.commit(key, extraction())).toBe(true)
  await store.close()
})
