import type { RejectedRow } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import type { ExtractScript } from '../model/script.ts'
import type { EngineContext } from './context.ts'
import { type ResourceRows, readRows } from './read-rows.ts'

/** The first rows of an extraction's resource and what was refused among them, as {@link readRows} reads them. */
export async function preview(
  context: EngineContext,
  script: ExtractScript,
  batch: string,
  limit: number,
  notice: (message: string) => void,
): Promise<ResourceRows> {
  let columns: readonly Column[] = []
  const rows: (readonly (string | null)[])[] = []
  const rejects: RejectedRow[] = []
  for await (const read of readRows(context, script, batch, notice)) {
    columns = read.columns
    rows.push(...read.rows.slice(0, limit - rows.length))
    rejects.push(...read.rejects)
    if (rows.length >= limit) break
  }
  return { columns, rows, rejects }
}
