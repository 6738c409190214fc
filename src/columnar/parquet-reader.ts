import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { isSluiceError, SluiceError } from '../errors.ts'
import type { ColumnBatch, ColumnVector } from '../model/column-batch.ts'
import { type ColumnType, parseColumnType } from '../model/column-type.ts'
import type { Column } from '../model/schema.ts'
import { type Dictionary, decodeDictionary, decodePage } from './page-decoder.ts'
import { encoding, pageType, parquetType, schemaKey, zstdCodec } from './parquet-type.ts'
import { readThrift, type ThriftStruct } from './thrift-reader.ts'

const decompress = promisify(zstdDecompress)

/** The bytes of a file, wherever it lies. */
export interface ParquetFile {
  readonly size: number
  /** For messages. */
  readonly name?: string
  /** The `length` bytes at `offset`. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** A staged file that is open. */
export interface ParquetReading {
  readonly columns: readonly Column[]
  readonly rows: number
  /** The footer's key-value metadata, without the schema. */
  readonly metadata: Readonly<Record<string, string>>
  /** The rows in order, a page at a time. STAGED_FILE_ALTERED when they are not what was written. */
  batches(): AsyncIterable<ColumnBatch>
}

/**
 * Opens a file that `ParquetWriter` wrote; other Parquet files are refused as altered.
 * STAGED_FILE_ALTERED when sizes, counts or checksums do not agree; a failure of `read` is passed on.
 */
export async function openParquet(file: ParquetFile): Promise<ParquetReading> {
  const { columns, groups, rows, metadata } = await readFooter(file)
  return {
    columns,
    rows,
    metadata,
    async *batches() {
      for (const group of groups) yield* readGroup(file, columns, group)
    },
  }
}

const mark = Buffer.from('PAR1')

async function readFooter(file: ParquetFile) {
  if (file.size < 12) throw altered(file, 'it is too short')
  const ends = await Promise.all([readBytes(file, 0, 4), readBytes(file, file.size - 8, 8)])
  if (!ends[0].equals(mark) || !ends[1].subarray(4).equals(mark)) throw altered(file, 'it does not begin and end as one')
  const length = ends[1].readUInt32LE(0)
  if (length > file.size - 12) throw altered(file, 'its footer is longer than the file')
  const bytes = await readBytes(file, file.size - 8 - length, length)
  return trying(file, 'its footer', () => {
    const { struct, end } = readThrift(bytes, 0)
    if (end !== length) throw new Error('a footer of another length')
    const metadata = Object.fromEntries(struct.structs(5).map((pair) => [pair.text(1), pair.text(2)]))
    const { [schemaKey]: schema = '', ...others } = metadata
    const columns = readSchema(schema, struct.structs(2).slice(1))
    const groups = struct.structs(4)
    const rows = groups.reduce((sum, group) => sum + group.count(3), 0)
    if (rows !== struct.count(3)) throw new Error('row groups of other counts')
    return { columns, groups, rows, metadata: others }
  })
}

function readSchema(text: string, elements: readonly ThriftStruct[]): readonly Column[] {
  const columns: readonly (Omit<Column, 'type'> & { readonly type: string })[] = JSON.parse(text)
  if (columns.length !== elements.length) throw new Error('a schema of other columns')
  return columns.map((column, index) => {
    const type = parseColumnType(column.type)
    const element = elements[index]
    if (type === undefined || element?.text(4) !== column.name || !isOfType(element, type)) {
      throw new Error(`a schema with another column than ${column.name}`)
    }
    return { ...column, type }
  })
}

function isOfType(element: ThriftStruct, type: ColumnType): boolean {
  const { physical, converted } = parquetType(type)
  if (element.count(1) !== physical || (element.has(6) ? element.count(6) : undefined) !== converted) return false
  return type.kind !== 'decimal' || (element.count(7) === type.scale && element.count(8) === type.precision)
}

async function* readGroup(file: ParquetFile, columns: readonly Column[], group: ThriftStruct): AsyncGenerator<ColumnBatch> {
  const chunks = trying(file, 'a row group', () => {
    const structs = group.structs(1)
    if (structs.length !== columns.length) throw new Error('a row group of other columns')
    return columns.map((column, index) => new ChunkReader(file, column, structs[index]))
  })
  const rows = trying(file, 'a row group', () => group.count(3))
  for (const chunk of chunks) await chunk.open()
  for (let left = rows; left > 0; ) {
    const pages = await Promise.all(chunks.map((chunk) => chunk.next()))
    const count = pages[0]?.rows ?? 0
    if (count === 0 || count > left || pages.some((page) => page.rows !== count)) throw altered(file, 'its pages do not agree')
    left -= count
    yield { rows: count, columns: pages.map(({ vector }) => vector) }
  }
  if (!chunks.every((chunk) => chunk.isAtEnd)) throw altered(file, 'it has more pages than rows')
}

/** The pages of one column in one row group. */
class ChunkReader {
  readonly #file: ParquetFile
  readonly #column: Column
  readonly #start: number
  readonly #length: number
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #dictionary: Dictionary | undefined
  readonly #hasDictionary: boolean

