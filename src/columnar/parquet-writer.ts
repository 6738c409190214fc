import { SluiceError } from '../errors.ts'
import type { ColumnBatch } from '../model/column-batch.ts'
import type { Column } from '../model/schema.ts'
import { BufferPool } from './buffer-pool.ts'
import { type ColumnChunk, ColumnWriter, type Page } from './column-writer.ts'
import { PageCompressor } from './page-compressor.ts'
import { dictionaryHeader, footer, pageHeader, type WrittenChunk, type WrittenGroup } from './parquet-footer.ts'
import { maxPageRows } from './parquet-type.ts'

/** Where the file's bytes go, in order. */
export interface ParquetSink {
  /** Resolves when the next chunks may come; the memory of these is used again then, so what is kept must be a copy. */
  write(chunks: readonly Uint8Array[]): Promise<void>
}

export interface ParquetWriterOptions {
  /** Added to the footer's key-value metadata; `sluice.schema` is taken. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Of zstd, from 1, the default. */
  readonly level?: number
  /** Rows of a row group, 524,288 unless said; a group ends earlier when its pages are over 64 MB. */
  readonly rowGroupRows?: number
}

/** What a finished file has in it. */
export interface ParquetSummary {
  readonly rows: number
  readonly rowGroups: number
  readonly bytes: number
}

const pageBytes = 4 << 20
const groupBytes = 64 << 20

/**
 * Writes column batches as one Parquet file: zstd, dictionaries where they pay, statistics for each column chunk.
 * Memory is bounded: one page a column, the pages in compression and two row groups of compressed pages.
 */
export class ParquetWriter {
  readonly #sink: ParquetSink
  readonly #columns: readonly Column[]
  readonly #metadata: Readonly<Record<string, string>>
  readonly #groupRows: number
  readonly #writers: readonly ColumnWriter[]
  readonly #pool = new BufferPool()
  readonly #compressor: PageCompressor
  readonly #groups: WrittenGroup[] = []
  #position = 0
  #pageRowsUsed = 0
  #groupRowsUsed = 0
  #groupBytesUsed = 0
  #rows = 0
  #flushing: Promise<void> = Promise.resolve()

  constructor(sink: ParquetSink, columns: readonly Column[], options: ParquetWriterOptions = {}) {
    this.#sink = sink
    this.#columns = columns
    this.#metadata = options.metadata ?? {}
    this.#groupRows = options.rowGroupRows ?? 524_288
    this.#compressor = new PageCompressor(options.level ?? 1, this.#pool)
    const shared = { pool: this.#pool, compressor: this.#compressor, pageRows: maxPageRows }
    this.#writers = columns.map((column) => new ColumnWriter(column, shared))
  }

  /**
   * Adds the rows of a batch and resolves when more may come; the batch's buffers are free then.
   * INTERNAL when the batch is not of the writer's columns; a failure of the sink is passed on, perhaps only by
   * a later call. After a failure the writer is of no more use.
   */
  async write(batch: ColumnBatch): Promise<void> {
    if (batch.columns.length !== this.#writers.length) throw wrongColumns(batch.columns.length, this.#writers.length)
    this.#writers.forEach((writer, index) => {
      writer.start(batch.columns[index])
    })
    for (let row = 0; row < batch.rows; ) {
      const count = Math.min(batch.rows - row, maxPageRows - this.#pageRowsUsed, this.#groupRows - this.#groupRowsUsed)
      for (const writer of this.#writers) writer.append(count)
      row += count
      this.#rows += count
      this.#pageRowsUsed += count
      this.#groupRowsUsed += count
      if (this.#isPageFull()) this.#endPages()
      if (this.#groupRowsUsed === this.#groupRows || this.#groupBytesUsed >= groupBytes) await this.#endGroup()
      await this.#compressor.ready()
    }
    for (const writer of this.#writers) writer.end()
  }

  /** Writes what is left and the footer. A file without rows is valid too. */
  async finish(): Promise<ParquetSummary> {
    if (this.#groupRowsUsed > 0) await this.#endGroup()
    await this.#flushing
    this.#compressor.close()
    const end = footer(this.#columns, this.#groups, this.#metadata)
    await this.#sink.write([...this.#opening(), end])
    return { rows: this.#rows, rowGroups: this.#groups.length, bytes: this.#position + end.length }
  }

  #isPageFull(): boolean {
    return this.#pageRowsUsed === maxPageRows || this.#writers.some((writer) => writer.pageBytes >= pageBytes)
  }

  #endPages(): void {
    for (const writer of this.#writers) this.#groupBytesUsed += writer.endPage()
    this.#pageRowsUsed = 0
  }

  /** Begins to write the row group as soon as the one before is written. */
  async #endGroup(): Promise<void> {
    if (this.#pageRowsUsed > 0) this.#endPages()
    const rows = this.#groupRowsUsed
    const chunks = this.#writers.map((writer) => writer.endChunk())
    this.#groupRowsUsed = 0
    this.#groupBytesUsed = 0
    await this.#flushing
    this.#flushing = this.#flush(rows, chunks)
    // The next call meets the failure; until then it must not count as unhandled.
    this.#flushing.catch(() => {})
  }

  async #flush(rows: number, chunks: readonly ColumnChunk[]): Promise<void> {
    const out = this.#opening()
    const frames: Buffer[] = []
    const at = this.#position
    const written: WrittenChunk[] = []
    for (const chunk of chunks) written.push(await this.#place(chunk, out, frames))
    await this.#sink.write(out)
    for (const frame of frames) this.#pool.give(frame)
    this.#groups.push({ rows, at, chunks: written })
  }

  async #place(chunk: ColumnChunk, out: Uint8Array[], frames: Buffer[]): Promise<WrittenChunk> {
    const start = this.#position
    let plainBytes = 0
    const add = async (page: Page, header: (page: Page, frameBytes: number) => Uint8Array) => {
      const frame = await page.frame
      const head = header(page, frame.length)
      out.push(head, frame)
      frames.push(frame)
      this.#position += head.length + frame.length
      plainBytes += head.length + page.bytes
    }
    if (chunk.dictionary) await add(chunk.dictionary, dictionaryHeader)
    const dataAt = this.#position
    for (const page of chunk.pages) await add(page, pageHeader)
    const { rows, nulls, bounds } = chunk
    const dictionaryAt = chunk.dictionary && start
    const hasPlain = chunk.pages.some(({ isCoded }) => !isCoded)
    return { rows, nulls, bounds, hasPlain, dictionaryAt, dataAt, plainBytes, bytes: this.#position - start }
  }

  /** The mark that opens the file, when nothing was written yet. */
  #opening(): Uint8Array[] {
    if (this.#position > 0) return []
    this.#position = 4
    return [Buffer.from('PAR1')]
  }
}

function wrongColumns(got: number, expected: number): SluiceError {
  return new SluiceError('INTERNAL', `A batch has ${got} columns where the file has ${expected}.`, {
    hint: 'Report this as a bug of the source adapter, with the log of the run.',
  })
}
