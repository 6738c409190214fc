import { SluiceError } from '../errors.ts'
import { type ColumnType, columnTypeText, parseColumnType } from '../model/column-type.ts'
import type { Manifest, ManifestColumn } from '../model/manifest.ts'
import { type Column, type TableName, type TableSchema, tableText } from '../model/schema.ts'
import type { LoadColumnDeclaration, LoadScript, Lookup, ScriptId } from '../model/script.ts'
import { type Cast, isCastable } from '../sql/casts.ts'
import { fenceColumns } from '../sql/fence.ts'
import { ledgerColumns } from '../sql/ledger.ts'
import {
  auditTables,
  type ColumnOrigin,
  type LoadColumn,
  type LoadPlan,
  type PlannedLookup,
  rejectTableColumns,
  stageColumns,
  stubColumn,
  targetColumns,
} from '../sql/load-plan.ts'
import { type KeyedTable, markColumns } from '../sql/surrogate-keys.ts'
import type { LayerSchemas } from './context.ts'
import { systemColumns } from './extract-parts.ts'
import { rejectColumns } from './extract-rejects.ts'

/** The dimensions' tables as they are, by the script that writes them. */
export type DimensionSchemas = ReadonlyMap<ScriptId, TableSchema>

/**
 * What a load of this package would do. SCHEMA_CHANGED when the script asks for what the package does not hold,
 * CONFIG_INVALID when it makes two columns of one name.
 */
export function planLoad(schemas: LayerSchemas, script: LoadScript, manifest: Manifest, dimensions: DimensionSchemas): LoadPlan {
  const target = { schema: schemas.target, table: script.into }
  const landing = (suffix: string): TableName => ({ schema: schemas.landing, table: `${script.name}${suffix}` })
  const declared = script.columns ?? manifest.columns.map(asDeclared)
  const columns = declared.map((column) => loadColumn(script, manifest, column))
  const { key, newest } = script.write
  for (const name of newest === undefined ? key : [...key, newest]) {
    if (!columns.some((column) => column.name === name)) throw missing(script, manifest, name)
  }
  const plan: LoadPlan = {
    script: script.id,
    target,
    landing: landing(''),
    typed: landing('__typed'),
    refused: landing('__refused'),
    targetText: tableText(target),
    audit: auditTables(schemas.audit),
    columns,
    lookups: script.lookups.map((lookup) => plannedLookup(schemas, script, manifest, lookup, dimensions)),
    landed: [...manifest.columns.map(stagedColumn), ...systemColumns],
    write: script.write,
  }
  for (const [table, list] of tablesOf(plan)) refuseTwins(script, table, list)
  return plan
}

/** Warehouses do not tell names apart by case. */
function refuseTwins({ id }: LoadScript, table: TableName, columns: readonly Column[]): void {
  const names = Map.groupBy(columns, ({ name }) => name.toLowerCase())
  const twins = [...names.values()].find(({ length }) => length > 1)?.map(({ name }) => name)
  if (twins === undefined) return
  throw new SluiceError('CONFIG_INVALID', `${id} makes columns of ${tableText(table)} with one name: ${twins.join(', ')}.`, {
    hint: `Give all but one of them another name in ${id}; names that differ only by case are one name.`,
    details: { columns: twins },
  })
}

/** Every table that a load needs, with the columns it must have at least. */
export function tablesOf(plan: LoadPlan): readonly (readonly [TableName, readonly Column[]])[] {
  const { audit, lookups, write } = plan
  const int64 = (name: string): Column => ({ name, type: { kind: 'int64' }, nullable: true })
  const values = [
    ...(write.surrogateKey === undefined ? [] : [int64(write.surrogateKey)]),
    ...plan.columns.map(({ name, type }): Column => ({ name, type, nullable: true })),
    ...lookups.map(({ name }) => int64(name)),
  ]
  const asked = lookups.flatMap(({ keys }) => keys.map(({ staged, cast }) => ({ name: staged, type: cast.to, nullable: true })))
  return [
    [audit.fence, fenceColumns],
    [audit.ledger, ledgerColumns],
    [audit.rejects, rejectTableColumns],
    ...(keyedTables(plan).length > 0 ? [[audit.marks, markColumns] as const] : []),
    [plan.landing, plan.landed],
    [plan.refused, [...rejectColumns, ...systemColumns]],
    [plan.typed, [...values, ...asked, ...stageColumns]],
    [plan.target, [...values, ...(write.surrogateKey === undefined ? [] : [stubColumn]), ...targetColumns]],
  ]
}

