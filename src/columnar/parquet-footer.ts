import { columnTypeText } from '../model/column-type.ts'
import type { Column } from '../model/schema.ts'
import { encoding, pageType, parquetType, schemaKey, zstdCodec } from './parquet-type.ts'
import { ThriftWriter } from './thrift-writer.ts'
import type { ValueBounds } from './value-bounds.ts'

/** One column's part of a row group, as it was written. */
export interface WrittenChunk {
  readonly rows: number
  readonly nulls: number
  readonly bounds: ValueBounds | undefined
  /** Whether some of its pages hold values instead of codes. */
  readonly hasPlain: boolean
  readonly dictionaryAt: number | undefined
  readonly dataAt: number
  /** With the pages' headers, as if not compressed and as it lies in the file. */
  readonly plainBytes: number
  readonly bytes: number
}

export interface WrittenGroup {
  readonly rows: number
  readonly at: number
  readonly chunks: readonly WrittenChunk[]
}

/** The header that stands before a page's bytes. */
export function pageHeader(
  page: { readonly values: number; readonly bytes: number; readonly isCoded: boolean },
  frameBytes: number,
) {
  const thrift = new ThriftWriter()
  return thrift
    .struct(undefined, () => {
      thrift.i32(1, pageType.data).i32(2, page.bytes).i32(3, frameBytes)
      thrift.struct(5, () => {
        const values = page.isCoded ? encoding.dictionary : encoding.plain
        thrift.i32(1, page.values).i32(2, values).i32(3, encoding.rle).i32(4, encoding.rle)
      })
    })
    .bytes()
}

/** The header that stands before a dictionary's bytes. */
export function dictionaryHeader(page: { readonly values: number; readonly bytes: number }, frameBytes: number) {
  const thrift = new ThriftWriter()
  return thrift
    .struct(undefined, () => {
      thrift.i32(1, pageType.dictionary).i32(2, page.bytes).i32(3, frameBytes)
      thrift.struct(7, () => thrift.i32(1, page.values).i32(2, encoding.plain))
    })
    .bytes()
}

/** What stands at the end of the file, its length and the closing mark included. */
export function footer(
  columns: readonly Column[],
  groups: readonly WrittenGroup[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const thrift = new ThriftWriter()
  const pairs = [[schemaKey, schemaText(columns)] as const, ...Object.entries(metadata)]
  const rows = groups.reduce((sum, group) => sum + group.rows, 0)
  thrift.struct(undefined, () => {
    thrift.i32(1, 2)
    thrift.structList(2, [undefined, ...columns], (column) => schemaElement(thrift, column, columns.length))
    thrift.i64(3, rows)
    thrift.structList(4, groups, (group) => rowGroup(thrift, columns, group))
    thrift.structList(5, pairs, ([key, value]) => thrift.binary(1, key).binary(2, value))
    thrift.binary(6, 'sluice-etl version 1')
    // Readers trust min and max only where their order is said.
    thrift.structList(7, columns, () => thrift.struct(1, () => {}))
  })
  const bytes = thrift.bytes()
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([bytes, length, Buffer.from('PAR1')])
}

function schemaText(columns: readonly Column[]): string {
  return JSON.stringify(columns.map((column) => ({ ...column, type: columnTypeText(column.type) })))
}

function schemaElement(thrift: ThriftWriter, column: Column | undefined, columns: number): void {
  if (column === undefined) {
    thrift.binary(4, 'schema').i32(5, columns)
    return
  }
  const { physical, width, converted, logical } = parquetType(column.type)
  thrift.i32(1, physical)
  if (width === 16) thrift.i32(2, width)
  // A NULL where the source promised none must not make the file unreadable: the load refuses it by name.
  thrift.i32(3, 1).binary(4, column.name)
  if (converted !== undefined) thrift.i32(6, converted)
  if (column.type.kind === 'decimal') thrift.i32(7, column.type.scale).i32(8, column.type.precision)
  if (logical) thrift.struct(10, () => logical(thrift))
}

function rowGroup(thrift: ThriftWriter, columns: readonly Column[], group: WrittenGroup): void {
  const sum = (of: (chunk: WrittenChunk) => number) => group.chunks.reduce((total, chunk) => total + of(chunk), 0)
  thrift.structList(1, group.chunks, (written, index) => {
    const column = columns[index]
    thrift.i64(2, written.dictionaryAt ?? written.dataAt)
    if (column) thrift.struct(3, () => columnMetadata(thrift, column, written))
  })
  thrift
    .i64(
      2,
      sum(({ plainBytes }) => plainBytes),
    )
    .i64(3, group.rows)
  thrift.i64(5, group.at).i64(
    6,
    sum(({ bytes }) => bytes),
  )
}

function columnMetadata(thrift: ThriftWriter, column: Column, written: WrittenChunk): void {
  const hasDictionary = written.dictionaryAt !== undefined
  const hasPlain = hasDictionary || written.hasPlain
  const encodings = [encoding.rle, ...(hasPlain ? [encoding.plain] : []), ...(hasDictionary ? [encoding.dictionary] : [])]
  thrift.i32(1, parquetType(column.type).physical).i32List(2, encodings).textList(3, [column.name]).i32(4, zstdCodec)
  thrift.i64(5, written.rows).i64(6, written.plainBytes).i64(7, written.bytes).i64(9, written.dataAt)
  if (written.dictionaryAt !== undefined) thrift.i64(11, written.dictionaryAt)
  thrift.struct(12, () => {
    thrift.i64(3, written.nulls)
    if (written.bounds === undefined) return
    const { min, max, isMinExact, isMaxExact } = written.bounds
    if (max) thrift.binary(5, max)
    thrift.binary(6, min)
    if (max) thrift.boolean(7, isMaxExact)
    thrift.boolean(8, isMinExact)
  })
}
