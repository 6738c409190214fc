import { beforeAll, expect, test } from 'vitest'
import { chainInProcess } from './chain-process.ts'
import { type Database, type Kind, onEach } from './databases.ts'

const mebibyte = 2 ** 20
const largest = 64 * mebibyte
/** What a process holds that reads small rows, and a few copies of the largest on its way from packets to pages. */
const mostBytes = 600 * mebibyte

const columns: Readonly<Record<Kind, readonly (readonly [type: string, value: string])[]>> = {
  mariadb: [
    ['LONGTEXT', `REPEAT('é', ${largest / 2})`],
    ['LONGBLOB', `REPEAT(x'00fe', ${largest / 2})`],
  ],
  mysql8: [
    ['LONGTEXT', `REPEAT('é', ${largest / 2})`],
    ['LONGBLOB', `REPEAT(x'00fe', ${largest / 2})`],
  ],
  postgres: [
    ['text', `repeat('é', ${largest / 2})`],
    ['bytea', `decode(repeat('00fe', ${largest / 2}), 'hex')`],
  ],
}

onEach((database, kind) => {
  const tables = columns[kind].map(([type]) => `large_${type.toLowerCase()}`)

  beforeAll(async () => {
    for (const [index, [type, value]] of columns[kind].entries()) await fill(database(), tables[index] ?? '', type, value)
  })

  test.each(tables)('a row of 64 MiB goes the whole way: %s', async (table) => {
    const chained = await chainInProcess({ kind, url: database().url, tables: [table], digests: true }, 'UTC')
    const { exitCodes, error, staged, target, peakBytes = [] } = chained[table] ?? {}
    const [extract = 0, load = 0] = peakBytes.map((bytes) => Math.round(bytes / mebibyte))
    console.log(
      `large rows, ${kind}, ${table}: at most ${extract} MiB in memory until it is staged, ${load} MiB until it is loaded`,
    )
    expect([exitCodes, error]).toEqual([[0, 0], undefined])
    const said = await database().run(`SELECT id, ${hashOf(kind, table)} FROM ${table} ORDER BY id`)
    expect(staged).toEqual(said)
    expect(target).toEqual(said)
    expect(extract * mebibyte).toBeLessThan(mostBytes)
  })
})

/** A small row before and behind the large one. */
async function fill({ run }: Database, table: string, type: string, value: string): Promise<void> {
  await run(
    `CREATE TABLE ${table} (id INT PRIMARY KEY, v ${type})`,
    `INSERT INTO ${table} VALUES (1, 'a')`,
    `INSERT INTO ${table} VALUES (2, ${value})`,
    `INSERT INTO ${table} VALUES (3, NULL)`,
  )
}

/** The hash of the bytes, by the server. */
function hashOf(kind: Kind, table: string): string {
  if (kind !== 'postgres') return 'SHA2(v, 256)'
  return table.endsWith('bytea') ? "encode(sha256(v), 'hex')" : "encode(sha256(convert_to(v, 'UTF8')), 'hex')"
}
