import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Source } from '../../src/contracts/source.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { type Database, type Kind, onEach } from './databases.ts'
import { lostBy, naiveReader, ownReader } from './late-readers.ts'
import { makeLateTable, sessionInServerZone, writeLate } from './late-writers.ts'
import { seeded } from './random.ts'
import { tableOf } from './readings.ts'

const rows = 10_000
const bigRows = 200_000

/** A moment in UTC, and one in the zone of the server, which is Asia/Kolkata. */
const cursors: Readonly<Record<Kind, readonly string[]>> = {
  mariadb: ['TIMESTAMP(6)', 'DATETIME(6)'],
  mysql8: ['TIMESTAMP(6)', 'DATETIME(6)'],
  postgres: ['timestamptz', 'timestamp'],
}

onEach((database, kind) => {
  test.concurrent.each(cursors[kind].map((type, index) => ({ type, index })))(
    'no row is lost that commits late, by a cursor of $type',
    async ({ type, index }) => {
      const table = await makeLateTable(database(), `late_${index}`, type)
      const source = await database().open()
      const long = await beginLongRead(database(), source, `big_${index}`)
      const ours = ownReader(database(), source, table)
      const naive = naiveReader(database(), table, 0)
      const lagging = naiveReader(database(), table, 1)
      // A prepared transaction holds the horizon where the last window left it, and the first has no predecessor.
      await ours.run(() => true)
      let isWritten = false
      const writing = writeLate({ database: database(), table, random: seeded(index), rows }).finally(() => {
        isWritten = true
      })
      await Promise.all([writing, ...[ours, naive, lagging].map((reader) => reader.run(() => isWritten))])
      expect(await long.finish()).toBe(bigRows)
      await source.close()

      const lost = [naive, lagging, ours].map((reader) => lostBy(reader, table).length)
      const figures = `${table.written} versions of ${table.versions.size} rows in ${ours.windows.length} windows`
      console.log(
        `late commit, ${kind} ${type}: ${figures}; lost: ${lost[0]} by max, ${lost[1]} by max less 1 s, ${lost[2]} by ours`,
      )
      expect(table.versions.size).toBeGreaterThanOrEqual(rows)
      expect(lost[2]).toBe(0)
      // Not by overlap: windows follow each other half open, and no version came twice.
      expect(ours.windows.filter(({ proven, upper, next }) => !proven || upper !== next)).toEqual([])
      expect(ours.windows.slice(1).map(({ lower }) => lower)).toEqual(ours.windows.slice(0, -1).map(({ upper }) => upper))
      expect([...ours.seen].filter(([, times]) => times !== 1)).toEqual([])
      // Otherwise nothing came late, and nothing was shown.
      expect(lost[0]).toBeGreaterThan(0)
      expect(lost[1]).toBeGreaterThan(0)
    },
    120_000,
  )

  if (kind !== 'postgres') {
    test('a prepared transaction is not forgotten when the server restarts', async () => {
      const table = await makeLateTable(database(), 'restarted', cursors[kind][0] ?? '')
      const source = await database().open()
      const ours = ownReader(database(), source, table)
      await ours.run(() => true)
      const session = await sessionInServerZone(database())
      await session.run("XA START 'r'", 'INSERT INTO restarted (id, version) VALUES (1, 1)', "XA END 'r'", "XA PREPARE 'r'")
      await session.close()
      await pause(4_000)
      await database().restart?.()
      await pause(4_000)
      await ours.run(() => true)
      await database().run("XA COMMIT 'r'")
      table.versions.set(1, 1)
      await ours.run(() => true)
      await source.close()
      expect(lostBy(ours, table)).toEqual([])
    })
  }
}, 'Asia/Kolkata')

/** A reading of ours that stays open until it is told to finish; it must not hold the horizon. */
async function beginLongRead(database: Database, source: Source, name: string) {
  const numbers = database.kind === 'postgres' ? `generate_series(1, ${bigRows}) AS n(seq)` : await numbersOf(database)
  await database.run(`CREATE TABLE ${name} AS SELECT seq AS id, REPEAT('x', 200) AS filler FROM ${numbers}`)
  const reading = await source.open(readRequest(tableOf(name)))
  const read = async function* () {
    for (const partition of reading.partitions) for await (const { batch } of reading.read(partition)) yield batch.rows
  }
  const batches = read()
  let counted = (await batches.next()).value ?? 0
  return {
    async finish() {
      for await (const more of batches) counted += more
      await reading.close()
      return counted
    },
  }
}

async function numbersOf({ kind }: Database): Promise<string> {
  if (kind === 'mariadb') return `seq_1_to_${bigRows}`
  return `(WITH RECURSIVE s AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM s WHERE seq < ${bigRows}) SELECT seq FROM s) AS n`
}
