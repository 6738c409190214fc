import { gzipSync } from 'node:zlib'
import type { FaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { put } from '../fixtures/file-readings.ts'
import type { Batch, SourceRow } from './batches.ts'

/** A server behind a proxy, and how a project reads from it: as the text stands in the project's files. */
export interface Way {
  readonly proxy: FaultyProxy
  /** The connection `source`. */
  readonly connection: string
  /** What the extraction reads from it, and by which cursor. */
  readonly extraction: string
  readonly environment: Readonly<Record<string, string>>
  /** Whether a changed byte of an answer may reach its row without that anybody could know: then only the others are sure. */
  readonly hidesChanges?: boolean
  /** Gives the server the rows of a batch besides those that it has. */
  offer(batch: Batch): Promise<void>
  stop(): Promise<void>
}

/** How long the ways wait, as it stands in the options of a connection: more is never needed here. */
export const patience = 'connectTimeoutMs: 2500, idleTimeoutMs: 1500'

/** Reads the files that `offerFiles` puts. */
export const newFiles = `source.new('item-*.csv.gz', { format: csv(), columns })`

/** Puts the rows as files of different sizes: compressed, so that also a way without checksums cannot change them unseen. */
export async function offerFiles(folder: string, { date, rows }: Batch): Promise<void> {
  const bounds = [0, 0.1, 0.15, 0.7, 1].map((share) => Math.round(share * rows.length))
  for (const [index, end] of bounds.slice(1).entries()) {
    const own = rows.slice(bounds[index], end)
    await put(folder, `item-${date}-${index}.csv.gz`, gzipSync(csv(own)))
  }
}

function csv(rows: readonly SourceRow[]): string {
  return `id,name,updated_at\n${rows.map(({ id, name, updatedAt }) => `${id},${name},${updatedAt}\n`).join('')}`
}
