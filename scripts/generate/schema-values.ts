import type * as v from 'valibot'
import { columns, setting } from '../../src/project/option-schemas.ts'

/** The options that an object may have; several variants where one of them tells which. */
export interface Structure {
  readonly discriminator: string | undefined
  readonly variants: readonly { readonly label: string; readonly entries: v.ObjectEntries }[]
}

/** A schema with the members that some kinds of schemas have. */
interface AnySchema extends v.GenericSchema {
  readonly pipe?: readonly (AnySchema | AnyAction)[]
  readonly wrapped?: AnySchema
  readonly item?: AnySchema
  readonly value?: AnySchema
  readonly entries?: v.ObjectEntries
  readonly key?: string
  readonly options?: readonly unknown[]
  readonly literal?: unknown
}

interface AnyAction {
  readonly kind: 'validation' | 'transformation' | 'metadata'
  readonly type: string
  readonly requirement?: unknown
}

/** The structure of an object that people write; undefined for texts, lists, and what a function of ours makes. */
export function structureOf(schema: v.GenericSchema): Structure | undefined {
  const { type, wrapped, pipe, entries, key, options }: AnySchema = schema
  if (wrapped) return structureOf(wrapped)
  if (pipe) {
    const steps = pipe.filter((step): step is AnySchema => step.kind === 'schema')
    const isMade = steps[0]?.type === 'custom'
    return isMade ? undefined : steps.map(structureOf).findLast(isWritten)
  }
  if (type === 'variant' && key !== undefined) {
    const variants = (options as readonly AnySchema[]).flatMap((option) => structureOf(option)?.variants ?? [])
    return {
      discriminator: key,
      variants: variants.map((variant) => ({ ...variant, label: String((variant.entries[key] as AnySchema).literal) })),
    }
  }
  return entries === undefined ? undefined : { discriminator: undefined, variants: [{ label: '', entries }] }
}

/** The structures that the values of a function of ours, such as `csv()`, are checked by. */
export function structureOfMade(schema: v.GenericSchema): Structure | undefined {
  const steps = (schema as AnySchema).pipe?.filter((step): step is AnySchema => step.kind === 'schema') ?? []
  return steps.slice(1).map(structureOf).findLast(isWritten)
}

/** What a pipe looks at, with what stands in the pipes that it begins with. */
function actionsOf({ pipe = [] }: AnySchema): readonly AnyAction[] {
  return pipe.flatMap((step) => (step.kind === 'schema' ? actionsOf(step) : [step]))
}

function isWritten(structure: Structure | undefined): boolean {
  return structure?.variants.some(({ entries }) => Object.keys(entries).length > 0) ?? false
}

const settingValues = 'text, `env()`, `secret()`'

/** What a schema that looks at values by code of its own takes, by the type that is declared for them. */
const made: Readonly<Record<string, string>> = {
  Setting: settingValues,
  number: 'number',
  FileFormat: '`csv()`, `jsonLines()`, `jsonArray()`, `parquet()`, `excel()`',
  ResourceDefinition: 'resource of the connection',
}

/** The values that a schema takes, in Markdown; `declared`: the type that the interface has there. */
export function valuesOf(schema: v.GenericSchema, declared: string): string {
  const { type, wrapped, item, value, options, literal }: AnySchema = schema
  if (wrapped) return valuesOf(wrapped, declared)
  if (schema === setting) return settingValues
  if (schema === columns) return 'object of columns such as `text()`'
  if (structureOf(schema) !== undefined) return 'object'
  switch (type) {
    case 'boolean':
      return '`true`, `false`'
    case 'string':
      return actionsOf(schema).some((action) => action.type === 'length') ? 'one character' : 'text'
    case 'number':
      return numbers(actionsOf(schema))
    case 'literal':
      return quoted(literal)
    case 'picklist':
      return (options ?? []).map(quoted).join(', ')
    case 'union':
      return ((options ?? []) as readonly AnySchema[])
        .map((option, _, all) => (option.item && all.includes(option.item) ? 'or a list of them' : valuesOf(option, declared)))
        .join(', ')
    case 'array':
      return item && valuesOf(item, declared) === 'text' ? 'list of texts' : `list of: ${item && valuesOf(item, declared)}`
    case 'record':
      return value && value.type !== 'unknown' ? `object of: ${valuesOf(value, declared)}` : 'object'
    case 'custom':
      return declared.split(' | ').map(madeValues).join(', ')
    default:
      throw new Error(`Nothing says how to show the values of a schema of the type ${type}.`)
  }
}

function madeValues(type: string): string {
  const values = made[type]
  if (values === undefined) throw new Error(`Nothing says how to show the values of the type ${type}.`)
  return values
}

function numbers(actions: readonly AnyAction[]): string {
  const limit = (type: string) => actions.find((action) => action.type === type)?.requirement
  const kind = limit('integer') === undefined ? 'number' : 'whole number'
  const [least, most] = [limit('min_value'), limit('max_value')]
  if (most !== undefined) return `${kind}, ${least} to ${most}`
  return least === undefined ? kind : `${kind}, at least ${least}`
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? `\`'${value}'\`` : `\`${value}\``
}
