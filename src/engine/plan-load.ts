import { SluiceError } from '../errors.ts'
import { type ColumnType, columnTypeText, parseColumnType } from '../model/column-type.ts'
import type { Manifest, ManifestColumn } from '../model/manifest.ts'
import { type Column, type TableName, tableText } from '../model/schema.ts'
import type { DeclaredColumn, LoadScript } from '../model/script.ts'
import { isCastable } from '../sql/casts.ts'
import { fenceColumns } from '../sql/fence.ts'
import { ledgerColumns } from '../sql/ledger.ts'
import { auditTables, type LoadColumn, type LoadPlan, rejectTableColumns, stageColumns, targetColumns } from '../sql/load-plan.ts'
import type { LayerSchemas } from './context.ts'
import { systemColumns } from './extract-parts.ts'
import { rejectColumns } from './extract-rejects.ts'

/** What a load of this package would do. SCHEMA_CHANGED when the script asks for what the package does not hold. */
export function planLoad(schemas: LayerSchemas, script: LoadScript, manifest: Manifest): LoadPlan {
  const target = { schema: schemas.target, table: script.into }
  const landing = (suffix: string): TableName => ({ schema: schemas.landing, table: `${script.name}${suffix}` })
  const declared = script.columns ?? manifest.columns.map(asDeclared)
  const columns = declared.map((column) => loadColumn(script, manifest, column))
  const { write } = script
  if (write.disposition === 'merge') {
    const wanted = write.newest === undefined ? write.key : [...write.key, write.newest]
    for (const name of wanted) if (!columns.some((column) => column.name === name)) throw missing(script, manifest, name)
  }
  return {
    script: script.id,
    target,
    landing: landing(''),
    typed: landing('__typed'),
    refused: landing('__refused'),
    targetText: tableText(target),
    audit: auditTables(schemas.audit),
    columns,
    landed: [...manifest.columns.map(stagedColumn), ...systemColumns],
    write,
  }
}

/** Every table that a load needs, with the columns it must have at least. */
export function tablesOf(plan: LoadPlan): readonly (readonly [TableName, readonly Column[]])[] {
  const typed = plan.columns.map(({ name, cast }): Column => ({ name, type: cast.to, nullable: true }))
  return [
    [plan.audit.fence, fenceColumns],
    [plan.audit.ledger, ledgerColumns],
    [plan.audit.rejects, rejectTableColumns],
    [plan.landing, plan.landed],
    [plan.refused, [...rejectColumns, ...systemColumns]],
    [plan.typed, [...typed, ...stageColumns]],
    [plan.target, [...typed, ...targetColumns]],
  ]
}

function asDeclared(column: ManifestColumn): DeclaredColumn {
  const type = columnType(column.declaredType ?? column.type)
  return { name: column.name, type, length: column.declaredLength, nullable: column.nullable, from: column.name }
}

function stagedColumn(column: ManifestColumn): Column {
  return { name: column.name, type: columnType(column.type), nullable: true }
}

function loadColumn(script: LoadScript, manifest: Manifest, declared: DeclaredColumn): LoadColumn {
  const source = manifest.columns.find(({ name }) => name === declared.from)
  if (!source) throw missing(script, manifest, declared.from)
  const from = columnType(source.type)
  if (!isCastable(from, declared.type)) {
    const text = `${script.id} makes ${declared.name} a ${columnTypeText(declared.type)}, but ${declared.from} is staged as ${source.type}.`
    throw new SluiceError('SCHEMA_CHANGED', text, {
      hint: `Declare ${declared.name} as ${source.type} or as text in ${script.id}.`,
      details: { column: declared.name },
    })
  }
  const { write } = script
  const isKey = write.disposition === 'merge' && write.key.includes(declared.name)
  const isNewest = write.disposition === 'merge' && write.newest === declared.name
  // A row without a key is refused by the deduplication, under a code of its own.
  const required = isNewest || (!declared.nullable && !isKey)
  return { name: declared.name, from: declared.from, cast: { from, to: declared.type, length: declared.length, required } }
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
