import { cellTexts } from '../src/columnar/cell-text.ts'
import type { ReadBatch, RejectedRow } from '../src/model/column-batch.ts'
import type { DeclaredColumn } from '../src/model/script.ts'

/** What a reading brought, in a form that tests compare. */
export interface ReadTexts {
  readonly rows: readonly (readonly (string | null)[])[]
  /** The ordinal of each of `rows` in its file. */
  readonly numbers: readonly number[]
  readonly rejects: readonly RejectedRow[]
}

/** Every row, ordinal and refused row of one file. */
export async function readTexts(batches: AsyncIterable<ReadBatch>): Promise<ReadTexts> {
  const rows: (string | null)[][] = []
  const numbers: number[] = []
  const rejects: RejectedRow[] = []
  for await (const read of batches) {
    const columns = read.batch.columns.map((vector) => cellTexts(vector, read.batch.rows))
    for (let row = 0; row < read.batch.rows; row++) {
      rows.push(columns.map((texts) => texts[row] ?? null))
      numbers.push(read.rowNumbers?.[row] ?? (numbers.at(-1) ?? 0) + 1)
    }
    rejects.push(...read.rejects)
  }
  return { rows, numbers, rejects }
}

/** Columns as a script declares them, of text. */
export function textColumns(...names: readonly string[]): readonly DeclaredColumn[] {
  return names.map((name) => ({ name, type: { kind: 'text' }, length: undefined, nullable: true, from: name }))
}

/** The bytes in pieces of these sizes, the rest in one; the memory of a piece is spoiled once the next is asked for. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[] = []): AsyncGenerator<Uint8Array> {
  let start = 0
  for (const size of [...sizes, bytes.length]) {
    const chunk = Uint8Array.from(bytes.subarray(start, start + size))
    start += chunk.length
    yield chunk
    chunk.fill(0x22)
  }
}
