import * as v from 'valibot'
import { columns as columnsSchema } from './adapters.ts'
import { checkOptions, type Fault, optionsSchema, refuse, someText, withNearMiss } from './check-options.ts'
import type { ColumnDefinition } from './columns.ts'
import { columnFaults, isOptional, kindOfColumn } from './declared-columns.ts'
import { frequency } from './frequency.ts'
import type { LoadDefinition } from './load-definition.ts'
import type { DeclaredColumns } from './resource.ts'
import {
  appendWithOverlap,
  keyEmpty,
  keyMissing,
  keyTwice,
  mayBeNull,
  noColumn,
  noDisposition,
  notExtracted,
  notKey,
  notOrdered,
} from './sentences.ts'

const name = v.string('is not a name')
const write = v.variant(
  'disposition',
  [
    optionsSchema('an append', { disposition: v.literal('append') }),
    optionsSchema(
      'a merge',
      { disposition: v.literal('merge'), key: v.array(name, 'is not a list of names'), newest: v.exactOptional(name) },
      { key: keyMissing },
    ),
  ],
  (issue) => (typeof issue.input === 'string' ? noDisposition(issue.input) : "'disposition' is missing in write"),
)

const loadOptions = optionsSchema('the options of load', {
  into: someText,
  write,
  columns: v.exactOptional(columnsSchema),
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
  readonly hasOverlap: boolean
}

/** What a load says. Throws what is wrong with it, in the sentences that the compiler prints. */
export function checkLoad(file: string, { options }: LoadDefinition, extract: LoadedExtract): CheckedLoad {
  const load = checkOptions(file, loadOptions, options)
  const { columns = {}, write: how } = load
  refuse(file, [
    ...columnFaults(columns),
    ...sourceFaults(columns, extract.columns),
    ...(how.disposition === 'append' ? appendFaults(extract) : mergeFaults(how, load.columns ?? extract.columns)),
  ])
  return load
}

function appendFaults({ id, hasOverlap }: LoadedExtract): readonly Fault[] {
  if (!hasOverlap) return []
  const hint = `Write { disposition: 'merge', key: [...] } instead, or take the overlap out of ${id}.`
  return [{ code: 'APPEND_WITH_OVERLAP', sentence: appendWithOverlap, hint }]
}

function sourceFaults(columns: DeclaredColumns, extracted: DeclaredColumns | undefined): readonly Fault[] {
  if (!extracted) return []
  return Object.entries(columns)
    .map(([own, { source }]) => source ?? own)
    .filter((source) => !Object.hasOwn(extracted, source))
    .map((source) => fault(withNearMiss(notExtracted(source), source, Object.keys(extracted))))
}

function mergeFaults(
  { key, newest }: { readonly key: readonly string[]; readonly newest?: string },
  known: DeclaredColumns | undefined,
): readonly Fault[] {
  const sentences = [
    ...(key.length === 0 ? [keyEmpty] : []),
    ...key.filter((member, index) => key.indexOf(member) < index).map(keyTwice),
    ...[...new Set(key)].map((member) => known && keyFault(member, known)),
    known && newest !== undefined ? newestFault(newest, known) : undefined,
  ]
  return sentences.flatMap((sentence) => (sentence === undefined ? [] : [fault(sentence)]))
}

function keyFault(member: string, known: DeclaredColumns): string | undefined {
  const column = columnOf(member, known)
  if (!column) return withNearMiss(noColumn(member, 'the load'), member, Object.keys(known))
  const kind = kindOfColumn(column)
  if (/^(json|binary|boolean|double)$/.test(kind)) return notKey(member, kind)
  return isOptional(column) ? mayBeNull(member, 'a key') : undefined
}

function newestFault(newest: string, known: DeclaredColumns): string | undefined {
  const column = columnOf(newest, known)
  if (!column) return withNearMiss(noColumn(newest, 'the load'), newest, Object.keys(known))
  const kind = kindOfColumn(column)
  if (/^(json|binary|boolean)$/.test(kind)) return notOrdered(newest, kind)
  return isOptional(column) ? mayBeNull(newest, 'newest') : undefined
}

function columnOf(member: string, known: DeclaredColumns): ColumnDefinition | undefined {
  return Object.hasOwn(known, member) ? known[member] : undefined
}

function fault(sentence: string): Fault {
  return { code: 'CONFIG_INVALID', sentence }
}
