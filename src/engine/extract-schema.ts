import { createHash } from 'node:crypto'
import type { Lake } from '../contracts/lake.ts'
import { isSluiceError, SluiceError } from '../errors.ts'
import { columnTypeText } from '../model/column-type.ts'
import type { Manifest, ManifestColumn } from '../model/manifest.ts'
import type { TableSchema } from '../model/schema.ts'
import type { ExtractScript } from '../model/script.ts'
import { systemColumns } from './extract-parts.ts'

/** JSON with sorted members and no blanks: the same value has the same bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
  })
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The manifest's columns. SCHEMA_CHANGED when one is called like a system column, or like another one but for case. */
export function manifestColumns(script: ExtractScript, schema: TableSchema): readonly ManifestColumn[] {
  refuseTwins(script, schema)
  return schema.columns.map((column) => {
    if (systemColumns.some(({ name }) => name === column.name.toLowerCase())) {
      throw new SluiceError('SCHEMA_CHANGED', `${script.id} reads a column ${column.name}, a name that Sluice uses itself.`, {
        hint: `Give it another name in ${script.id} and take the value from ${column.name} with from().`,
        details: { column: column.name },
      })
    }
    const declared = script.resource.columns?.find(({ name }) => name === column.name)
    return {
      name: column.name,
      type: columnTypeText(column.type),
      ...(declared && { declaredType: columnTypeText(declared.type) }),
      ...(declared?.length !== undefined && { declaredLength: declared.length }),
      nullable: declared?.nullable ?? column.nullable,
      ...(column.sourceType !== undefined && { sourceType: column.sourceType }),
    }
  })
}

/** Warehouses do not tell names apart by case. */
function refuseTwins(script: ExtractScript, { columns }: TableSchema): void {
  const names = Map.groupBy(columns, ({ name }) => name.toLowerCase())
  const twins = [...names.values()].find(({ length }) => length > 1)?.map(({ name }) => name)
  if (twins === undefined) return
  throw new SluiceError('SCHEMA_CHANGED', `${script.id} reads columns whose names differ only by case: ${twins.join(', ')}.`, {
    hint: `Give all but one of them another name in ${script.id}, with from().`,
    details: { columns: twins },
  })
}

/** SCHEMA_CHANGED when a column of the last package is gone or has another type; new columns are fine. */
export function compareColumns(script: ExtractScript, before: readonly ManifestColumn[], now: readonly ManifestColumn[]): void {
  for (const old of before) {
    const column = now.find(({ name }) => name === old.name)
    if (column && column.type === old.type && column.declaredType === old.declaredType) continue
    const was = old.declaredType ?? old.type
    const what = column ? `is ${column.declaredType ?? column.type} now, it was ${was}` : 'is no longer there'
    throw new SluiceError('SCHEMA_CHANGED', `Column ${old.name} of ${script.resource.locator} ${what}.`, {
      hint: `Restore the column at the source, or give the new shape a script of its own beside ${script.id}.`,
      details: { column: old.name },
    })
  }
}

/** The manifest that the control store recorded. MANIFEST_INVALID when it is another one, or gone. */
export async function readManifest(lake: Lake, path: string, recordedSha256: string): Promise<Manifest> {
  const bytes = await readWhole(lake, path).catch((cause: unknown) => {
    throw isSluiceError(cause, 'FILE_NOT_FOUND') ? invalid(path, 'is gone', cause) : cause
  })
  if (sha256(bytes) !== recordedSha256) throw invalid(path, 'is not the one that was committed')
  return JSON.parse(bytes.toString('utf8')) as Manifest
}

async function readWhole(lake: Lake, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of lake.read(path)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

function invalid(path: string, how: string, cause?: unknown): SluiceError {
  return new SluiceError('MANIFEST_INVALID', `The manifest ${path} ${how}.`, {
    hint: 'Restore the file from a backup of the lake, or extract the batch again with --force.',
    details: { path },
    cause,
  })
}
