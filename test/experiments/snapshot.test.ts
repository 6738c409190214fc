import { expect, test } from 'vitest'
import { type Database, type DatabaseSession, onEach, type Texts } from './databases.ts'
import { type Random, seeded } from './random.ts'
import { readWhole, tableOf } from './readings.ts'

const accounts = 2_000
const perAccount = 1_000
const rounds = 100
const transferers = 4

/** Over one connection, and in four partitions at a time. */
const ways = [
  { name: 'one connection', options: {}, partitions: 1 },
  { name: 'four partitions at a time', options: { parallel: 4, partitionRows: accounts / 4 }, partitions: 4 },
]

onEach(['mariadb', 'mysql8', 'postgres'], (database, kind) => {
  test.each(ways)('a reading shows one moment, over $name', async ({ name, options, partitions }) => {
    await makeAccounts(database())
    const source = await database().open()
    let isRead = false
    const random = seeded(3)
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
    const transfers = Array.from({ length: transferers }, () => transfer(database(), random, () => isRead))
    const [made] = await Promise.all([sumOf(transfers), reading])
    await source.close()
    console.log(
      `snapshot, ${kind}, ${name}: ${rounds} rounds beside ${made} transfers; wrong: ${wrong.naive} by four connections of their own, ${wrong.ours} by ours`,
    )
    expect(wrong.ours).toBe(0)
    // Otherwise nothing moved while rows were read.
    expect(wrong.naive).toBeGreaterThan(0)
  })
})

async function makeAccounts({ kind, run }: Database): Promise<void> {
  const values = Array.from({ length: accounts }, (_, id) => `(${id}, ${id}, ${perAccount})`).join(', ')
  const engine = kind === 'postgres' ? '' : 'ENGINE = InnoDB'
  await run(
    'DROP TABLE IF EXISTS accounts',
    `CREATE TABLE accounts (id BIGINT PRIMARY KEY, account INT UNIQUE, balance BIGINT NOT NULL) ${engine}`,
    `INSERT INTO accounts VALUES ${values}`,
  )
}

/** Moves money between accounts, and whole accounts to another number, until it is told to stop. */
async function transfer(database: Database, random: Random, isOver: () => boolean): Promise<number> {
  const session = await database.session()
  let made = 0
  while (!isOver()) {
    const [from, to] = [Math.floor(random() * accounts), Math.floor(random() * accounts)].toSorted((a, b) => a - b)
    const amount = Math.floor(random() * 100) - 50
    const done = await transaction(session, [
      `UPDATE accounts SET balance = balance - ${amount} WHERE account = ${from}`,
      `UPDATE accounts SET balance = balance + ${amount} WHERE account = ${to}`,
      // To the other end of the table and back, so that it is read late or early, but once.
      ...(random() < 0.3 ? [`UPDATE accounts SET id = ${accounts * 2 - 1} - id WHERE account = ${from}`] : []),
    ])
    if (done) made += 1
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
  const quarters = [0, 1, 2, 3].map((quarter) =>
    database.run(`SELECT id, account, balance FROM accounts WHERE id % 4 = ${quarter}`),
  )
  return (await Promise.all(quarters)).flat()
}

function isWhole(rows: readonly Texts[]): boolean {
  const sum = rows.reduce((total, [, , balance]) => total + Number(balance), 0)
  return rows.length === accounts && sum === accounts * perAccount
}
