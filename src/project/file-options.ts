import * as v from 'valibot'
import { optionsMisfit } from '../sources/files/file-resource.ts'
import { optionsSchema, someText } from './check-options.ts'
import type { FileFormat } from './connections.ts'
import { isDefinition } from './definition.ts'
import { columns } from './option-schemas.ts'

const flag = v.boolean('is neither true nor false')
const character = v.pipe(v.string('is not a text'), v.length(1, 'is not one character'))
const positive = v.pipe(v.number('is not a number'), v.minValue(1, 'is under 1'))

const format = v.pipe(
  v.custom<FileFormat>(
    (value) => isDefinition(value, 'format'),
    'is none of csv(), jsonLines(), jsonArray(), parquet() and excel()',
  ),
  v.transform(({ kind, options }) => ({ kind, ...options })),
  v.variant('kind', [
    optionsSchema('the options of csv', {
      kind: v.literal('csv'),
      delimiter: v.exactOptional(character),
      quote: v.exactOptional(character),
      header: v.exactOptional(flag),
      nulls: v.exactOptional(v.array(v.string('is not a text'), 'is not a list of texts')),
    }),
    v.strictObject({ kind: v.literal('jsonl') }),
    optionsSchema('the options of jsonArray', { kind: v.literal('json'), records: v.exactOptional(someText) }),
    v.strictObject({ kind: v.literal('parquet') }),
    optionsSchema('the options of excel', {
      kind: v.literal('excel'),
      sheet: v.exactOptional(someText),
      header: v.exactOptional(flag),
      errors: v.exactOptional(v.picklist(['reject', 'null'], "is neither 'reject' nor 'null'")),
    }),
  ]),
)

const files = {
  format,
  columns,
  allowEmpty: v.exactOptional(flag),
  settleMs: v.exactOptional(v.pipe(v.number('is not a number'), v.minValue(0, 'is under 0'))),
  marker: v.exactOptional(someText),
  checksum: v.exactOptional(v.picklist(['md5', 'sha256'], "is neither 'md5' nor 'sha256'")),
  encoding: v.exactOptional(someText),
  compression: v.exactOptional(v.picklist(['gzip', 'zip', 'none'], "is none of 'gzip', 'zip' and 'none'")),
  entries: v.exactOptional(someText),
  unpackLimit: v.exactOptional(
    optionsSchema('the options of unpackLimit', { bytes: v.exactOptional(positive), ratio: v.exactOptional(positive) }),
  ),
}

const selections = v.variant('select', [
  optionsSchema('the options of newest', {
    select: v.literal('newest'),
    newestBy: v.exactOptional(v.picklist(['date-in-name', 'modified'], "is neither 'date-in-name' nor 'modified'")),
    ...files,
  }),
  optionsSchema('the options of all', { select: v.literal('all'), ...files }),
  optionsSchema('the options of new', {
    select: v.literal('new'),
    changed: v.exactOptional(v.picklist(['refuse', 'read', 'ignore'], "is none of 'refuse', 'read' and 'ignore'")),
    renamed: v.exactOptional(v.picklist(['ignore', 'read'], "is neither 'ignore' nor 'read'")),
    ...files,
  }),
])

/** What a resource of files may say. */
export const filesOptions = v.pipe(
  selections,
  v.check(
    (options) => optionsMisfit(options) === undefined,
    ({ input }) => optionsMisfit(input) ?? '',
  ),
)
