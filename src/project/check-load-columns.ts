import * as v from 'valibot'
import { type Fault, optionsSchema, someText, withNearMiss } from './check-options.ts'
import type { ColumnDefinition, ColumnKind } from './columns.ts'
import { columnFaults } from './declared-columns.ts'
import { type Definition, isDefinition } from './definition.ts'
import { isValueOf } from './literals.ts'
import type { ComputedColumn, LoadColumnDefinition } from './load-column.ts'
import { type KnownColumns, keyOf, kindOfSpec, type LookedUp, lookupsIn } from './load-declarations.ts'
import type { LoadColumns } from './load-definition.ts'
import type { LookupDefinition } from './lookup.ts'
import type { DeclaredColumns } from './resource.ts'
import {
  keyPartMissing,
  noDimensionKey,
  noSurrogateKey,
  notAValue,
  notExtracted,
  notInKey,
  notLookedUp,
  stubNeverCompleted,
} from './sentences.ts'

const kinds = ['column', 'load column', 'computed column', 'lookup'] as const

/** The columns of a load. */
export const loadColumnsSchema = v.record(
  v.string(),
  v.custom<LoadColumns[string]>(
    (value) => kinds.some((kind) => isDefinition<Definition>(value, kind)),
    'is no column such as text() or decimal(12, 2)',
  ),
  'are no columns',
)

const lookupOptions = optionsSchema('the options of lookup', {
  unknown: v.exactOptional(v.picklist(['reject', 'stub'], "is neither 'reject' nor 'stub'")),
})

/** What a lookup says, in any spelling of JavaScript. */
export const lookupSchema = v.object({
  by: v.record(v.string(), someText, 'are no columns of the dimension with ours'),
  options: lookupOptions,
})

/** What is wrong with the columns by themselves, and with what they take from the extraction. */
export function loadColumnFaults(columns: KnownColumns, extracted: DeclaredColumns | undefined): readonly Fault[] {
  return Object.entries(columns).flatMap(([name, column]) => [
    ...ownFaults(name, column),
    ...(extracted && !isDefinition(column, 'lookup') ? sourceFaults(name, column, extracted) : []),
  ])
}

function ownFaults(name: string, column: LoadColumns[string]): readonly Fault[] {
  if (isDefinition<LookupDefinition>(column, 'lookup')) return []
  if (isDefinition<ColumnDefinition>(column, 'column')) return columnFaults({ [name]: column })
  const read = columnFaults({ [name]: column.column })
  return [
    ...read,
    ...(isDefinition<ComputedColumn>(column, 'computed column') ? computedFaults(name, column) : finishFaults(column)),
  ]
}

function computedFaults(name: string, { column, expression }: ComputedColumn): readonly Fault[] {
  return [
    ...(typeof expression === 'string' && expression.trim() !== '' ? [] : [fault(`'${name}' is computed from nothing`)]),
    ...(column.source === undefined
      ? []
      : [fault(`'${name}' is computed, so it comes from no column '${String(column.source)}'`)]),
    ...(column.length === undefined ? [] : [fault(`'${name}' is computed, which text() without a length can hold`)]),
  ]
}

function finishFaults({ column, finish }: LoadColumnDefinition): readonly Fault[] {
  const { default: value, mask } = finish
  const kind = kindOfSpec(column.type) as ColumnKind
  return [
    ...(value === undefined || isValueOf(value, kind, column) ? [] : [fault(notAValue(String(value), shownKind(kind, column)))]),
    ...(mask === undefined || mask === 'sha256' || mask === 'redact'
      ? []
      : [fault(`'${String(mask)}' is no mask; there are sha256, redact`)]),
  ]
}

/** A kind with its limits, as a script writes it. */
export function shownKind(kind: string, { digits, length }: Pick<ColumnDefinition, 'digits' | 'length'>): string {
  if (digits !== undefined) return `${kind}(${digits[0]}, ${digits[1]})`
  return length === undefined ? kind : `${kind}(${length})`
}

