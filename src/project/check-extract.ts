import * as v from 'valibot'
import type { CursorPolicy } from '../model/script.ts'
import type { SourceAdapter } from './adapters.ts'
import { checkOptions, type Fault, optionsSchema, refuse, someText, withNearMiss } from './check-options.ts'
import { customEntries } from './custom-adapter.ts'
import { isCustomCode } from './custom-extract.ts'
import { columnFaults, kindOfColumn } from './declared-columns.ts'
import type { ExtractDefinition } from './extract-definition.ts'
import { frequency } from './frequency.ts'
import type { DeclaredColumns } from './resource.ts'
import { secretLiterals } from './secret-literals.ts'
import { noColumn, notOrdered } from './sentences.ts'

const cursorOptions = optionsSchema('the options of cursor', {
  column: someText,
  overlap: v.exactOptional(v.pipe(v.number('is not a number'), v.minValue(0, 'is under 0'))),
  nulls: v.exactOptional(v.picklist(['reject', 'include', 'exclude'], "is none of 'reject', 'include' and 'exclude'")),
})

const entries = {
  description: someText,
  cursor: v.exactOptional(
    v.pipe(
      v.unknown(),
      v.transform((cursor) => (typeof cursor === 'string' ? { column: cursor } : cursor)),
      cursorOptions,
    ),
  ),
  frequency: v.exactOptional(frequency),
  owner: v.exactOptional(someText),
}
const extractOptions = optionsSchema('the options of extract', entries)
/** Of custom code, whose resource stands among the options: its names are known, its values are looked at with the resource. */
const customOptions = optionsSchema('the options of extract', {
  ...entries,
  ...Object.fromEntries(Object.keys(customEntries).map((name) => [name, v.exactOptional(v.unknown())])),
})

/** An extraction whose options say what they may. */
export interface CheckedExtract {
  readonly description: string
  readonly frequency: string | undefined
  readonly owner: string | undefined
  readonly cursor: CursorPolicy | undefined
  /** Of the resource, without the columns. */
  readonly resource: Readonly<Record<string, unknown>>
  readonly columns: DeclaredColumns | undefined
}

/** What an extraction says. Throws what is wrong with it, in the sentences that the compiler prints. */
export function checkExtract(file: string, { resource, options }: ExtractDefinition, adapter: SourceAdapter): CheckedExtract {
  const isCustom = isCustomCode(resource.source)
  const { description, cursor, frequency: rhythm, owner } = checkOptions(file, isCustom ? customOptions : extractOptions, options)
  const { columns, ...resourceOptions } = checkOptions(file, adapter.resource, resource.options)
  refuse(file, [
    ...(resource.locator === '' ? [{ code: 'CONFIG_INVALID', sentence: 'the resource has no name' } as const] : []),
    ...columnFaults(columns ?? {}),
    ...secretLiterals(pick(resourceOptions, ['headers', 'query', 'body']), 'the resource'),
    ...(cursor ? cursorFaults(cursor.column, columns, adapter) : []),
    ...(isCustom && cursor?.nulls === 'exclude' ? [excluded] : []),
  ])
  const policy = cursor && { column: cursor.column, overlap: cursor.overlap, nulls: cursor.nulls ?? 'reject' }
  return { description, frequency: rhythm, owner, cursor: policy, resource: resourceOptions, columns }
}

const excluded: Fault = {
  code: 'CURSOR_INVALID',
  sentence: 'rows that are yielded cannot be excluded',
  hint: 'Leave rows without a cursor out in read().',
}

/** The options that are sent to a source as they are. */
function pick(options: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(names.flatMap((name) => (name in options ? [[name, options[name]]] : [])))
}

function cursorFaults(name: string, columns: DeclaredColumns | undefined, { hasCursors }: SourceAdapter): readonly Fault[] {
  const column = columns?.[name]
  const code = 'CURSOR_INVALID'
  if (columns && !column) return [{ code, sentence: withNearMiss(noColumn(name, 'the resource'), name, Object.keys(columns)) }]
  if (column && /^(json|binary|boolean)\??$/.test(column.type))
    return [{ code, sentence: notOrdered(name, kindOfColumn(column)) }]
  if (hasCursors) return []
  const hint = 'Remove the cursor: every file that is chosen is read whole.'
  return [{ code, sentence: 'files have no cursor', hint }]
}
