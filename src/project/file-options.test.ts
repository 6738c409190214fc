import * as v from 'valibot'
import { expect, test } from 'vitest'
import { textColumns } from '../../test/read-texts.ts'
import { fileResource } from '../sources/files/file-resource.ts'
import { text } from './columns.ts'
import { csv, excel, type FileFormat, jsonArray, jsonLines, localFiles, parquet } from './connections.ts'
import { filesOptions } from './file-options.ts'

/** As plain JavaScript might write them. */
interface Asked {
  readonly format?: unknown
  readonly [option: string]: unknown
}

const files = localFiles({ folder: 'drop' })
const plain = { format: csv(), columns: { v: text() } }
const everything = {
  allowEmpty: true,
  settleMs: 0,
  marker: '*.done',
  checksum: 'md5',
  encoding: 'utf-16le',
  compression: 'zip',
  entries: '*.csv',
  unpackLimit: { bytes: 1, ratio: 2 },
} as const

const good: readonly (readonly [string, object])[] = [
  ['newest', files.newest('*', { ...plain, newestBy: 'modified' }).options],
  ['all', files.all('*', plain).options],
  ['new', files.new('*', { ...plain, changed: 'read', renamed: 'read' }).options],
  ['everything', files.new('*', { ...plain, ...everything }).options],
  ['csv', files.all('*', { ...plain, format: csv({ delimiter: ';', quote: "'", header: false, nulls: ['', 'NULL'] }) }).options],
  ['jsonLines', files.all('*', { ...plain, format: jsonLines() }).options],
  ['jsonArray', files.all('*', { ...plain, format: jsonArray() }).options],
  ['jsonArray somewhere', files.all('*', { ...plain, format: jsonArray({ records: '$.x[*]' }) }).options],
  ['parquet', files.all('*', { ...plain, format: parquet() }).options],
  ['excel', files.all('*', { ...plain, format: excel({ sheet: 'S', header: false, errors: 'null' }) }).options],
]

const bad: readonly (readonly [string, Asked])[] = [
  ['another selection', { select: 'some' }],
  ['no format', { format: undefined }],
  ['an unknown option', { settle: 1 }],
  ['an option of another selection', { changed: 'read' }],
  ['an unknown policy', { select: 'new', changed: 'skip' }],
  ['a negative time', { settleMs: -1 }],
  ['an empty marker', { marker: '' }],
  ['a marker with two stars', { marker: '*.*' }],
  ['an unknown checksum', { checksum: 'crc32' }],
  ['an unknown encoding', { encoding: 'utf-9' }],
  ['an encoding of Parquet', { format: parquet(), encoding: 'utf-8' }],
  ['an unknown compression', { compression: 'rar' }],
  ['a packed workbook', { format: excel(), compression: 'zip' }],
  ['entries of gzip', { compression: 'gzip', entries: '*' }],
  ['a limit of nothing', { unpackLimit: { bytes: 0 } }],
  ['an unknown limit', { unpackLimit: { rows: 1 } }],
  ['an unknown option of the format', { format: { ...excel(), options: { page: 1 } } }],
]

/** What the source gets of a resource's options. */
function atRunTime(asked: object) {
  const { columns: _, format, ...options }: { readonly columns?: unknown } & Asked = { ...asked }
  const { kind, options: ofFormat } = (format ?? {}) as Partial<FileFormat>
  const shown = kind && { format: { kind, ...ofFormat } }
  return { source: 'files', locator: '*', options: { ...options, ...shown }, columns: textColumns('v') }
}

test.each(good)('the project and the source take %s', (_name, options) => {
  expect(v.safeParse(filesOptions, options).issues).toBeUndefined()
  expect(() => fileResource(atRunTime(options))).not.toThrow()
})

test.each(bad)('the project and the source refuse %s', (_name, asked) => {
  const options = { ...files.all('*', plain).options, ...asked }
  expect(v.safeParse(filesOptions, options).success).toBe(false)
  expect(() => fileResource(atRunTime(options))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