function sourceFaults(
  name: string,
  column: Exclude<LoadColumns[string], LookupDefinition>,
  extracted: DeclaredColumns,
): readonly Fault[] {
  if (isDefinition<ComputedColumn>(column, 'computed column')) return []
  return notThere('source' in column ? (column.source ?? name) : name, extracted)
}

/** What is wrong with the lookups of a load. `dimensionOf` gives the script that a lookup's dimension is. */
export function lookupFaults(
  columns: KnownColumns,
  extracted: DeclaredColumns | undefined,
  dimensionOf: (dimension: object) => LookedUp | undefined,
): readonly Fault[] {
  return lookupsIn(columns).flatMap(([name, lookup]) => {
    const dimension = dimensionOf(lookup.dimension)
    if (dimension) return [...dimensionFaults(name, lookup, dimension), ...pairFaults(lookup, dimension, extracted)]
    const hint = 'Export it as the default of a file under load/ and import it from there, spelt as on disk.'
    return [{ code: 'SCRIPT_INVALID', sentence: `'${name}' looks up a load that is no script of this project`, hint }]
  })
}

function dimensionFaults(name: string, { options }: LookupDefinition, { id, write }: LookedUp): readonly Fault[] {
  const [sentence, hint] =
    write.surrogateKey === undefined
      ? [noSurrogateKey, `Give the write of ${id} a surrogateKey, the name of its generated keys.`]
      : keyOf(write).length === 0
        ? [noDimensionKey, `Give the write of ${id} a key, by which its rows are found.`]
        : options.unknown === 'stub' && write.disposition === 'insert_only'
          ? [stubNeverCompleted, `Let ${id} merge, or take unknown: 'stub' out.`]
          : []
  if (sentence === undefined) return []
  return [{ code: 'CONFIG_INVALID', sentence: `${sentence}: '${name}' looks up ${id}`, ...(hint !== undefined && { hint }) }]
}

function pairFaults(
  { by }: LookupDefinition,
  { write, columns }: LookedUp,
  extracted: DeclaredColumns | undefined,
): readonly Fault[] {
  const key = keyOf(write)
  if (key.length === 0) return []
  const strange = Object.keys(by).filter((theirs) => !key.includes(theirs))
  const left = strange.length > 0 ? [] : key.filter((theirs) => !Object.hasOwn(by, theirs))
  return [
    ...strange.map((theirs) => fault(withNearMiss(notInKey(theirs), theirs, key))),
    ...left.map((theirs) => fault(keyPartMissing(theirs))),
    ...(extracted ? Object.entries(by).flatMap(([theirs, ours]) => ourFaults(ours, columns?.[theirs], extracted)) : []),
  ]
}

function ourFaults(ours: string, theirs: LoadColumns[string] | undefined, extracted: DeclaredColumns): readonly Fault[] {
  const column = Object.hasOwn(extracted, ours) ? extracted[ours] : undefined
  if (!column) return notThere(ours, extracted)
  const [kind, wanted] = [kindOfSpec(column.type), theirs && kindOfSpec(theirs.type)]
  return wanted !== undefined && neverEquals(kind, wanted) ? [fault(notLookedUp(ours, kind, wanted))] : []
}

const isNumeric = (kind: string) => /^(smallint|integer|bigint|decimal|double)$/.test(kind)

function neverEquals(ours: string, theirs: string): boolean {
  if (ours === theirs) return false
  if (theirs === 'hashed') return true
  return theirs !== 'text' && ours !== 'text' && ours !== 'json' && !(isNumeric(ours) && isNumeric(theirs))
}

function notThere(source: string, extracted: DeclaredColumns): readonly Fault[] {
  if (Object.hasOwn(extracted, source)) return []
  return [fault(withNearMiss(notExtracted(source), source, Object.keys(extracted)))]
}

function fault(sentence: string): Fault {
  return { code: 'CONFIG_INVALID', sentence }
}
