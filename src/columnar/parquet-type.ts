import type { ColumnType } from '../model/column-type.ts'
import type { ThriftWriter } from './thrift-writer.ts'

/** The numbers of Parquet's own enumerations. */
const physicalType = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, byteArray: 6, fixedBytes: 7 } as const
export const encoding = { plain: 0, rle: 3, dictionary: 8 } as const
export const zstdCodec = 6
export const pageType = { data: 0, dictionary: 2 } as const

/** A page ends after so many rows at the latest. */
export const maxPageRows = 32_768
/** A dictionary of more entries does not pay. */
export const maxDictionaryEntries = 65_536

/** The key of the footer's metadata under which the exact columns stand, as JSON. */
export const schemaKey = 'sluice.schema'

/** How a column's values lie in the file. */
export interface ParquetType {
  readonly physical: number
  /** The bytes of one value; 0 where values differ in length, undefined for booleans, which are bits. */
  readonly width: number | undefined
  /** The older annotation, for readers that do not know the newer one. */
  readonly converted: number | undefined
  /** Writes the union `LogicalType`. */
  readonly logical: ((thrift: ThriftWriter) => void) | undefined
}

/** The one place that says how each canonical type is staged. */
export function parquetType(type: ColumnType): ParquetType {
  switch (type.kind) {
    case 'boolean':
      return { physical: physicalType.boolean, width: undefined, converted: undefined, logical: undefined }
    case 'int8':
      return { physical: physicalType.int32, width: 4, converted: 15, logical: integer(8) }
    case 'int16':
      return { physical: physicalType.int32, width: 4, converted: 16, logical: integer(16) }
    case 'int32':
      return { physical: physicalType.int32, width: 4, converted: 17, logical: integer(32) }
    case 'int64':
      return { physical: physicalType.int64, width: 8, converted: 18, logical: integer(64) }
    case 'float':
      return { physical: physicalType.float, width: 4, converted: undefined, logical: undefined }
    case 'double':
      return { physical: physicalType.double, width: 8, converted: undefined, logical: undefined }
    case 'text':
    case 'uuid':
      return { physical: physicalType.byteArray, width: 0, converted: 0, logical: empty(1) }
    case 'json':
      return { physical: physicalType.byteArray, width: 0, converted: 19, logical: empty(12) }
    case 'binary':
      return { physical: physicalType.byteArray, width: 0, converted: undefined, logical: undefined }
    case 'date':
      return { physical: physicalType.int32, width: 4, converted: 6, logical: empty(6) }
    case 'time':
      return { physical: physicalType.int64, width: 8, converted: undefined, logical: micros(7, false) }
    case 'timestamp':
      return { physical: physicalType.int64, width: 8, converted: undefined, logical: micros(8, false) }
    case 'timestamptz':
      return { physical: physicalType.int64, width: 8, converted: 10, logical: micros(8, true) }
    case 'decimal': {
      const { precision, scale } = type
      const logical = (thrift: ThriftWriter) => thrift.struct(5, () => thrift.i32(1, scale).i32(2, precision))
      const isWide = precision > 18
      return { physical: isWide ? physicalType.fixedBytes : physicalType.int64, width: isWide ? 16 : 8, converted: 5, logical }
    }
  }
}

function empty(field: number) {
  return (thrift: ThriftWriter) => thrift.struct(field, () => {})
}

function integer(bits: number) {
  return (thrift: ThriftWriter) => thrift.struct(10, () => thrift.byte(1, bits).boolean(2, true))
}

function micros(field: number, isUtc: boolean) {
  return (thrift: ThriftWriter) =>
    thrift.struct(field, () => thrift.boolean(1, isUtc).struct(2, () => thrift.struct(2, () => {})))
}
