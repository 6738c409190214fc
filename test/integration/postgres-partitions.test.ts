import { afterAll, beforeAll, expect, test } from 'vitest'
import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { Reading } from '../../src/contracts/source.ts'
import type { Resource } from '../../src/model/script.ts'
import { openPostgresSource } from '../../src/sources/postgres.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts'

let server: PostgresServer

async function rowsOf(reading: Reading): Promise<(string | null)[][]> {
  const waiting = [...reading.partitions]
  const rows: (string | null)[][] = []
  const worker = async () => {
    for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
      for await (const { batch } of reading.read(partition)) {
        const columns = batch.columns.map((vector) => cellTexts(vector, batch.rows))
        for (let row = 0; row < batch.rows; row += 1) rows.push(columns.map((texts) => texts[row] ?? null))
      }
    }
  }
  await Promise.all(Array.from({ length: reading.parallel ?? 1 }, worker))
  return rows
}

function resource(locator: string, options: Resource['options']): Resource {
  return { source: 'shop', locator, options, columns: undefined }
}

describeWith(['postgres'], 'partitions of postgres', () => {
  beforeAll(async () => {
    server = await startPostgres()
    await server.run(`CREATE TABLE account (id int PRIMARY KEY, code text COLLATE "C" NOT NULL, amount bigint NOT NULL);
      INSERT INTO account SELECT i, 'c' || i, 100 FROM generate_series(1, 5000) i; ANALYZE account`)
  })

  afterAll(() => server.stop())

  const ways = [
    ['blocks', { parallel: 2, partitionRows: 700 }],
    ['a key', { parallel: 2, partitionBy: ['code'], partitionRows: 700 }],
    ['a composite key', { partitionBy: ['amount', 'id'], partitionRows: 700 }],
    ['key ranges with a moment each', { parallel: 2, consistency: 'partition', partitionRows: 700 }],
  ] as const
  test.each(ways)('by %s each row is read once', async (_name, options) => {
    const source = await openPostgresSource({ url: server.url })
    const reading = await source.open(readRequest(resource('account', options)))
    const rows = await rowsOf(reading)
    await source.close()
    expect(reading.partitions.length).toBeGreaterThan(3)
    expect(new Set(rows.map(([id]) => id)).size).toBe(5000)
    expect(rows.length).toBe(5000)
  })

  test('all partitions show one moment while money moves between them', async () => {
    const source = await openPostgresSource({ url: server.url })
    const writer = await server.connect()
    let isOver = false
    const moving = (async () => {
      for (let round = 1; !isOver; round += 1) {
        await writer.query(`UPDATE account SET amount = amount + CASE id WHEN ${(round % 2500) + 1} THEN 1 ELSE -1 END
          WHERE id IN (${(round % 2500) + 1}, ${5000 - (round % 2500)})`)
      }
    })()
    for (let round = 0; round < 100; round += 1) {
      const reading = await source.open(readRequest(resource('account', { parallel: 3, partitionRows: 700 })))
      const rows = await rowsOf(reading)
      await reading.close()
      expect(rows.reduce((sum, [, , amount]) => sum + Number(amount), 0)).toBe(500_000)
    }
    isOver = true
    await moving
    await writer.end()
    await source.close()
  }, 120_000)
})
