import { BatchBuilder } from '../src/columnar/batch-builder.ts'
import { openParquet } from '../src/columnar/parquet-reader.ts'
import { ParquetWriter, type ParquetWriterOptions } from '../src/columnar/parquet-writer.ts'
import type { ColumnBatch } from '../src/model/column-batch.ts'
import { type ColumnType, parseColumnType } from '../src/model/column-type.ts'
import type { Column } from '../src/model/schema.ts'

/** A value as a test makes it: days and whole numbers up to 32 bits as numbers, all longer ones as bigints. */
export type Cell = null | boolean | number | bigint | string | Uint8Array

/** A nullable column of a type that is given as text. */
export function columnOf(name: string, type: string): Column {
  const parsed = parseColumnType(type)
  if (parsed === undefined) throw new Error(`${type} is no type`)
  return { name, type: parsed, nullable: true }
}

/** A batch of these rows, each with a cell for each column. */
export function batchOf(columns: readonly Column[], rows: readonly (readonly Cell[])[]): ColumnBatch {
  const builder = new BatchBuilder(columns)
  for (const row of rows) {
    row.forEach((cell, index) => {
      const column = builder.columns[index]
      if (cell === null) column?.addNull()
      else if (typeof cell === 'boolean') column?.addBoolean(cell)
      else if (typeof cell === 'bigint') column?.addBigint(cell)
      else if (typeof cell === 'string') column?.addString(cell)
      else if (typeof cell !== 'number') column?.addBytes(cell, 0, cell.length)
      else if (column?.type.kind === 'float' || column?.type.kind === 'double') column.addNumber(cell)
      else column?.addInt(cell)
    })
  }
  return builder.take()
}

/** A cell as a text that every reader can give: floats by their bits, dates and times as the numbers that are stored. */
export function rawText(type: ColumnType, cell: Cell): string | null {
  if (cell === null) return null
  if (type.kind === 'float') return hexOf(4, (bytes) => bytes.writeFloatBE(Number(cell)))
  if (type.kind === 'double') return hexOf(8, (bytes) => bytes.writeDoubleBE(Number(cell)))
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex')
  if (type.kind !== 'decimal' || type.scale === 0) return String(cell)
  const unscaled = BigInt(String(cell))
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(type.scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -type.scale)}.${digits.slice(-type.scale)}`
}

function hexOf(width: number, write: (bytes: Buffer) => void): string {
  const bytes = Buffer.alloc(width)
  write(bytes)
  return bytes.toString('hex')
}

/** The bytes of a Parquet file of these batches. */
export async function parquetBytes(
  columns: readonly Column[],
  batches: Iterable<ColumnBatch>,
  options?: ParquetWriterOptions,
): Promise<Buffer> {
  const written: Uint8Array[] = []
  const sink = {
    async write(chunks: readonly Uint8Array[]) {
      // The writer uses their memory again.
      written.push(...chunks.map((chunk) => Uint8Array.from(chunk)))
    },
  }
  const writer = new ParquetWriter(sink, columns, options)
  for (const batch of batches) await writer.write(batch)
  const { bytes } = await writer.finish()
  const file = Buffer.concat(written)
  if (file.length !== bytes) throw new Error(`the writer says ${bytes} bytes and wrote ${file.length}`)
  return file
}

/** Opens bytes as our own reader does. */
export function openBytes(bytes: Uint8Array) {
  return openParquet({ size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) })
}
