import type { DeclaredType } from './types.ts'

/** A column of a result as the protocol describes it. */
export interface MetadataColumn {
  readonly name: string
  /** The protocol's number of the type. */
  readonly columnType: number
  readonly flags: number
  /** In bytes, for texts of the connection's character set. */
  readonly columnLength: number
  readonly decimals: number
  readonly characterSet: number
  /** In MariaDB: `uuid`, `inet6`. */
  readonly extendedTypeName?: string
  /** In MariaDB: `json`. */
  readonly extendedFormat?: string
}

const flags = { notNull: 1, unsigned: 32, enumeration: 256, set: 2048 }
const binaryCharset = 63
/** Of utf8mb4, in which results come. */
const bytesPerCharacter = 4

const wholes: Readonly<Record<number, string>> = { 1: 'tinyint', 2: 'smallint', 3: 'int', 8: 'bigint', 9: 'mediumint' }
const others: Readonly<Record<number, string>> = {
  ...{ 4: 'float', 5: 'double', 7: 'timestamp', 10: 'date', 11: 'time', 12: 'datetime', 13: 'year', 16: 'bit' },
  ...{ 242: 'vector', 245: 'json', 255: 'geometry' },
}

export function isNotNull(column: MetadataColumn): boolean {
  return (column.flags & flags.notNull) !== 0
}

/** The type as the catalogue would have it, as far as the protocol tells. */
export function declaredType(column: MetadataColumn): DeclaredType {
  const { columnType, columnLength, decimals, extendedTypeName, extendedFormat } = column
  const isUnsigned = (column.flags & flags.unsigned) !== 0
  const sign = isUnsigned ? ' unsigned' : ''
  const isJson = extendedFormat === 'json'
  const typed = (data: string, declared: string, precision = 0) => ({ data, declared, precision, scale: decimals, isJson })
  const whole = wholes[columnType]
  if (whole !== undefined) return typed(whole, `${whole}${whole === 'tinyint' && columnLength === 1 ? '(1)' : ''}${sign}`)
  if (columnType === 246 || columnType === 0) {
    // The length counts sign and point.
    const precision = columnLength - (decimals > 0 ? 1 : 0) - (isUnsigned ? 0 : 1)
    return typed('decimal', `decimal(${precision},${decimals})${sign}`, precision)
  }
  if (extendedTypeName !== undefined && ['uuid', 'inet4', 'inet6'].includes(extendedTypeName)) {
    return typed(extendedTypeName, extendedTypeName)
  }
  const other = others[columnType]
  if (other !== undefined) return typed(other, other === 'bit' ? `bit(${columnLength})` : other, columnLength)
  const data = textual(column)
  return typed(data, data)
}

/** Texts and bytes of any length. */
function textual({ flags: found, characterSet, columnLength, columnType }: MetadataColumn): string {
  if ((found & flags.enumeration) !== 0 || columnType === 247) return 'enum'
  if ((found & flags.set) !== 0 || columnType === 248) return 'set'
  const isLong = columnType >= 249 && columnType <= 252
  if (characterSet === binaryCharset) return isLong ? 'blob' : 'varbinary'
  return isLong || columnLength > 65_535 * bytesPerCharacter ? 'longtext' : 'varchar'
}
