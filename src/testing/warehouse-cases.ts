import assert from 'node:assert/strict'
import type { Statement, Warehouse } from '../contracts/warehouse.ts'
import { isSluiceError } from '../errors.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { TableName } from '../model/schema.ts'
import type { ContractCase } from './contract-case.ts'
import {
  type Bench,
  coded,
  create,
  failing,
  insertion,
  int64,
  only,
  rowsOf,
  sqlName,
  tableOf,
  text,
  type Work,
  writing,
} from './warehouse-bench.ts'
import { copyCases } from './warehouse-copy-cases.ts'
import { dialectCases } from './warehouse-dialect-cases.ts'

/** How the suite gets a warehouse; called once for each case. */
export interface WarehouseFixture {
  prepare(): Promise<PreparedWarehouse>
}

/** `schema` is there and empty. `close` is called once, after the warehouse's own. */
interface PreparedWarehouse {
  readonly warehouse: Warehouse
  readonly schema: string
  close(): Promise<void>
}

/** The promises of a warehouse, each as a case. */
export function warehouseCases(fixture: WarehouseFixture): readonly ContractCase[] {
  const cases = { ...dialectCases, ...values, ...transactions, ...order, ...copyCases, ...life }
  return Object.entries(cases).map(([name, work]) => ({ name, run: () => onWarehouse(fixture, work) }))
}

async function onWarehouse(fixture: WarehouseFixture, work: Work): Promise<void> {
  const prepared = await fixture.prepare()
  try {
    await work(prepared)
  } finally {
    await prepared.warehouse.close()
    await prepared.close()
  }
}

const values: Readonly<Record<string, Work>> = {
  async 'values are bound, whatever they look like'(bench) {
    const table = await create(bench, 'bound', { id: int64, label: text })
    const labels = ["'; DROP TABLE bound; --", '$1', '?', ':id', '\\', 'line\nbreak', '😀 𝄞', '', 'NULL', null]
    await writing(bench, table, async (session) => {
      for (const [index, label] of labels.entries()) {
        assert.equal(await session.execute(insertion(bench, table, [int64, text], [index, label])), 1)
      }
    })
    assert.deepEqual(
      await rowsOf(bench, table),
      labels.map((label, index) => [BigInt(index), label]),
    )
  },

  async '64-bit integers are exact, and come as bigint'(bench) {
    const table = await create(bench, 'wide', { id: int64 })
    const ids = [-(2n ** 63n), -9007199254740993n, 0n, 9007199254740993n, 2n ** 63n - 1n]
    await writing(bench, table, async (session) => {
      for (const id of ids) await session.execute(insertion(bench, table, [int64], [id]))
    })
    assert.deepEqual(
      await rowsOf(bench, table),
      ids.map((id) => [id]),
    )
    const name = bench.warehouse.dialect.quote('id')
    const found = await bench.warehouse.query({
      sql: `SELECT ${name} FROM ${sqlName(bench, table)} WHERE ${name} = ${bench.warehouse.dialect.placeholder(1)}`,
      values: [9007199254740993n],
    })
    assert.equal(only(found), 9007199254740993n)
  },

  async 'counts and sums of 64-bit integers come as bigint'(bench) {
    const table = await create(bench, 'summed', { id: int64 })
    await writing(bench, table, async (session) => {
      for (const id of [2n ** 62n, 2n ** 62n, 2n ** 62n]) await session.execute(insertion(bench, table, [int64], [id]))
    })
    const ask = async (sql: string) => only(await bench.warehouse.query({ sql: `SELECT ${sql} FROM ${sqlName(bench, table)}` }))
    assert.equal(await ask('count(*)'), 3n)
    assert.equal(await ask(`sum(${bench.warehouse.dialect.quote('id')})`), 3n * 2n ** 62n)
  },

  async 'decimals, dates and times come as text, small values as they are'(bench) {
    const samples: readonly [ColumnType, string, unknown][] = [
      [
        { kind: 'decimal', precision: 38, scale: 2 },
        '123456789012345678901234567890123456.70',
        '123456789012345678901234567890123456.70',
      ],
      [{ kind: 'date' }, '2024-02-29', '2024-02-29'],
      [{ kind: 'time' }, '10:00:00', '10:00:00'],
      [{ kind: 'timestamp' }, '2024-02-29 10:00:00', '2024-02-29 10:00:00'],
      [{ kind: 'boolean' }, 'true', true],
      [{ kind: 'double' }, '0.5', 0.5],
      [text, 'x', 'x'],
    ]
    const { dialect } = bench.warehouse
    for (const [type, value, expected] of samples) {
      const cast = `CAST(CAST(${dialect.placeholder(1)} AS ${dialect.columnType(text)}) AS ${dialect.columnType(type)})`
      assert.deepEqual(only(await bench.warehouse.query({ sql: `SELECT ${cast}`, values: [value] })), expected)
    }
  },
}

