import type { ColumnType, SimpleKind } from '../model/column-type.ts'
import type { DeclaredColumn } from '../model/script.ts'
import type { Fault } from './check-options.ts'
import type { ColumnDefinition, ColumnKind } from './columns.ts'
import type { DeclaredColumns } from './resource.ts'

const kinds: Readonly<Record<Exclude<ColumnKind, 'decimal'>, SimpleKind>> = {
  bigint: 'int64',
  binary: 'binary',
  boolean: 'boolean',
  date: 'date',
  double: 'double',
  integer: 'int32',
  json: 'json',
  smallint: 'int16',
  text: 'text',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  uuid: 'uuid',
}

/** The columns of a script as the engine knows them. */
export function declaredColumns(columns: DeclaredColumns): readonly DeclaredColumn[] {
  return Object.entries(columns).map(([name, column]) => declaredColumn(name, column))
}

/** One column of a script as the engine knows it. */
export function declaredColumn(name: string, column: ColumnDefinition): DeclaredColumn {
  const { length, source } = column
  return { name, type: typeOf(column), length, nullable: isOptional(column), from: source ?? name }
}

/** What the column builders' numbers say wrongly; of plain JavaScript, because the compiler sees no more than a number. */
export function columnFaults(columns: DeclaredColumns): readonly Fault[] {
  return Object.entries(columns).flatMap(([name, { digits, length }]) => {
    const [precision, scale] = digits ?? [1, 0]
    if (!inRange(precision, 1, 38) || !inRange(scale, 0, precision)) {
      return [
        fault(`'${name}' is decimal(${precision}, ${scale}), which is not 1 to 38 digits with no more of them after the point`),
      ]
    }
    return length === undefined || inRange(length, 1, 2 ** 31) ? [] : [fault(`'${name}' is text(${length}), which is no length`)]
  })
}

/** The type without the mark of NULL. */
export function kindOfColumn({ type }: ColumnDefinition): ColumnKind {
  return type.replace('?', '') as ColumnKind
}

/** Whether the value may be NULL. */
function isOptional({ type }: ColumnDefinition): boolean {
  return type.endsWith('?')
}

function typeOf(column: ColumnDefinition): ColumnType {
  const kind = kindOfColumn(column)
  const [precision, scale] = column.digits ?? [38, 0]
  return kind === 'decimal' ? { kind, precision, scale } : { kind: kinds[kind] }
}

function inRange(value: unknown, from: number, to: number): boolean {
  return Number.isInteger(value) && Number(value) >= from && Number(value) <= to
}

function fault(sentence: string): Fault {
  return { code: 'CONFIG_INVALID', sentence }
}
