/** The types that values have on their way, whatever the source called them. */
export type ColumnType =
  | { readonly kind: SimpleKind }
  | {
      readonly kind: 'decimal' /** Digits in all, 1 to 38. */
      readonly precision: number /** Digits after the point. */
      readonly scale: number
    }

export type SimpleKind = (typeof simpleKinds)[number]

/**
 * `date` counts days and `time`, `timestamp` and `timestamptz` microseconds, from 1970-01-01 and from midnight;
 * `timestamp` has no zone, `timestamptz` is an instant in UTC.
 */
export const simpleKinds = [
  'boolean',
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'text',
  'json',
  'uuid',
  'binary',
  'date',
  'time',
  'timestamp',
  'timestamptz',
] as const

/** A type as text: `decimal(12,2)`, `int64`. Written into manifests and messages; {@link parseColumnType} reads it. */
export function columnTypeText(type: ColumnType): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind
}

/** The type that {@link columnTypeText} wrote, or undefined when the text is none. */
export function parseColumnType(text: string): ColumnType | undefined {
  const decimal = /^decimal\(([1-9]\d?),(0|[1-9]\d?)\)$/.exec(text)
  if (decimal) {
    const [precision, scale] = [Number(decimal[1]), Number(decimal[2])]
    return precision <= 38 && scale <= precision ? { kind: 'decimal', precision, scale } : undefined
  }
  const kind = simpleKinds.find((known) => known === text)
  return kind === undefined ? undefined : { kind }
}

/** Whether two types hold the same values in the same form. */
export function sameColumnType(left: ColumnType, right: ColumnType): boolean {
  return columnTypeText(left) === columnTypeText(right)
}
