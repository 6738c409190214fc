import type { Check, LoadColumnDeclaration, Lookup, ScriptId, WriteDisposition } from '../model/script.ts'
import type { CheckDefinition } from './checks.ts'
import type { ColumnDefinition, LoadSpec } from './columns.ts'
import { declaredColumn } from './declared-columns.ts'
import { isDefinition } from './definition.ts'
import type { ComputedColumn } from './load-column.ts'
import type { LoadColumns, Write } from './load-definition.ts'
import type { LookupDefinition } from './lookup.ts'

/** The columns of a load, or of its extraction where the load takes them as they are. */
export type KnownColumns = { readonly [column: string]: LoadColumns[string] }

/** A load that others may look up. */
export interface LookedUp {
  readonly id: ScriptId
  readonly into: string
  readonly write: Write
  /** Undefined: they are only known at the source. */
  readonly columns: KnownColumns | undefined
}

/** What a column holds, without the mark of NULL. */
export function kindOfSpec(spec: LoadSpec): string {
  return spec.replace('?', '')
}

/** Whether values of a kind tell no older from newer, no smaller from greater. */
export function hasNoOrder(kind: string): boolean {
  return /^(json|binary|boolean|looked up|hashed|redacted)$/.test(kind)
}

/** The columns that are lookups, by name. */
export function lookupsIn(columns: KnownColumns): readonly (readonly [string, LookupDefinition])[] {
  return Object.entries(columns).filter((entry): entry is [string, LookupDefinition] => isDefinition(entry[1], 'lookup'))
}

/** The columns of a load that are no lookups, as the engine knows them. */
export function loadColumnDeclarations(columns: KnownColumns): readonly LoadColumnDeclaration[] {
  return Object.entries(columns).flatMap(([name, column]): readonly LoadColumnDeclaration[] => {
    if (isDefinition<LookupDefinition>(column, 'lookup')) return []
    const plain = { computed: undefined, default: undefined, mask: undefined }
    if (isDefinition<ColumnDefinition>(column, 'column')) return [{ ...declaredColumn(name, column), ...plain }]
    const read = { ...declaredColumn(name, column.column), ...plain }
    if (isDefinition<ComputedColumn>(column, 'computed column')) return [{ ...read, computed: column.expression }]
    const { default: value, mask } = column.finish
    const standsIn = value === undefined ? undefined : String(value)
    return [{ ...read, from: column.source ?? name, default: standsIn, mask }]
  })
}

/** A lookup as the engine knows it; its keys in the order of the dimension's. */
export function lookupDeclaration(name: string, lookup: LookupDefinition, { id, into, write }: LookedUp): Lookup {
  const keys = keyOf(write).map((column) => ({ column, from: lookup.by[column] ?? column }))
  const surrogateKey = write.surrogateKey ?? ''
  const unknown = lookup.options.unknown === 'stub' ? 'stub' : 'reject'
  return { name, dimension: id, into, surrogateKey, keys, unknown, nullable: lookup.type === 'looked up?' }
}

/** A write disposition as the engine knows it. */
export function writeDisposition(write: Write): WriteDisposition {
  const { disposition, surrogateKey } = write
  return {
    disposition,
    key: keyOf(write),
    newest: disposition === 'merge' ? write.newest : undefined,
    surrogateKey,
    allowEmpty: disposition === 'replace' && write.allowEmpty === true,
  }
}

/** The natural key; empty without one. */
export function keyOf(write: Write): readonly string[] {
  return write.disposition === 'append' ? [] : (write.key ?? [])
}

/** A check as the engine knows it. */
export function checkDeclaration({ rule, columns: [column = ''], values, options }: CheckDefinition): Check {
  const onFail = options.onFail ?? 'fail'
  const [first = '', second = ''] = values.map(String)
  switch (rule) {
    case 'notNull':
      return { onFail, kind: 'notNull', column }
    case 'between':
      return { onFail, kind: 'between', column, lowest: first, highest: second }
    case 'oneOf':
      return { onFail, kind: 'oneOf', column, values: values.map(String) }
    case 'matches':
      return { onFail, kind: 'matches', column, pattern: first }
    default:
      return { onFail, kind: 'sql', name: first, condition: second }
  }
}
