import * as v from 'valibot'
import { SluiceError } from '../../errors.ts'
import type { CsvOptions } from '../../formats/csv.ts'
import type { ExcelFormat } from '../../formats/excel.ts'
import type { UnpackLimit } from '../../formats/unpack-limit.ts'
import type { DeclaredColumn, Resource } from '../../model/script.ts'

/** Which files of a folder are read, and how. */
export interface FileResource extends FileContent {
  /** Relative to the folder, as picomatch reads it. */
  readonly pattern: string
  /** `new`: the files that no earlier batch has loaded. */
  readonly select: 'newest' | 'all' | 'new'
  /** Undefined: the date in the name where every candidate has one, else the time of modification. */
  readonly newestBy: 'date-in-name' | 'modified' | undefined
  /** What becomes of a file that was loaded and has another content now. */
  readonly changed: 'refuse' | 'read' | 'ignore'
  /** What becomes of a file that was loaded under another name. */
  readonly renamed: 'ignore' | 'read'
  /** Whether a file without a byte counts as one without rows. */
  readonly allowEmpty: boolean
  /** How long a file must have stayed as it is before it counts; 0: it counts at once. */
  readonly settleMs: number
  /** The name of the file that says that another is complete: `*` stands for the other's name. */
  readonly marker: string | undefined
  /** The kind of checksum that lies beside each file, in a file with this ending. */
  readonly checksum: ChecksumKind | undefined
}

/** How the bytes of a file become rows. */
export interface FileContent {
  readonly columns: readonly DeclaredColumn[]
  readonly format: FileFormat
  /** A label of the Encoding Standard; undefined: UTF-8, or what a byte order mark says. */
  readonly encoding: string | undefined
  /** Undefined: what the file's name says. */
  readonly compression: 'gzip' | 'zip' | 'none' | undefined
  /** The entries of a zip file that are read; undefined: its only one. */
  readonly entries: string | undefined
  readonly unpackLimit: UnpackLimit
}

export type ChecksumKind = 'md5' | 'sha256'

/** How the records of a file are written. */
type FileFormat =
  | ({ readonly kind: 'csv' } & CsvOptions)
  | { readonly kind: 'jsonl' }
  | { readonly kind: 'json'; readonly records: string }
  | { readonly kind: 'parquet' }
  | ({ readonly kind: 'excel' } & ExcelFormat)

const flag = v.boolean()
const someText = v.pipe(v.string(), v.minLength(1, 'is empty'))
const positive = v.pipe(v.number(), v.minValue(1, 'is under 1'))

const format = v.variant('kind', [
  v.strictObject({
    kind: v.literal('csv'),
    delimiter: v.optional(v.string()),
    quote: v.optional(v.string()),
    header: v.optional(flag),
    nulls: v.optional(v.array(v.string())),
  }),
  v.strictObject({ kind: v.literal('jsonl') }),
  v.strictObject({ kind: v.literal('json'), records: v.optional(someText, '$[*]') }),
  v.strictObject({ kind: v.literal('parquet') }),
  v.strictObject({
    kind: v.literal('excel'),
    sheet: v.optional(someText),
    header: v.optional(flag, true),
    errors: v.optional(v.picklist(['reject', 'null']), 'reject'),
  }),
])

const unpackLimit = v.strictObject({
  bytes: v.optional(positive, 256 * 1024 ** 3),
  ratio: v.optional(positive, 200),
})

const common = {
  format,
  allowEmpty: v.optional(flag, false),
  settleMs: v.optional(v.pipe(v.number(), v.minValue(0, 'is under 0')), 0),
  marker: v.optional(someText),
  checksum: v.optional(v.picklist(['md5', 'sha256'])),
  encoding: v.optional(someText),
  compression: v.optional(v.picklist(['gzip', 'zip', 'none'])),
  entries: v.optional(someText),
  unpackLimit: v.optional(unpackLimit, {}),
}

const options = v.variant('select', [
  v.strictObject({
    select: v.literal('newest'),
    newestBy: v.optional(v.picklist(['date-in-name', 'modified'])),
    ...common,
  }),
  v.strictObject({ select: v.literal('all'), ...common }),
  v.strictObject({
    select: v.literal('new'),
    changed: v.optional(v.picklist(['refuse', 'read', 'ignore']), 'refuse'),
    renamed: v.optional(v.picklist(['ignore', 'read']), 'ignore'),
    ...common,
  }),
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
  const asked = parsed.output
  const fault = optionsMisfit(asked)
  if (fault !== undefined) throw invalid(resource, fault)
  return {
    pattern,
    columns,
    newestBy: undefined,
    changed: 'refuse',
    renamed: 'ignore',
    marker: undefined,
    checksum: undefined,
    encoding: undefined,
    compression: undefined,
    entries: undefined,
    ...asked,
  }
}

/** What {@link optionsMisfit} looks at. */
interface AskedOptions {
  readonly format: { readonly kind: string }
  readonly marker?: string | undefined
  readonly encoding?: string | undefined
  readonly compression?: string | undefined
  readonly entries?: string | undefined
}

/** What no file can be read by, though each option by itself is one; undefined when all is well. */
export function optionsMisfit({ format, marker, encoding, compression, entries }: AskedOptions): string | undefined {
  const isBinary = format.kind === 'parquet' || format.kind === 'excel'
  if (encoding !== undefined && !isEncoding(encoding)) return `the encoding ${encoding} is none of the Encoding Standard`
  if (isBinary && encoding !== undefined) return `an encoding is given, but ${format.kind} has its own`
  if (isBinary && (compression ?? 'none') !== 'none') return `a compression is given, but ${format.kind} has its own`
  if (entries !== undefined && (isBinary || (compression ?? 'zip') !== 'zip'))
    return 'entries are given, but only zip files have some'
  if (marker !== undefined && marker.split('*').length > 2) return `the marker ${marker} has more than one *`
  return undefined
}

function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label, { fatal: true }).encoding !== ''
  } catch {
    return false
  }
}

function invalid({ source, locator }: Resource, what: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The files ${JSON.stringify(locator)} of ${source}: ${what}.`, {
    hint: 'Correct the resource in the extract script.',
  })
}
