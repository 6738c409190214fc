import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Source } from '../../src/contracts/source.ts'
import type { CursorWindow } from '../../src/model/manifest.ts'
import type { Database } from './databases.ts'
import { type LateTable, sessionInServerZone } from './late-writers.ts'
import { readWhole, tableOf } from './readings.ts'

/** What a reader saw: how often each version of each row, as `id:version`. */
type Seen = ReadonlyMap<string, number>

/** A reader that goes on until it is told that nothing more is written, and then reads what is left. */
export interface Reader {
  readonly seen: Seen
  run(isWritten: () => boolean): Promise<void>
}

/** Reads what is later than the latest that it has seen; `lagSeconds`: and at least this old. */
export function naiveReader(database: Database, table: LateTable, lagSeconds: number): Reader {
  const seen = new Map<string, number>()
  const isPostgres = database.kind === 'postgres'
  const text = isPostgres ? 'changed_at::text' : 'CAST(changed_at AS CHAR)'
  const now = isPostgres ? `clock_timestamp() - interval '${lagSeconds} s'` : `NOW(6) - INTERVAL ${lagSeconds} SECOND`
  let latest = '2000-01-01'
  return {
    seen,
    async run(isWritten) {
      const session = await sessionInServerZone(database)
      for (let last = false; !last; ) {
        last = isWritten()
        if (last) await pause(lagSeconds * 1000 + 100)
        const rows = await session.run(
          `SELECT id, version, ${text} FROM ${table.name} WHERE changed_at > '${latest}' AND changed_at <= ${now} ORDER BY changed_at`,
        )
        for (const [id, version] of rows) count(seen, `${id}:${version}`)
        latest = rows.at(-1)?.[2] ?? latest
        await pause(100)
      }
      await session.close()
    },
  }
}

/** Reads one window after the other as extractions do, until one ends beyond the last row. */
export function ownReader(database: Database, source: Source, table: LateTable): Reader & { readonly windows: CursorWindow[] } {
  const seen = new Map<string, number>()
  const windows: CursorWindow[] = []
  const cursor = { column: 'changed_at', overlap: undefined, nulls: 'reject' } as const
  const next = async () => {
    const { rows, rejects, window, expectedRows } = await readWhole(source, tableOf(table.name), {
      cursor,
      lower: windows.at(-1)?.next,
    })
    if (!window) throw new Error('the reading has no window')
    expect([rejects, expectedRows]).toEqual([[], rows.length])
    for (const [id, version] of rows) count(seen, `${id}:${version}`)
    windows.push(window)
    return window
  }
  return {
    seen,
    windows,
    async run(isWritten) {
      for (let isBehind = true; isBehind; ) {
        const mayEnd = isWritten()
        const { upper } = await next()
        if (mayEnd) isBehind = await hasRowsFrom(database, table, upper ?? '')
        await pause(50)
      }
    },
  }
}

async function hasRowsFrom(database: Database, { name }: LateTable, upper: string): Promise<boolean> {
  const [row] = await database.run(`SELECT COUNT(*) FROM ${name} WHERE changed_at >= '${upper}'`)
  return row?.[0] !== '0'
}

/** The rows that a reader never saw as they are in the end. */
export function lostBy({ seen }: Reader, { versions }: LateTable): readonly number[] {
  return [...versions].flatMap(([id, version]) => (seen.has(`${id}:${version}`) ? [] : [id]))
}

function count(seen: Map<string, number>, version: string): void {
  seen.set(version, (seen.get(version) ?? 0) + 1)
}