const transactions: Readonly<Record<string, Work>> = {
  async 'a transaction commits when its work resolves, and sees its own rows before'(bench) {
    const table = await numbers(bench)
    const result = await writing(bench, table, async (session) => {
      await session.execute(row(bench, 1))
      assert.equal(only(await session.query(counting(bench))), 1n)
      return 'done'
    })
    assert.equal(result, 'done')
    assert.deepEqual(await rowsOf(bench, table), [[1n]])
  },

  async 'execute counts the rows that changed'(bench) {
    const table = await numbers(bench)
    const name = sqlName(bench, table)
    await writing(bench, table, async (session) => {
      const changed = async (sql: string) => session.execute({ sql })
      assert.equal(await changed(`INSERT INTO ${name} SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3`), 3)
      assert.equal(await changed(`UPDATE ${name} SET id = id + 10 WHERE id > 1`), 2)
      assert.equal(await changed(`UPDATE ${name} SET id = 0 WHERE id = 99`), 0)
      assert.equal(await changed(`DELETE FROM ${name} WHERE id > 1`), 2)
    })
    assert.deepEqual(await rowsOf(bench, table), [[1n]])
  },

  async 'a transaction rolls back when its work rejects, and rethrows the same error'(bench) {
    const table = await numbers(bench)
    const mine = new Error('of the work')
    const undone = writing(bench, table, async (session) => {
      await session.execute(row(bench, 1))
      throw mine
    })
    await assert.rejects(undone, (error) => error === mine)
    assert.deepEqual(await rowsOf(bench, table), [])
  },

  async 'a statement that the engine refuses is TARGET_FAILED, and rolls back'(bench) {
    const table = await numbers(bench)
    const refused = writing(bench, table, async (session) => {
      await session.execute(row(bench, 1))
      await session.execute(failing(bench))
    })
    await assert.rejects(refused, coded('TARGET_FAILED'))
    assert.deepEqual(await rowsOf(bench, table), [])
  },

  'a missing table that the work swallowed is not committed, and comes back': (bench) => swallowing(bench, failing(bench)),

  'a value that the work swallowed is not committed, and comes back': (bench) =>
    swallowing(bench, insertion(bench, tableOf(bench, 'numbers'), [int64], ['no number'])),

  async 'a statement that the work did not wait for belongs to the transaction'(bench) {
    const table = await numbers(bench)
    await writing(bench, table, async (session) => {
      void session.execute(row(bench, 1)).catch(() => undefined)
    })
    assert.deepEqual(await rowsOf(bench, table), [[1n]])
    const failed = writing(bench, table, async (session) => {
      void session.execute(row(bench, 2)).catch(() => undefined)
      void session.execute(failing(bench)).catch(() => undefined)
    })
    await assert.rejects(failed, coded('TARGET_FAILED'))
    assert.deepEqual(await rowsOf(bench, table), [[1n]])
  },

  async 'a statement after the end of its transaction is refused'(bench) {
    const table = await numbers(bench)
    const ended = await writing(bench, table, async (session) => ({ session }))
    await assert.rejects(ended.session.execute(row(bench, 1)))
    assert.deepEqual(await rowsOf(bench, table), [])
  },

  async 'queries outside see what is committed, and nothing else'(bench) {
    const table = await numbers(bench)
    await writing(bench, table, async (session) => {
      await session.execute(row(bench, 1))
      assert.deepEqual(await rowsOf(bench, table), [])
    })
    assert.deepEqual(await rowsOf(bench, table), [[1n]])
  },

  async 'a failed query outside does no harm'(bench) {
    await assert.rejects(bench.warehouse.query(failing(bench)), coded('TARGET_FAILED'))
    assert.equal(only(await bench.warehouse.query({ sql: "SELECT 'fine'" })), 'fine')
  },
}

