import { expect, test } from 'vitest'
import { type Database, type DatabaseSession, onEach, type Texts } from './databases.ts'
import { seeded } from './random.ts'
import { readWhole, tableOf } from './readings.ts'

const accounts = 2_000
const perAccount = 1_000
const rounds = 100
/** Where each who transfers has an empty account at first. */
const places = [1, 2, 3, 4].map((transferer) => transferer * 1_000_000)

/** Over one connection, and in four partitions at a time. */
const ways = [
  { name: 'one connection', options: {}, partitions: 1 },
  { name: 'four partitions at a time', options: { parallel: 4, partitionRows: accounts / 8 }, partitions: 4 },
]

onEach((database, kind) => {
  test.each(ways)('a reading shows one moment, over $name', async ({ name, options, partitions }) => {
    await makeAccounts(database())
    const source = await database().open()
    let isRead = false
    const wrong = { ours: 0, naive: 0 }
    const read = async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { rows, expectedRows, partitions: found } = await readWhole(source, tableOf('accounts', options))
        expect([expectedRows, found >= partitions]).toEqual([rows.length, true])
        if (!isWhole(rows)) wrong.ours += 1
        if (!isWhole(await readApart(database()))) wrong.naive += 1
      }
    }
    const reading = read().finally(() => {
      isRead = true
    })
    const transfers = places.map((place) => transfer(database(), place, () => isRead))
    const [made] = await Promise.all([sumOf(transfers), reading])
    await source.close()
    expect(isWhole(await database().run('SELECT id, balance FROM accounts'))).toBe(true)
    console.log(
      `snapshot, ${kind}, ${name}: ${rounds} rounds beside ${made} transfers; wrong: ${wrong.naive} by four connections of their own, ${wrong.ours} by ours`,
    )
    expect(wrong.ours).toBe(0)
    // Otherwise nothing moved while rows were read.
    expect(wrong.naive).toBeGreaterThan(0)
  })
})

async function makeAccounts({ kind, run }: Database): Promise<void> {
  const filled = Array.from({ length: accounts }, (_, id) => `(${id}, ${perAccount})`)
  const empty = places.map((place) => `(${place}, 0)`)
  const engine = kind === 'postgres' ? '' : 'ENGINE = InnoDB'
  await run(
    'DROP TABLE IF EXISTS accounts',
    `CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL) ${engine}`,
    `INSERT INTO accounts VALUES ${[...filled, ...empty].join(', ')}`,
    // So that the size of partitions is chosen for as many rows.
    kind === 'postgres' ? 'ANALYZE accounts' : 'ANALYZE TABLE accounts',
  )
}

/**
 * Moves money between accounts until it is told to stop, and an empty account of its own from one end of the table to the
 * other, so that a reading that is not of one moment sees it twice or not at all.
 */
async function transfer(database: Database, first: number, isOver: () => boolean): Promise<number> {
  const session = await database.session()
  const random = seeded(first)
  let [made, place] = [0, first]
  while (!isOver()) {
    const [from, to] = [Math.floor(random() * accounts), Math.floor(random() * accounts)].toSorted((a, b) => a - b)
    const amount = Math.floor(random() * 100) - 50
    const next = place > 0 ? -place : 1 - place
    const done = await transaction(session, [
      `UPDATE accounts SET balance = balance - ${amount} WHERE id = ${from}`,
      `UPDATE accounts SET balance = balance + ${amount} WHERE id = ${to}`,
      `DELETE FROM accounts WHERE id = ${place}`,
      `INSERT INTO accounts VALUES (${next}, 0)`,
    ])
    if (done) [made, place] = [made + 1, next]
  }
  await session.close()
  return made
}

async function sumOf(counts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

/** Whether it was committed; two that wait for each other are both right to give up. */
async function transaction(session: DatabaseSession, statements: readonly string[]): Promise<boolean> {
  try {
    await session.run('BEGIN', ...statements, 'COMMIT')
    return true
  } catch {
    await session.run('ROLLBACK')
    return false
  }
}

/** What four connections see that begin at the same time, each with a quarter of the table. */
async function readApart(database: Database): Promise<readonly Texts[]> {
  const quarters = [0, 1, 2, 3].map((quarter) => database.run(`SELECT id, balance FROM accounts WHERE ABS(id) % 4 = ${quarter}`))
  return (await Promise.all(quarters)).flat()
}

function isWhole(rows: readonly Texts[]): boolean {
  const sum = rows.reduce((total, [, balance]) => total + Number(balance), 0)
  return rows.length === accounts + places.length && sum === accounts * perAccount
}
