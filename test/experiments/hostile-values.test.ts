import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChainedTable } from './chain.ts'
import { chainInProcess } from './chain-process.ts'
import { type Database, onEach, quoted, type Texts } from './databases.ts'
import { type HostileKind, mysqlKinds, postgresKinds } from './hostile-kinds.ts'
import { sameText } from './same-text.ts'

const zones = ['UTC', 'America/New_York', 'Asia/Kolkata'] as const
const [table, empty] = ['hostile', 'hostile_empty']

onEach(['mariadb', 'mysql8', 'postgres'], (database, server) => {
  const kinds = server === 'postgres' ? postgresKinds : mysqlKinds
  const chained: Record<string, Readonly<Record<string, ChainedTable>>> = {}
  let said: readonly Texts[]
  let exact = 0

  beforeAll(async () => {
    said = await fill(database(), kinds)
    // Where a value fits no type of ours, the documented policy for text is asked for.
    const settings = server === 'postgres' ? ({ extremes: 'text' } as const) : ({ zeroDates: 'text' } as const)
    const options = { kind: server, url: database().url, settings, tables: [table, empty] }
    for (const zone of zones) chained[zone] = (await chainInProcess(options, zone)).chained
  })
  afterAll(() => {
    console.log(
      `hostile values, ${server}: ${exact} of ${kinds.length + 1} kinds exact, ${kinds.length + 1 - exact} altered or refused`,
    )
  })

  test('every row of them is published', () => {
    for (const name of [table, empty]) {
      expect([chained['UTC']?.[name]?.exitCodes, chained['UTC']?.[name]?.error]).toEqual([[0, 0], undefined])
    }
    expect(chained['UTC']?.[empty]?.target).toEqual([])
    exact += 1
  })

  test.each(kinds)('$name: $declaration comes as the server says it', ({ name }) => {
    const column = 1 + kinds.findIndex((kind) => kind.name === name)
    const { names = [], types = [], staged = [], target = [] } = chained['UTC']?.[table] ?? {}
    const of = (rows: readonly Texts[]) => rows.map((row) => sameText(row[column] ?? null, types[column] ?? 'text'))
    expect(names[column]).toBe(name)
    expect(of(staged)).toEqual(of(said))
    expect(of(target)).toEqual(of(said))
    exact += 1
  })

  test.each(zones)('in a process whose zone is %s the same comes out', (zone) => {
    expect(chained[zone]?.[table]?.staged.length).toBe(said.length)
    expect(chained[zone]).toEqual(chained['UTC'])
  })
})

/** Makes a table with a column for each kind, its values one below the other and NULL below them; what the server says of it. */
async function fill({ kind: server, run }: Database, kinds: readonly HostileKind[]): Promise<readonly Texts[]> {
  const isPostgres = server === 'postgres'
  const name = (kind: HostileKind) => quoted(server, kind.name)
  const columns = kinds.map((kind) => `${name(kind)} ${kind.declaration}`).join(', ')
  const height = 1 + Math.max(...kinds.map(({ values }) => values.length))
  const rows = Array.from({ length: height }, (_, id) => {
    const cells = kinds.map(({ values, declaration }) =>
      isPostgres ? `(${values[id] ?? 'NULL'})::${declaration}` : (values[id] ?? 'NULL'),
    )
    return `INSERT INTO ${table} VALUES (${[id, ...cells].join(', ')})`
  })
  const shown = kinds.map((kind) => {
    const text = kind.shown ?? (isPostgres ? 'v::text' : 'CAST(v AS CHAR)')
    // `v` stands for the column where it is a word by itself.
    return text.replace(/\bv\b/g, () => name(kind))
  })
  if (isPostgres) await run("CREATE TYPE h_mood AS ENUM ('sad', 'it''s')", 'CREATE TYPE h_pair AS (a int, b text)')
  return run(
    `CREATE TABLE ${table} (id INT PRIMARY KEY, ${columns})`,
    `CREATE TABLE ${empty} (id INT PRIMARY KEY, v DECIMAL(10,2))`,
    ...rows,
    `SELECT id, ${shown.join(', ')} FROM ${table} ORDER BY id`,
  )
}
