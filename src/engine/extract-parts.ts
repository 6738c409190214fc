import { ColumnBuilder } from '../columnar/column-builder.ts'
import { ParquetWriter } from '../columnar/parquet-writer.ts'
import type { Lake, LakeWriter } from '../contracts/lake.ts'
import type { ColumnBatch, ColumnVector } from '../model/column-batch.ts'
import type { ManifestPart } from '../model/manifest.ts'
import type { Column } from '../model/schema.ts'

/** What stands behind the resource's own columns in every staged file. */
export const systemColumns: readonly Column[] = [
  { name: '_batch_id', type: { kind: 'date' }, nullable: false },
  { name: '_run_id', type: { kind: 'text' }, nullable: false },
  { name: '_part', type: { kind: 'int32' }, nullable: false },
  { name: '_row', type: { kind: 'int64' }, nullable: false },
  { name: '_extracted_at', type: { kind: 'timestamptz' }, nullable: false },
]

/** At most about so many rows a part; a batch is never split. */
const partRows = 1_000_000

export interface PartSeriesOptions {
  readonly lake: Lake
  /** `<script>/<batch>/<run id>/<attempt>`. */
  readonly folder: string
  readonly name: 'part' | 'rejects'
  readonly columns: readonly Column[]
  readonly batch: string
  readonly runId: string
  readonly extractedAt: string
}

interface OpenPart {
  readonly part: number
  readonly partition: string
  readonly sink: LakeWriter
  readonly parquet: ParquetWriter
  rows: number
}

/** The numbered Parquet files of one attempt: each whole in the lake, or absent. */
export class PartSeries {
  readonly finished: ManifestPart[] = []
  readonly #options: PartSeriesOptions
  readonly #batchDays: number
  readonly #extractedMicros: bigint
  #open: OpenPart | undefined

  constructor(options: PartSeriesOptions) {
    this.#options = options
    this.#batchDays = Date.parse(`${options.batch}T00:00:00Z`) / 86_400_000
    this.#extractedMicros = BigInt(Date.parse(options.extractedAt)) * 1_000n
  }

  /** Adds rows of a partition; `rowNumber` gives the ordinal of the n-th of them. True when that completed a part. */
  async write(partition: string, batch: ColumnBatch, rowNumber: (index: number) => number): Promise<boolean> {
    if (batch.rows === 0) return false
    const open = await this.#partFor(partition)
    const columns = [...batch.columns, ...this.#system(open.part, batch.rows, rowNumber)]
    await open.parquet.write({ rows: batch.rows, columns })
    open.rows += batch.rows
    return open.rows >= partRows ? this.close() : false
  }

  /** Completes the part that is open. False when none is. */
  async close(): Promise<boolean> {
    const open = this.#open
    if (!open) return false
    const { rows } = await open.parquet.finish()
    const stored = await open.sink.commit()
    this.finished.push({ ...stored, part: open.part, rows, partition: open.partition })
    this.#open = undefined
    return true
  }

  /** Leaves nothing of this attempt in the lake, as far as the lake lets it. */
  async discard(): Promise<void> {
    await this.#open?.sink.abort()
    await this.#options.lake.remove(this.finished.map(({ path }) => path))
  }

  async #partFor(partition: string): Promise<OpenPart> {
    if (this.#open && this.#open.partition !== partition) await this.close()
    if (this.#open) return this.#open
    const { lake, folder, name, columns } = this.#options
    const part = this.finished.length + 1
    const sink = await lake.create(`${folder}/${name}-${String(part).padStart(5, '0')}.parquet`)
    const parquet = new ParquetWriter(sink, [...columns, ...systemColumns])
    this.#open = { part, partition, sink, parquet, rows: 0 }
    return this.#open
  }

  #system(part: number, rows: number, rowNumber: (index: number) => number): readonly ColumnVector[] {
    const [batchId, runId, partNumber, row, extractedAt] = systemColumns.map(({ type }) => new ColumnBuilder(type))
    batchId?.addInt(this.#batchDays)
    runId?.addString(this.#options.runId)
    partNumber?.addInt(part)
    extractedAt?.addBigint(this.#extractedMicros)
    row?.addBigint(0n)
    return [batchId, runId, partNumber, row, extractedAt].flatMap((builder) => {
      const vector = builder?.take()
      if (vector === undefined) return []
      const values = builder === row ? rowNumbers(rows, rowNumber) : Buffer.alloc(vector.values.length * rows, vector.values)
      return [{ ...vector, values }]
    })
  }
}

/** The ordinals as 64-bit integers. */
function rowNumbers(rows: number, rowNumber: (index: number) => number): Uint8Array {
  const bytes = new Uint8Array(rows * 8)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < rows; index++) {
    const ordinal = rowNumber(index)
    view.setUint32(index * 8, ordinal >>> 0, true)
    view.setUint32(index * 8 + 4, Math.floor(ordinal / 2 ** 32), true)
  }
  return bytes
}
