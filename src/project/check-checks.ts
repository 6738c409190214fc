import * as v from 'valibot'
import { shownKind } from './check-load-columns.ts'
import { type Fault, optionsSchema, someText, withNearMiss } from './check-options.ts'
import type { CheckDefinition } from './checks.ts'
import type { ColumnDefinition, ColumnKind } from './columns.ts'
import { isDefinition } from './definition.ts'
import { isValueOf, type Literal } from './literals.ts'
import type { LoadColumnDefinition } from './load-column.ts'
import { hasNoOrder, type KnownColumns, kindOfSpec } from './load-declarations.ts'
import type { LoadColumns } from './load-definition.ts'
import { noColumn, notAValue, notCompared, notOrdered, oneOfNothing } from './sentences.ts'

const literal = v.union([v.string(), v.number(), v.bigint(), v.boolean()], 'is no text, number, bigint, true or false')

/** The checks of a load. */
export const checksSchema = v.array(
  v.custom<CheckDefinition>((value) => isDefinition(value, 'check'), 'is no check such as notNull() or between()'),
  'is not a list of checks',
)

/** What a check may say, in any spelling of JavaScript. */
export function checkSchema({ rule }: CheckDefinition): v.GenericSchema {
  const onFail = v.exactOptional(v.picklist(['fail', 'warn'], "is neither 'fail' nor 'warn'"))
  const columns = rule === 'expression' ? v.tuple([]) : v.tuple([someText])
  return v.object({ columns, values: valuesSchema(rule), options: optionsSchema(`the options of ${rule}`, { onFail }) })
}

function valuesSchema(rule: string): v.GenericSchema {
  if (rule === 'expression') return v.tuple([someText, someText])
  if (rule === 'matches') return v.tuple([v.pipe(someText, v.check(isPattern, 'is no regular expression'))])
  if (rule === 'between') return v.tuple([literal, literal])
  return rule === 'notNull' ? v.tuple([]) : v.pipe(v.array(literal, 'is not a list of values'), v.minLength(1, oneOfNothing))
}

/** What is wrong with checks of these columns. */
export function checkFaults(checks: v.InferOutput<typeof checksSchema>, known: KnownColumns): readonly Fault[] {
  return checks
    .flatMap(({ rule, columns: [name], values }): readonly string[] => {
      if (name === undefined) return []
      const column = Object.hasOwn(known, name) ? known[name] : undefined
      if (!column) return [withNearMiss(noColumn(name, 'the load'), name, Object.keys(known))]
      const kind = kindOfSpec(column.type)
      if (rule === 'between' && hasNoOrder(kind)) return [notOrdered(name, kind)]
      if (rule === 'oneOf' && /^(json|binary|looked up)$/.test(kind)) return [notCompared(name, kind)]
      return rule === 'between' || rule === 'oneOf' ? valueFaults(values as readonly Literal[], kind, column) : []
    })
    .map((sentence) => ({ code: 'CONFIG_INVALID', sentence }))
}

function valueFaults(values: readonly Literal[], kind: string, column: LoadColumns[string]): readonly string[] {
  const limits = limitsOf(column)
  return values
    .filter((value) => !isValueOf(value, (kind === 'hashed' || kind === 'redacted' ? 'text' : kind) as ColumnKind, limits))
    .map((value) => notAValue(String(value), shownKind(kind, limits)))
}

function limitsOf(column: LoadColumns[string]): Pick<ColumnDefinition, 'digits' | 'length'> {
  if (isDefinition<ColumnDefinition>(column, 'column')) return column
  const isMasked = isDefinition<LoadColumnDefinition>(column, 'load column') && column.finish.mask !== undefined
  return 'column' in column && !isMasked ? column.column : { digits: undefined, length: undefined }
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').source !== ''
  } catch {
    return false
  }
}
