import type { ColumnType } from '../model/column-type.ts'
import type { ColumnBuilder } from './column-builder.ts'

/**
 * A value that is known to fit its column: whole numbers of up to 32 bits and days as number, longer ones, decimals (unscaled)
 * and microseconds as bigint, floats as number, texts as string, bytes as they are.
 */
export type CellValue = bigint | number | boolean | string | Uint8Array

/** Adds a value or NULL to the builder of a column of this type. */
export function cellAdder(type: ColumnType): (builder: ColumnBuilder, value: CellValue | null) => void {
  const add = valueAdder(type)
  return (builder, value) => {
    if (value === null) builder.addNull()
    else add(builder, value)
  }
}

function valueAdder(type: ColumnType): (builder: ColumnBuilder, value: CellValue) => void {
  switch (type.kind) {
    case 'boolean':
      return (builder, value) => builder.addBoolean(value === true)
    case 'float':
    case 'double':
      return (builder, value) => builder.addNumber(Number(value))
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date':
      return (builder, value) => builder.addInt(Number(value))
    case 'binary':
      return (builder, value) => {
        if (value instanceof Uint8Array) builder.addBytes(value, 0, value.byteLength)
      }
    case 'text':
    case 'json':
    case 'uuid':
      return (builder, value) => builder.addString(String(value))
    default:
      return (builder, value) => {
        if (typeof value === 'bigint') builder.addBigint(value)
      }
  }
}