/** The tables whose rows a load gives surrogate keys: its target, and the dimensions that it adds stubs to. */
export function keyedTables(plan: LoadPlan): readonly KeyedTable[] {
  const { target, targetText, write } = plan
  const own = write.surrogateKey === undefined ? [] : [{ table: target, tableText: targetText, surrogateKey: write.surrogateKey }]
  return [...own, ...stubTargets(plan)]
}

/** The dimensions that a load adds stubs to. */
export function stubTargets({ lookups }: LoadPlan): readonly PlannedLookup[] {
  return lookups.filter(({ unknown }) => unknown === 'stub')
}

function asDeclared(column: ManifestColumn): LoadColumnDeclaration {
  const type = columnType(column.declaredType ?? column.type)
  const plain = { computed: undefined, default: undefined, mask: undefined }
  const { name, nullable } = column
  return { name, type, length: column.declaredLength, nullable, from: name, ...plain }
}

function stagedColumn(column: ManifestColumn): Column {
  return { name: column.name, type: columnType(column.type), nullable: true }
}

function loadColumn(script: LoadScript, manifest: Manifest, declared: LoadColumnDeclaration): LoadColumn {
  const { name, type } = declared
  const { key, newest } = script.write
  if (declared.computed !== undefined) {
    const required = newest === name || !declared.nullable
    return { name, type, origin: { kind: 'computed', expression: declared.computed, required } }
  }
  const hasDefault = declared.default !== undefined
  // A row without a key is refused by the deduplication, under a code of its own.
  const required = !hasDefault && (newest === name || (!declared.nullable && !key.includes(name)))
  const cast = columnCast(script, manifest, { name, from: declared.from, to: type, length: declared.length, required })
  const origin: ColumnOrigin = { kind: 'landing', from: declared.from, cast, default: declared.default, mask: declared.mask }
  return { name, type: declared.mask === undefined ? type : { kind: 'text' }, origin }
}

interface WantedCast {
  readonly name: string
  readonly from: string
  readonly to: ColumnType
  readonly length: number | undefined
  readonly required: boolean
}

function columnCast(script: LoadScript, manifest: Manifest, wanted: WantedCast): Omit<Cast, 'expression'> {
  const { name, from, to, length, required } = wanted
  const source = manifest.columns.find((column) => column.name === from)
  if (!source) throw missing(script, manifest, from)
  const staged = columnType(source.type)
  if (isCastable(staged, to)) return { from: staged, to, length, required }
  const text = `${script.id} makes ${name} a ${columnTypeText(to)}, but ${from} is staged as ${source.type}.`
  throw new SluiceError('SCHEMA_CHANGED', text, {
    hint: `Declare ${name} as ${source.type} or as text in ${script.id}.`,
    details: { column: name },
  })
}

function plannedLookup(
  schemas: LayerSchemas,
  script: LoadScript,
  manifest: Manifest,
  lookup: Lookup,
  dimensions: DimensionSchemas,
): PlannedLookup {
  const table = { schema: schemas.target, table: lookup.into }
  const dimension = dimensions.get(lookup.dimension)
  const columnOf = (column: string): Column => {
    const known = dimension?.columns.find(({ name }) => name.toLowerCase() === column.toLowerCase())
    if (!known) throw noDimension(script, lookup, column)
    return known
  }
  columnOf(lookup.surrogateKey)
  const keys = lookup.keys.map(({ column, from }) => {
    const known = columnOf(column)
    const wanted = { name: lookup.name, from, to: known.type, length: undefined, required: !lookup.nullable }
    return { column, from, staged: `${lookup.name}__${column}`, cast: columnCast(script, manifest, wanted) }
  })
  return { ...lookup, table, tableText: tableText(table), keys }
}

function noDimension(script: LoadScript, { dimension, into }: Lookup, column: string): SluiceError {
  return new SluiceError(
    'UPSTREAM_NOT_DONE',
    `${script.id} looks up ${column} in ${into}, which ${dimension} has not made yet.`,
    {
      hint: `Load the dimension first: sluice load ${dimension.replace(/^load\//, '')}`,
      details: { dimension },
    },
  )
}

function columnType(text: string): ColumnType {
  const type = parseColumnType(text)
  if (type) return type
  throw new SluiceError('MANIFEST_INVALID', `The manifest names a type ${text} that this version does not know.`, {
    hint: 'Load the package with the version of Sluice that wrote it, or extract the batch again with --force.',
  })
}

function missing(script: LoadScript, manifest: Manifest, name: string): SluiceError {
  const known = manifest.columns.map((column) => column.name).join(', ')
  return new SluiceError(
    'SCHEMA_CHANGED',
    `${script.id} needs the column ${name}, which ${script.extract} does not bring: ${known}.`,
    {
      hint: `Correct the name in ${script.id}, or bring the column back at the source and extract again.`,
      details: { column: name },
    },
  )
}
