import * as v from 'valibot'
import { SluiceError } from '../../errors.ts'
import type { CsvOptions } from '../../formats/csv.ts'
import type { DeclaredColumn, Resource } from '../../model/script.ts'

/** Which files of a folder are read, and how. */
export interface FileResource {
  /** Relative to the folder, as picomatch reads it. */
  readonly pattern: string
  readonly columns: readonly DeclaredColumn[]
  readonly select: 'newest' | 'all'
  /** Undefined: the date in the name where every candidate has one, else the time of modification. */
  readonly newestBy: 'date-in-name' | 'modified' | undefined
  readonly format: FileFormat
  /** Whether a file without a byte counts as one without rows. */
  readonly allowEmpty: boolean
}

/** How the bytes of a file are to be read. */
type FileFormat = ({ readonly kind: 'csv' } & CsvOptions) | { readonly kind: 'jsonl' }

const csv = v.strictObject({
  kind: v.literal('csv'),
  delimiter: v.optional(v.string()),
  quote: v.optional(v.string()),
  header: v.optional(v.boolean()),
  nulls: v.optional(v.array(v.string())),
})

const common = {
  format: v.variant('kind', [csv, v.strictObject({ kind: v.literal('jsonl') })]),
  allowEmpty: v.optional(v.boolean(), false),
}

const options = v.variant('select', [
  v.strictObject({
    select: v.literal('newest'),
    newestBy: v.optional(v.picklist(['date-in-name', 'modified'])),
    ...common,
  }),
  v.strictObject({ select: v.literal('all'), newestBy: v.optional(v.undefined()), ...common }),
])

/** The resource with its options checked. CONFIG_INVALID names what is wrong with it. */
export function fileResource(resource: Resource): FileResource {
  const { locator: pattern, columns } = resource
  if (pattern === '') throw invalid(resource, 'the pattern is empty')
  if (columns === undefined || columns.length === 0) throw invalid(resource, 'no columns are declared')
  const parsed = v.safeParse(options, resource.options)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw invalid(resource, `${v.getDotPath(issue) ?? 'options'}: ${issue.message}`)
  }
  return { pattern, columns, ...parsed.output, newestBy: parsed.output.newestBy }
}

function invalid({ source, locator }: Resource, what: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The files ${JSON.stringify(locator)} of ${source}: ${what}.`, {
    hint: 'Correct the resource in the extract script.',
  })
}
