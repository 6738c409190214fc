import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqliteDialect, translateSqliteError } from './dialect.ts'

interface Shelf {
  readonly item: { readonly name: string }
}

let folder: string
let path: string
let db: Kysely<Shelf>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-dialect-'))
  path = join(folder, 'shelf.db')
  db = new Kysely<Shelf>({ dialect: sqliteDialect(path, 50) })
  await sql`CREATE TABLE item (name TEXT PRIMARY KEY)`.execute(db)
  await sql`PRAGMA journal_mode = WAL`.execute(db)
})

afterEach(async () => {
  await db.destroy()
  await rm(folder, { recursive: true, force: true })
})

const names = async () => (await db.selectFrom('item').select('name').orderBy('name').execute()).map(({ name }) => name)
const add = (name: string, to: Kysely<Shelf> = db) => to.insertInto('item').values({ name }).execute()

test('transactions of one connection run one after the other', async () => {
  const seen: string[] = []
  const slow = db.transaction().execute(async (trx) => {
    await add('slow', trx)
    await new Promise((resolve) => setTimeout(resolve, 20))
    seen.push('slow')
  })
  const quick = db.transaction().execute(async (trx) => {
    await add('quick', trx)
    seen.push('quick')
  })
  await Promise.all([slow, quick])
  expect(seen).toEqual(['slow', 'quick'])
})

test('two connections of one thread wait for each other instead of blocking it', async () => {
  const other = new Kysely<Shelf>({ dialect: sqliteDialect(path) })
  await Promise.all(
    [db, other, other, db].map((connection, index) =>
      connection.transaction().execute(async (trx) => {
        await add(`item ${index}`, trx)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }),
    ),
  )
  await other.destroy()
  expect(await names()).toHaveLength(4)
})

test('a writer that stays is CONTROL_FAILED, which may be tried again; reading goes on, and so does everything afterwards', async () => {
  const writer = new DatabaseSync(path)
  writer.exec('BEGIN IMMEDIATE')
  await expect(add('late')).rejects.toMatchObject({ code: 'CONTROL_FAILED', retryable: true })
  await expect(db.transaction().execute((trx) => add('late', trx))).rejects.toMatchObject({ code: 'CONTROL_FAILED' })
  expect(await names()).toEqual([])
  writer.exec('ROLLBACK')
  writer.close()
  await add('later')
  expect(await names()).toEqual(['later'])
})

test('a full disk is LOCAL_IO; nothing is half written, and the connection is usable', async () => {
  await sql`PRAGMA max_page_count = 6`.execute(db)
  const filling = db.transaction().execute(async (trx) => {
    await add('first', trx)
    await add('x'.repeat(100_000), trx)
  })
  await expect(filling).rejects.toMatchObject({ code: 'LOCAL_IO', exitCode: 74, retryable: false })
  expect(await names()).toEqual([])
  await add('small')
  expect(await names()).toEqual(['small'])
})

test('a statement that SQLite refuses is a bug, not to be tried again', async () => {
  await add('one')
  await expect(add('one')).rejects.toMatchObject({ code: 'INTERNAL', retryable: false })
  await expect(sql`SELECT * FROM nowhere`.execute(db)).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(await names()).toEqual(['one'])
})

test('a damaged file is LOCAL_IO, with its own hint', () => {
  const damaged = Object.assign(new Error('database disk image is malformed'), { errcode: 267 })
  expect(translateSqliteError(damaged)).toMatchObject({ code: 'LOCAL_IO', hint: expect.stringContaining('backup') })
})