async function swallowing(bench: Bench, statement: Statement): Promise<void> {
  const table = await numbers(bench)
  let swallowed: unknown
  const transaction = writing(bench, table, async (session) => {
    await session.execute(row(bench, 1))
    await session.execute(statement).catch((error: unknown) => {
      swallowed = error
    })
    await session.execute(row(bench, 2)).catch(() => undefined)
  })
  await assert.rejects(transaction, (error) => isSluiceError(error, 'TARGET_FAILED') && error === swallowed)
  assert.deepEqual(await rowsOf(bench, table), [])
}

const order: Readonly<Record<string, Work>> = {
  async 'transactions that write one table run one after the other'(bench) {
    const table = await numbers(bench)
    const add = () =>
      writing(bench, table, async (session) => {
        const count = only(await session.query(counting(bench)))
        await new Promise((resolve) => setTimeout(resolve, 5))
        await session.execute(row(bench, Number(count)))
      })
    await Promise.all(Array.from({ length: 8 }, add))
    assert.deepEqual(
      await rowsOf(bench, table),
      [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((id) => [id]),
    )
  },

  async 'a transaction that fails lets the next one through'(bench) {
    const table = await numbers(bench)
    const outcomes = await Promise.allSettled([
      writing(bench, table, (session) => session.execute(failing(bench))),
      writing(bench, table, (session) => session.execute(row(bench, 1))),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'fulfilled'],
    )
    assert.deepEqual(await rowsOf(bench, table), [[1n]])
  },

  async 'transactions with crossing tables do not wait for each other for ever'(bench) {
    const tables = await Promise.all(['a', 'b', 'c'].map((name) => create(bench, name, { id: int64 })))
    const rounds = Array.from({ length: 12 }, (_, index) => [tables[index % 3], tables[(index + 1 + (index % 2)) % 3]] as const)
    await Promise.all(
      rounds.map(([first = tableOf(bench, ''), second = tableOf(bench, '')], index) =>
        bench.warehouse.transaction([first, second, first], async (session) => {
          for (const table of [second, first]) await session.execute(insertion(bench, table, [int64], [index]))
        }),
      ),
    )
    const counts = await Promise.all(tables.map(async (table) => (await rowsOf(bench, table)).length))
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      24,
    )
  },

  async 'define waits for a transaction that writes the table, and the next waits for it'(bench) {
    const table = await numbers(bench)
    const name = sqlName(bench, table)
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const before = writing(bench, table, async (session) => {
      await session.execute(row(bench, 1))
      begin()
      await new Promise((resolve) => setTimeout(resolve, 50))
      await session.execute(row(bench, 2))
    })
    await begun
    const columns = ['a', 'b', 'c', 'd', 'extra'].map((column) => `${column} ${bench.warehouse.dialect.columnType(int64)}`)
    const after = [
      bench.warehouse.define(columns.map((column) => ({ sql: `ALTER TABLE ${name} ADD COLUMN ${column}` }))),
      writing(bench, table, (session) => session.execute({ sql: `UPDATE ${name} SET extra = 7` })),
    ]
    await Promise.all([before, ...after])
    const found = await bench.warehouse.query({ sql: `SELECT extra FROM ${name}` })
    assert.deepEqual(
      found.map((one) => Object.values(one)),
      [[7n], [7n]],
    )
  },

  async 'define stops at the first statement that is refused'(bench) {
    const table = tableOf(bench, 'after_failure')
    const create = { sql: `CREATE TABLE ${sqlName(bench, table)} (id ${bench.warehouse.dialect.columnType(int64)})` }
    await assert.rejects(bench.warehouse.define([failing(bench), create]), coded('TARGET_FAILED'))
    assert.equal(await bench.warehouse.describe(table), undefined)
    await bench.warehouse.define([create])
    assert.equal((await bench.warehouse.describe(table))?.columns.length, 1)
  },
}

const life: Readonly<Record<string, Work>> = {
  'check passes on a warehouse that is there': ({ warehouse }) => warehouse.check(),

  async 'closing twice is safe, and nothing goes through afterwards'({ warehouse }) {
    await warehouse.close()
    await warehouse.close()
    await assert.rejects(warehouse.query({ sql: 'SELECT 1' }))
    await assert.rejects(warehouse.transaction([], async () => undefined))
  },
}

function numbers(bench: Bench): Promise<TableName> {
  return create(bench, 'numbers', { id: int64 })
}

function row(bench: Bench, id: number): Statement {
  return insertion(bench, tableOf(bench, 'numbers'), [int64], [id])
}

function counting(bench: Bench): Statement {
  return { sql: `SELECT count(*) AS n FROM ${sqlName(bench, tableOf(bench, 'numbers'))}` }
}
