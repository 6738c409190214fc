import type * as v from 'valibot'
import { type DocumentedMember, documentedShapes, mergedMember, type Shape } from './documented-types.ts'
import { type Structure, structureOf, valuesOf } from './schema-values.ts'

/** What a table of options is made from: the structure of the schema that checks them, and the interfaces that describe them. */
export interface OptionsSource {
  readonly structure: Structure | undefined
  /** The file of the interfaces. */
  readonly file: string
  /** The interfaces that describe them together; by variant where the schema tells several apart. */
  readonly types: readonly string[] | ((variant: string) => readonly string[])
  /** Entries of the schema that a method sets from its own arguments. */
  readonly set?: readonly string[]
  /** What people write for a variant, where it is a method that they call. */
  readonly methods?: Readonly<Record<string, string>>
}

/** An option with all that is said of it. */
export interface OptionRow {
  /** With the names of the objects that it is in: `rate.perSecond`. */
  readonly name: string
  readonly isRequired: boolean
  readonly values: string
  readonly meaning: string
}

interface Walk {
  readonly source: OptionsSource
  readonly prefix: string
  readonly faults: string[]
}

/**
 * The options of a schema with their doc comments, in the order of the schema. Throws which of them have none, and which
 * members the interfaces describe that the schema does not know.
 */
export function optionRows(table: string, source: OptionsSource): readonly OptionRow[] {
  const { structure } = source
  if (structure === undefined) throw new Error(`The ${table} have a schema that is no object.`)
  const faults: string[] = []
  const rows = structureRows(structure, (label) => shapesFor(source, label), { source, prefix: '', faults })
  if (faults.length > 0) throw new Error(`The ${table} and their doc comments differ.\n${[...new Set(faults)].join('\n')}`)
  return rows
}

function shapesFor({ file, types }: OptionsSource, variant: string): readonly Shape[] {
  const names = typeof types === 'function' ? types(variant) : types
  return [new Map(names.flatMap((name) => documentedShapes(file, name)).flatMap((shape) => [...shape]))]
}

type Tagged = OptionRow & { readonly label: string; readonly isTag: boolean }

function structureRows(
  { discriminator, variants }: Structure,
  shapesOf: (label: string) => readonly Shape[],
  walk: Walk,
): readonly OptionRow[] {
  const tagged = variants.flatMap(({ label, entries }): readonly Tagged[] => {
    const all = shapesOf(label)
    const own = all.filter((shape) => discriminator === undefined || isOf(shape, discriminator, label))
    reportUnknown(own, entries, walk)
    return Object.entries(entries).flatMap(([name, schema]) => {
      const isTag = name === discriminator
      const member = mergedMember(own, name)
      // What tells variants apart can stand in the name of the method that is called.
      if ((isTag && member === undefined) || walk.source.set?.includes(name)) return []
      const rows = entryRows(name, schema, member, walk).map((row) => ({ ...row, label, isTag }))
      // Which variant is meant where none is named, the schema of the variants does not know.
      return isTag ? rows.map((row) => ({ ...row, isRequired: member?.isOptional === false })) : rows
    })
  })
  return merged(tagged, variants.length, walk.source.methods ?? {})
}

function isOf(shape: Shape, discriminator: string, label: string): boolean {
  const member = shape.get(discriminator)
  return member === undefined || member.type === `'${label}'`
}

function reportUnknown(shapes: readonly Shape[], entries: v.ObjectEntries, { source, prefix, faults }: Walk): void {
  for (const name of new Set(shapes.flatMap((shape) => [...shape.keys()]))) {
    if (Object.hasOwn(entries, name)) continue
    faults.push(`'${prefix}${name}' is described in ${source.file}, but the schema does not know it.`)
  }
}

function entryRows(
  name: string,
  schema: v.GenericSchema,
  member: DocumentedMember | undefined,
  walk: Walk,
): readonly OptionRow[] {
  const { prefix, faults, source } = walk
  const shown = `${prefix}${name}`
  const comment = member?.comment
  if (comment === undefined) {
    faults.push(`'${shown}' has no doc comment in ${source.file}.`)
    return []
  }
  const isRequired = schema.type !== 'exact_optional' && schema.type !== 'optional'
  const row = { name: shown, isRequired, values: valuesOf(schema, member?.type ?? ''), meaning: comment }
  const inner = structureOf(schema)
  if (inner === undefined) return [row]
  return [row, ...structureRows(inner, () => member?.shapes() ?? [], { ...walk, prefix: `${shown}.` })]
}

/** Rows that several variants share stand once; a row that not all variants have says which do. */
function merged(rows: readonly Tagged[], variants: number, methods: Readonly<Record<string, string>>): readonly OptionRow[] {
  const groups = Map.groupBy(rows, ({ name, isRequired, values, meaning }) => JSON.stringify([name, isRequired, values, meaning]))
  return [...groups.values()].flatMap((group) => {
    const [row] = group
    if (row === undefined) return []
    const { label: _, isTag, meaning, ...rest } = row
    const labels = [...new Set(group.map(({ label }) => `\`${methods[label] ?? label}\``))]
    const isGeneral = isTag || labels.length === variants
    return [{ ...rest, meaning: isGeneral ? meaning : `${labels.join(', ')}: ${meaning}` }]
  })
}