  constructor(file: ParquetFile, column: Column, chunk: ThriftStruct | undefined) {
    const metadata = chunk?.struct(3)
    if (metadata === undefined || metadata.count(4) !== zstdCodec) throw new Error(`another chunk than one of ${column.name}`)
    this.#file = file
    this.#column = column
    this.#hasDictionary = metadata.has(11)
    this.#start = metadata.count(this.#hasDictionary ? 11 : 9)
    this.#length = metadata.count(7)
    if (this.#start < mark.length || this.#start + this.#length > file.size) throw new Error('a chunk beyond the file')
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  async open(): Promise<void> {
    this.#bytes = await readBytes(this.#file, this.#start, this.#length)
    if (!this.#hasDictionary) return
    const { page, header } = await this.#page(pageType.dictionary)
    this.#dictionary = this.#trying(() => decodeDictionary(this.#column.type, page, header.struct(7).count(1)))
  }

  async next(): Promise<{ readonly rows: number; readonly vector: ColumnVector }> {
    const { page, header } = await this.#page(pageType.data)
    return this.#trying(() => {
      const data = header.struct(5)
      const rows = data.count(1)
      const isCoded = data.count(2) === encoding.dictionary
      if (isCoded && this.#dictionary === undefined) throw new Error('codes without a dictionary')
      return { rows, vector: decodePage(this.#column.type, page, rows, isCoded ? this.#dictionary : undefined) }
    })
  }

  async #page(type: number): Promise<{ readonly page: Buffer; readonly header: ThriftStruct }> {
    const { header, frame, size } = this.#trying(() => {
      const { struct, end } = readThrift(this.#bytes, this.#at)
      if (struct.count(1) !== type) throw new Error('a page of another kind')
      this.#at = end + struct.count(3)
      if (this.#at > this.#bytes.length) throw new Error('a page beyond its chunk')
      return { header: struct, frame: this.#bytes.subarray(end, this.#at), size: struct.count(2) }
    })
    const page = await decompress(frame, { maxOutputLength: Math.max(size, 1) }).catch((cause: unknown) => {
      throw this.#altered(cause)
    })
    if (page.length !== size) throw this.#altered(undefined)
    return { page, header }
  }

  #trying<T>(work: () => T): T {
    return trying(this.#file, `a page of column ${this.#column.name}`, work)
  }

  #altered(cause: unknown): SluiceError {
    return altered(this.#file, `a page of column ${this.#column.name} is not what was written`, cause)
  }
}

async function readBytes(file: ParquetFile, offset: number, length: number): Promise<Buffer> {
  const bytes = await file.read(offset, length)
  if (bytes.length !== length) throw altered(file, 'it ends early')
  return Buffer.from(bytes.buffer, bytes.byteOffset, length)
}

/** What goes wrong while bytes are decoded means that they are not those that were written. */
function trying<T>(file: ParquetFile, part: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw isSluiceError(cause) ? cause : altered(file, `${part} is not what was written`, cause)
  }
}

function altered(file: ParquetFile, what: string, cause?: unknown): SluiceError {
  return new SluiceError('STAGED_FILE_ALTERED', `The staged file${file.name ? ` ${file.name}` : ''} was altered: ${what}.`, {
    hint: 'Extract the batch again: `sluice extract <script> --batch <date> --force`.',
    cause,
  })
}
