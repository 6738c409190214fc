import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChainedTable } from './chain.ts'
import { chainInProcess } from './chain-process.ts'
import { onEach, type Texts } from './databases.ts'
import { mysqlKinds, postgresKinds } from './hostile-kinds.ts'
import { sameText } from './same-text.ts'
import { fillWide } from './wide-table.ts'

const zones = ['UTC', 'America/New_York', 'Asia/Kolkata'] as const
const [table, empty] = ['hostile', 'hostile_empty']

onEach((database, server) => {
  const kinds = server === 'postgres' ? postgresKinds : mysqlKinds
  const chained: Record<string, Readonly<Record<string, ChainedTable>>> = {}
  let said: readonly Texts[]
  let exact = 0

  beforeAll(async () => {
    if (server === 'postgres') {
      await database().run("CREATE TYPE h_mood AS ENUM ('sad', 'it''s')", 'CREATE TYPE h_pair AS (a int, b text)')
    }
    await database().run(`CREATE TABLE ${empty} (id INT PRIMARY KEY, v DECIMAL(10,2))`)
    said = await fillWide(database(), table, kinds)
    // Where a value fits no type of ours, the documented policy for text is asked for.
    const settings = server === 'postgres' ? ({ extremes: 'text' } as const) : ({ zeroDates: 'text' } as const)
    const options = { kind: server, url: database().url, settings, tables: [table, empty] }
    for (const zone of zones) chained[zone] = await chainInProcess(options, zone)
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
    expect(valuesOf(chained[zone])).toEqual(valuesOf(chained['UTC']))
  })
})

function valuesOf(chained: Readonly<Record<string, ChainedTable>> = {}) {
  return Object.values(chained).map(({ exitCodes, names, types, staged, target }) => ({
    exitCodes,
    names,
    types,
    staged,
    target,
  }))
}
