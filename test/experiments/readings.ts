import { cellTexts } from '../../src/columnar/cell-text.ts'
import type { Reading, ReadRequest, Source } from '../../src/contracts/source.ts'
import type { ColumnBatch, RejectedRow } from '../../src/model/column-batch.ts'
import type { CursorWindow } from '../../src/model/manifest.ts'
import type { Resource } from '../../src/model/script.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import type { Texts } from './databases.ts'

/** Everything that one reading brought. */
export interface WholeReading {
  readonly rows: readonly Texts[]
  readonly rejects: readonly RejectedRow[]
  readonly notices: readonly string[]
  readonly window: CursorWindow | undefined
  readonly expectedRows: number | undefined
  readonly partitions: number
}

/** A table of the source that the project calls `shop`. */
export function tableOf(locator: string, options: Resource['options'] = {}): Resource {
  return { source: 'shop', locator, options, columns: undefined }
}

/** Reads a resource to its end, as many partitions at a time as the reading allows. */
export async function readWhole(source: Source, resource: Resource, asked: Partial<ReadRequest> = {}): Promise<WholeReading> {
  const notices: string[] = []
  const reading = await source.open(readRequest(resource, { notice: (text) => notices.push(text), ...asked }))
  try {
    const rows: Texts[] = []
    const rejects: RejectedRow[] = []
    const waiting = [...reading.partitions]
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await readPartition(reading, next, rows, rejects)
    }
    await Promise.all(Array.from({ length: reading.parallel ?? 1 }, work))
    const { window, expectedRows } = reading
    return { rows, rejects, notices, window, expectedRows, partitions: reading.partitions.length }
  } finally {
    await reading.close()
  }
}

async function readPartition(
  reading: Reading,
  partition: Reading['partitions'][number],
  rows: Texts[],
  rejects: RejectedRow[],
): Promise<void> {
  for await (const read of reading.read(partition)) {
    for (const row of rowsOf(read.batch)) rows.push(row)
    rejects.push(...read.rejects)
  }
}

/** The rows of a batch, each cell as its exact text. */
export function rowsOf(batch: ColumnBatch): readonly Texts[] {
  const columns = batch.columns.map((vector) => cellTexts(vector, batch.rows))
  return Array.from({ length: batch.rows }, (_, row) => columns.map((texts) => texts[row] ?? null))
}
