import { cellTexts } from '../columnar/cell-text.ts'
import type { Reading } from '../contracts/source.ts'
import type { RejectedRow } from '../model/column-batch.ts'
import type { BatchDate } from '../model/run.ts'
import type { Column } from '../model/schema.ts'
import type { ExtractScript } from '../model/script.ts'
import type { EngineContext } from './context.ts'

/** Some rows of a resource, as exact texts, and what was refused among them. */
export interface ResourceRows {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly (string | null)[])[]
  readonly rejects: readonly RejectedRow[]
}

/**
 * Reads an extraction's resource from where its cursor is; writes nothing, moves no cursor and asks no gate. What comes first
 * has no row, only the columns.
 */
export async function* readRows(
  context: EngineContext,
  script: ExtractScript,
  batch: BatchDate,
  notice: (message: string) => void,
): AsyncGenerator<ResourceRows> {
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
    partitionsAgain: undefined,
    retry: (work) => work(),
    signal: context.signal,
    notice,
    log: (level, message) => (level === 'info' ? undefined : notice(message)),
  })
  try {
    yield { columns: reading.schema.columns, rows: [], rejects: [] }
    yield* rowsOf(reading)
  } finally {
    await reading.close()
  }
}

async function* rowsOf(reading: Reading): AsyncGenerator<ResourceRows> {
  const { columns } = reading.schema
  for (const partition of reading.partitions) {
    for await (const { batch, rejects } of reading.read(partition)) {
      const texts = batch.columns.map((vector) => cellTexts(vector, batch.rows))
      const rows = Array.from({ length: batch.rows }, (_, row) => texts.map((cells) => cells[row] ?? null))
      yield { columns, rows, rejects }
    }
  }
}
