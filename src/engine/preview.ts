import { cellTexts } from '../columnar/cell-text.ts'
import type { Reading } from '../contracts/source.ts'
import type { RejectedRow } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import type { ExtractScript } from '../model/script.ts'
import type { EngineContext } from './context.ts'

/** The first rows of a resource, as exact texts. */
export interface Preview {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly (string | null)[])[]
  readonly rejects: readonly RejectedRow[]
}

/** Reads the first rows of an extraction's resource; writes nothing, moves no cursor and asks no gate. */
export async function preview(
  context: EngineContext,
  script: ExtractScript,
  batch: string,
  limit: number,
  notice: (message: string) => void,
): Promise<Preview> {
  const source = await context.source(script.resource.source)
  const cursor = script.cursor && (await context.control.extractions.cursor(script.id))
  const reading = await source.open({
    resource: script.resource,
    batch,
    cursor: script.cursor,
    lower: cursor?.value,
    upper: undefined,
    seenFiles: () => context.control.extractions.files(script.id, batch),
    filesAgain: undefined,
    retry: (work) => work(),
    signal: context.signal,
    notice,
    log: (level, message) => (level === 'info' ? undefined : notice(message)),
  })
  try {
    return await firstRows(reading, limit)
  } finally {
    await reading.close()
  }
}

async function firstRows(reading: Reading, limit: number): Promise<Preview> {
  const rows: (readonly (string | null)[])[] = []
  const rejects: RejectedRow[] = []
  for (const partition of reading.partitions) {
    for await (const read of reading.read(partition)) {
      const columns = read.batch.columns.map((vector) => cellTexts(vector, read.batch.rows))
      for (let row = 0; row < read.batch.rows && rows.length < limit; row += 1) {
        rows.push(columns.map((texts) => texts[row] ?? null))
      }
      rejects.push(...read.rejects)
      if (rows.length >= limit) return { columns: reading.schema.columns, rows, rejects }
    }
  }
  return { columns: reading.schema.columns, rows, rejects }
}
