import { type Definition, definition } from './definition.ts'
import type { Literal } from './literals.ts'
import type { oneOfNothing } from './sentences.ts'

/** What becomes of a load whose rows do not pass a check. */
export interface CheckOptions {
  /** `fail`, by default, stops before anything is published; `warn` says it in the log and publishes. */
  readonly onFail?: 'fail' | 'warn'
}

/**
 * Demands something of every row that is to be published. NULL passes every check but `notNull`.
 * The column stands in a list: two checks of different columns would else have no type in common, and the compiler's message no words.
 */
export interface CheckDefinition<out Rule extends string = string, out Column extends string = string, out Value = unknown>
  extends Definition<'check'> {
  readonly rule: Rule
  /** None for an expression. */
  readonly columns: readonly Column[]
  readonly values: readonly Value[]
  readonly options: CheckOptions
}

function check<Rule extends string, Column extends string, Value>(
  rule: Rule,
  columns: readonly Column[],
  values: readonly Value[],
  options: CheckOptions,
): CheckDefinition<Rule, Column, Value> {
  return { [definition]: 'check', rule, columns, values, options }
}

/** No row has NULL there. */
export function notNull<const Column extends string>(
  column: Column,
  options: CheckOptions = {},
): CheckDefinition<'notNull', Column, never> {
  return check('notNull', [column], [], options)
}

/** Each value lies between the two, both included. */
export function between<const Column extends string, const Lowest extends Literal, const Highest extends Literal>(
  column: Column,
  lowest: Lowest,
  highest: Highest,
  options: CheckOptions = {},
): CheckDefinition<'between', Column, Lowest | Highest> {
  return check('between', [column], [lowest, highest], options)
}

/** Each value is one of these. */
export function oneOf<const Column extends string, const Values extends readonly Literal[]>(
  column: Column,
  values: Values & (Values extends readonly [] ? typeof oneOfNothing : unknown),
  options: CheckOptions = {},
): CheckDefinition<'oneOf', Column, Values[number]> {
  return check('oneOf', [column], values, options)
}

/** The whole text of each value matches the regular expression: brackets, counts and alternatives are equal on every engine. */
export function matches<const Column extends string>(
  column: Column,
  pattern: string,
  options: CheckOptions = {},
): CheckDefinition<'matches', Column, string> {
  return check('matches', [column], [pattern], options)
}

/** An SQL condition over the load's columns holds for each row; `name` is what messages call it. */
export function expression(
  name: string,
  condition: string,
  options: CheckOptions = {},
): CheckDefinition<'expression', never, string> {
  return check('expression', [], [name, condition], options)
}
