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

/** Of a row group, for all partitions that are written at once, and at least for each. */
const [groupRows, leastGroupRows] = [524_288, 65_536]

export interface PartSeriesOptions {
  readonly lake: Lake
  /** `<script>/<batch>/<run id>/<attempt>`. */
  readonly folder: string
  readonly name: 'part' | 'rejects'
  readonly columns: readonly Column[]
  readonly batch: string
  readonly runId: string
  readonly extractedAt: string
  /** How many partitions are written at once, 1 unless said: they share the memory for row groups. */
  readonly parallel?: number
  /** Parts of partitions that earlier runs kept: the package has them too, and their numbers are taken. */
  readonly kept?: readonly ManifestPart[]
}

interface OpenPart {
  readonly part: number
  readonly sink: LakeWriter
  readonly parquet: ParquetWriter
  rows: number
}

/** The numbered Parquet files of one package: each whole in the lake, or absent. */
export class PartSeries {
  readonly #options: PartSeriesOptions
  readonly #batchDays: number
  readonly #extractedMicros: bigint
  readonly #kept: readonly ManifestPart[]
  readonly #taken: Set<number>
  readonly #open = new Map<string, OpenPart>()
  readonly #written: ManifestPart[] = []
  /** Partitions whose files someone else may know of. */
  readonly #named = new Set<string>()

  constructor(options: PartSeriesOptions) {
    this.#options = options
    this.#batchDays = Date.parse(`${options.batch}T00:00:00Z`) / 86_400_000
    this.#extractedMicros = BigInt(Date.parse(options.extractedAt)) * 1_000n
    this.#kept = options.kept ?? []
    this.#taken = new Set(this.#kept.map(({ part }) => part))
  }

  /** All complete parts, by their numbers. */
  get finished(): readonly ManifestPart[] {
    return [...this.#kept, ...this.#written].sort((left, right) => left.part - right.part)
  }

  /** The complete parts of one partition that this attempt wrote, in the order of their rows. */
  partsOf(partition: string): readonly ManifestPart[] {
    return this.#written.filter((part) => part.partition === partition)
  }

  /** Adds rows of a partition; `rowNumber` gives the ordinal of the n-th of them. True when that completed a part. */
  async write(partition: string, batch: ColumnBatch, rowNumber: (index: number) => number): Promise<boolean> {
    if (batch.rows === 0) return false
    const open = this.#open.get(partition) ?? (await this.#begin(partition))
    const columns = [...batch.columns, ...this.#system(open.part, batch.rows, rowNumber)]
    await open.parquet.write({ rows: batch.rows, columns })
    open.rows += batch.rows
    return open.rows >= partRows ? this.close(partition) : false
  }

  /** Completes the part of a partition, else all that are open. False when none is. */
  async close(partition?: string): Promise<boolean> {
    if (partition !== undefined) return this.#end(partition)
    const all = [...this.#open.keys()]
    for (const one of all) await this.#end(one)
    return all.length > 0
  }

  async #end(partition: string): Promise<boolean> {
    const open = this.#open.get(partition)
    if (!open) return false
    const { rows } = await open.parquet.finish()
    const stored = await open.sink.commit()
    this.#written.push({ ...stored, part: open.part, rows, partition })
    this.#open.delete(partition)
    return true
  }

  /** Says whether the control store may name the partition's files; `discard` then leaves them. */
  named(partition: string, may: boolean): void {
    if (may) this.#named.add(partition)
    else this.#named.delete(partition)
  }

  /** Leaves nothing that this attempt wrote and nobody names in the lake, as far as the lake lets it. */
  async discard(): Promise<void> {
    for (const { sink } of this.#open.values()) await sink.abort()
    const unnamed = this.#written.filter(({ partition }) => !this.#named.has(partition))
    await this.#options.lake.remove(unnamed.map(({ path }) => path))
  }

  async #begin(partition: string): Promise<OpenPart> {
    const { lake, folder, name, columns, parallel = 1 } = this.#options
    const part = this.#nextNumber()
    const sink = await lake.create(`${folder}/${name}-${String(part).padStart(5, '0')}.parquet`)
    const rowGroupRows = Math.max(leastGroupRows, Math.floor(groupRows / parallel))
    const open = { part, sink, parquet: new ParquetWriter(sink, [...columns, ...systemColumns], { rowGroupRows }), rows: 0 }
    this.#open.set(partition, open)
    return open
  }

  /** The lowest that is free: a part that an earlier run did not complete leaves no gap. */
  #nextNumber(): number {
    let part = this.#written.length + 1
    while (this.#taken.has(part)) part += 1
    this.#taken.add(part)
    return part
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
