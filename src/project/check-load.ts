import * as v from 'valibot'
import { checkFaults, checkSchema, checksSchema } from './check-checks.ts'
import { loadColumnFaults, loadColumnsSchema, lookupFaults, lookupSchema } from './check-load-columns.ts'
import { checkOptions, type Fault, optionsSchema, refuse, someText, withNearMiss } from './check-options.ts'
import { frequency } from './frequency.ts'
import { hasNoOrder, type KnownColumns, keyOf, kindOfSpec, type LookedUp, lookupsIn } from './load-declarations.ts'
import type { LoadColumns, LoadDefinition, Write } from './load-definition.ts'
import type { DeclaredColumns } from './resource.ts'
import {
  alreadyColumn,
  appendWithOverlap,
  insertKeyMissing,
  keyEmpty,
  keyMissing,
  keyTwice,
  mayBeNull,
  noColumn,
  noDisposition,
  notKey,
  notOrdered,
  replaceIncremental,
} from './sentences.ts'

const name = v.string('is not a name')
const key = v.array(name, 'is not a list of names')
const surrogateKey = v.exactOptional(someText)
const write = v.variant(
  'disposition',
  [
    optionsSchema('an append', { disposition: v.literal('append'), surrogateKey }),
    optionsSchema(
      'a merge',
      { disposition: v.literal('merge'), key, newest: v.exactOptional(name), surrogateKey },
      { key: keyMissing },
    ),
    optionsSchema('an insert_only', { disposition: v.literal('insert_only'), key, surrogateKey }, { key: insertKeyMissing }),
    optionsSchema('a replace', {
      disposition: v.literal('replace'),
      key: v.exactOptional(key),
      surrogateKey,
      allowEmpty: v.exactOptional(v.boolean('is neither true nor false')),
    }),
  ],
  (issue) => (typeof issue.input === 'string' ? unknownDisposition(issue.input) : "'disposition' is missing in write"),
)

function unknownDisposition(disposition: string): string {
  return withNearMiss(noDisposition(disposition), disposition, ['append', 'merge', 'insert_only', 'replace'])
}

const loadOptions = optionsSchema('the options of load', {
  into: someText,
  write,
  columns: v.exactOptional(loadColumnsSchema),
  checks: v.exactOptional(checksSchema),
  rejectLimit: v.exactOptional(
    v.pipe(v.number('is not a number'), v.integer('is not a whole number'), v.minValue(0, 'is under 0')),
  ),
  description: v.exactOptional(someText),
  frequency: v.exactOptional(frequency),
  owner: v.exactOptional(someText),
})

/** A load whose options say what they may. */
export type CheckedLoad = v.InferOutput<typeof loadOptions>

/** What the checks of a load need of its extraction. */
export interface LoadedExtract {
  readonly id: string
  /** Undefined: they are only known at the source. */
  readonly columns: DeclaredColumns | undefined
  readonly reads: 'all' | 'new' | 'overlap'
}

/** What a load says. Throws what is wrong with it, in the sentences that the compiler prints. */
export function checkLoad(
  file: string,
  { options }: LoadDefinition,
  extract: LoadedExtract,
  dimensionOf: (dimension: object) => LookedUp | undefined,
): CheckedLoad {
  const load = checkOptions(file, loadOptions, options)
  const { columns = {}, checks = [] } = load
  for (const [, lookup] of lookupsIn(columns)) checkOptions(file, lookupSchema, lookup)
  for (const check of checks) checkOptions(file, checkSchema(check), check)
  const known: KnownColumns | undefined = load.columns ?? extract.columns
  refuse(file, [
    ...loadColumnFaults(columns, extract.columns),
    ...lookupFaults(columns, extract.columns, dimensionOf),
    ...feedFaults(load.write, extract),
    ...keyFaults(load.write, known),
    ...(known ? checkFaults(checks, known) : []),
  ])
  return load
}

function feedFaults({ disposition }: Write, { id, reads }: LoadedExtract): readonly Fault[] {
  const hint = `Write { disposition: 'merge', key: [...] } instead, or take the `
  if (disposition === 'append' && reads === 'overlap')
    return [{ code: 'APPEND_WITH_OVERLAP', sentence: appendWithOverlap, hint: `${hint}overlap out of ${id}.` }]
  if (disposition === 'replace' && reads !== 'all')
    return [{ code: 'REPLACE_INCREMENTAL', sentence: replaceIncremental, hint: `${hint}cursor out of ${id}.` }]
  return []
}

function keyFaults(how: Write, known: KnownColumns | undefined): readonly Fault[] {
  const natural = keyOf(how)
  const { newest } = how.disposition === 'merge' ? how : {}
  const sentences = [
    ...('key' in how && natural.length === 0 ? [keyEmpty] : []),
    ...natural.filter((member, index) => natural.indexOf(member) < index).map(keyTwice),
    ...[...new Set(natural)].map((member) => known && keyFault(member, known)),
    known && newest !== undefined ? newestFault(newest, known) : undefined,
    how.surrogateKey !== undefined && known?.[how.surrogateKey] ? alreadyColumn(how.surrogateKey) : undefined,
  ]
  return sentences.flatMap((sentence) => (sentence === undefined ? [] : [{ code: 'CONFIG_INVALID', sentence } as const]))
}

function keyFault(member: string, known: KnownColumns): string | undefined {
  const column = columnOf(member, known)
  if (!column) return withNearMiss(noColumn(member, 'the load'), member, Object.keys(known))
  const kind = kindOfSpec(column.type)
  if (/^(json|binary|boolean|double|looked up|redacted)$/.test(kind)) return notKey(member, kind)
  return column.type.endsWith('?') ? mayBeNull(member, 'a key') : undefined
}

function newestFault(newest: string, known: KnownColumns): string | undefined {
  const column = columnOf(newest, known)
  if (!column) return withNearMiss(noColumn(newest, 'the load'), newest, Object.keys(known))
  const kind = kindOfSpec(column.type)
  if (hasNoOrder(kind)) return notOrdered(newest, kind)
  return column.type.endsWith('?') ? mayBeNull(newest, 'newest') : undefined
}

function columnOf(member: string, known: KnownColumns): LoadColumns[string] | undefined {
  return Object.hasOwn(known, member) ? known[member] : undefined
}
