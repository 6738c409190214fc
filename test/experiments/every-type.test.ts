import { beforeAll, describe, expect, test } from 'vitest'
import { mysqlTypeRows, postgresTypeRows } from '../../scripts/generate/type-rows.ts'
import { type ChainedTable, runChain } from './chain.ts'
import { onEach, type Texts } from './databases.ts'
import { sameText } from './same-text.ts'
import { postgresOwnTypes, typeKinds } from './type-kinds.ts'
import { fillWide } from './wide-table.ts'

const table = 'every_type'

onEach((database, server) => {
  const kinds = typeKinds[server]
  let chained: ChainedTable | undefined
  let said: readonly Texts[]

  beforeAll(async () => {
    if (server === 'postgres') await database().run(...postgresOwnTypes)
    said = await fillWide(database(), table, kinds)
    chained = (await runChain({ kind: server, url: database().url, tables: [table] }))[table]
  })

  test('every row comes', () => {
    expect([chained?.exitCodes, chained?.error]).toEqual([[0, 0], undefined])
    expect([chained?.staged.length, chained?.target.length]).toEqual([said.length, said.length])
    console.log(`every type, ${server}: ${kinds.length} columns, ${said.length} rows`)
  })

  test.each(kinds)('$name', ({ name }) => {
    const column = 1 + kinds.findIndex((kind) => kind.name === name)
    const { names = [], types = [], staged = [], target = [] } = chained ?? {}
    const of = (rows: readonly Texts[]) => rows.map((row) => sameText(row[column] ?? null, types[column] ?? 'text'))
    expect(names[column]).toBe(name)
    expect(of(staged)).toEqual(of(said))
    expect(of(target)).toEqual(of(said))
  })
})

describe('no type that the docs name is left out', () => {
  /** Of another version, another name of one that is there, or a word for many. */
  const aside = ['vector', 'geomcollection', 'any enum, composite or extension type']
  const bare = (declared: string) => declared.replace('(n)', '')

  test.each([
    ['mysql', mysqlTypeRows(), typeKinds.mariadb],
    ['postgres', postgresTypeRows(), typeKinds.postgres],
  ] as const)('%s', (_name, rows, kinds) => {
    const missing = rows.filter(
      ({ declared }) => !kinds.some(({ name }) => name === declared || name.startsWith(`${bare(declared)}(`)),
    )
    expect(missing.map(({ declared }) => declared).filter((declared) => !aside.includes(declared))).toEqual([])
  })
})
