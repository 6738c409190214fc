import { SluiceError } from '../errors.ts'
import type { ColumnVector } from '../model/column-batch.ts'
import { type ColumnType, columnTypeText, sameColumnType } from '../model/column-type.ts'
import type { Column } from '../model/schema.ts'
import type { BufferPool } from './buffer-pool.ts'
import { BytesEncoder } from './bytes-encoder.ts'
import { DefinitionLevels } from './definition-levels.ts'
import { BooleanEncoder, WideDecimalEncoder } from './flat-encoder.ts'
import { NumberEncoder } from './number-encoder.ts'
import type { PageCompressor } from './page-compressor.ts'
import { parquetType } from './parquet-type.ts'
import { FloatBounds, Int32Bounds, Int64Bounds, type ValueBounds } from './value-bounds.ts'
import type { ValueEncoder } from './value-encoder.ts'

/** One page on its way to the file. */
export interface Page {
  /** Rows of a data page, entries of a dictionary. */
  readonly values: number
  readonly bytes: number
  readonly isCoded: boolean
  /** In a buffer of the pool. */
  readonly frame: Promise<Buffer>
}

/** One column's part of a row group. */
export interface ColumnChunk {
  readonly dictionary: Page | undefined
  readonly pages: readonly Page[]
  readonly rows: number
  readonly nulls: number
  readonly bounds: ValueBounds | undefined
}

export interface ColumnWriterOptions {
  readonly pool: BufferPool
  readonly compressor: PageCompressor
  readonly pageRows: number
}

/** Turns the vectors of one column into compressed pages. */
export class ColumnWriter {
  readonly #column: Column
  readonly #options: ColumnWriterOptions
  readonly #levels: DefinitionLevels
  readonly #encoder: ValueEncoder
  #vector: ColumnVector | undefined
  #vectorRow = 0
  #vectorAt = 0
  #pages: Page[] = []
  #rows = 0
  #nulls = 0

  constructor(column: Column, options: ColumnWriterOptions) {
    this.#column = column
    this.#options = options
    this.#levels = new DefinitionLevels(options.pageRows)
    this.#encoder = valueEncoder(column.type, options)
  }

  /** About how many bytes the page has so far. */
  get pageBytes(): number {
    return this.#encoder.bytes
  }

  /** Begins with a vector of `rows` rows. INTERNAL when it is not of this column's type. */
  start(vector: ColumnVector | undefined): void {
    if (vector === undefined || !sameColumnType(vector.type, this.#column.type)) {
      throw misfit(this.#column, `holds ${vector ? columnTypeText(vector.type) : 'no such column'}`)
    }
    this.#vector = vector
    this.#vectorRow = 0
    this.#vectorAt = 0
  }

  /** Takes the next `count` rows of the vector; they must fit into the page. */
  append(count: number): void {
    if (this.#vector === undefined) return
    const present = this.#levels.add(this.#vector.validity, this.#vectorRow, count)
    this.#vectorRow += count
    this.#vectorAt = this.#encoder.add(this.#vector.values, this.#vectorAt, present)
  }

  /** INTERNAL when the vector's values were not those of its rows. */
  end(): void {
    if (this.#vector === undefined) return
    const { type, values } = this.#vector
    const bytes = type.kind === 'boolean' ? (this.#vectorAt + 7) >> 3 : this.#vectorAt
    if (bytes !== values.length) throw misfit(this.#column, `holds ${values.length} bytes of values where its rows need ${bytes}`)
    this.#vector = undefined
  }

  /** Completes the page, sends it to the compressor and returns how many bytes it has before that. */
  endPage(): number {
    const { rows, nulls } = this.#levels
    const { buffer, start, end, isDictionary } = this.#encoder.endPage()
    const page = buffer.subarray(this.#levels.writeBefore(buffer, start), end)
    const frame = this.#compress(page, buffer)
    this.#pages.push({ values: rows, bytes: page.length, isCoded: isDictionary, frame })
    this.#rows += rows
    this.#nulls += nulls
    return page.length
  }

  /** Completes the column's part of the row group; its last page must be complete. */
  endChunk(): ColumnChunk {
    const { dictionary, bounds } = this.#encoder.endChunk()
    const chunk = {
      dictionary: dictionary && {
        values: dictionary.entries,
        bytes: dictionary.bytes.length,
        isCoded: false,
        frame: this.#compress(dictionary.bytes),
      },
      pages: this.#pages,
      rows: this.#rows,
      nulls: this.#nulls,
      bounds,
    }
    this.#pages = []
    this.#rows = 0
    this.#nulls = 0
    return chunk
  }

  #compress(bytes: Uint8Array, buffer?: Buffer): Promise<Buffer> {
    const frame = this.#options.compressor.compress(bytes).finally(() => {
      if (buffer) this.#options.pool.give(buffer)
    })
    // Whoever writes the row group meets the failure; until then it must not count as unhandled.
    frame.catch(() => {})
    return frame
  }
}

function valueEncoder(type: ColumnType, { pool, pageRows }: ColumnWriterOptions): ValueEncoder {
  const options = { pool, pageRows, room: DefinitionLevels.room(pageRows) }
  const { width } = parquetType(type)
  if (type.kind === 'float') return new NumberEncoder(options, 4, new FloatBounds(4))
  if (type.kind === 'double') return new NumberEncoder(options, 8, new FloatBounds(8))
  if (width === undefined) return new BooleanEncoder(options)
  if (width === 0) return new BytesEncoder(options, type.kind !== 'binary')
  if (width === 4) return new NumberEncoder(options, 4, new Int32Bounds())
  return width === 8 ? new NumberEncoder(options, 8, new Int64Bounds()) : new WideDecimalEncoder(options)
}

function misfit(column: Column, what: string): SluiceError {
  return new SluiceError('INTERNAL', `A batch for column ${column.name} of type ${columnTypeText(column.type)} ${what}.`, {
    hint: 'Report this as a bug of the source adapter, with the log of the run.',
  })
}
