import type { Shape } from './columns.ts'
import { definition } from './definition.ts'
import { type DeclaredColumns, ResourceDefinition, type ShapeOf } from './resource.ts'
import type { Setting } from './setting.ts'
import { type NoPartitions, SqlSource, type Tables } from './sql-connections.ts'

/** A SQLite file. */
export interface SqliteOptions {
  /** The file, which must exist; a relative path begins at the project's folder. */
  readonly path: Setting
  /** Whether the write lock that proves a horizon is never taken; cursors then need a declared overlap. By default it is. */
  readonly readOnly?: boolean
  /**
   * What becomes of values that do not fit the declared type of their column: by default their rows are refused. `null`: they
   * become NULL, and the log counts them. `text`: columns in which SQLite lets any value stand are staged as text.
   */
  readonly misfits?: 'reject' | 'null' | 'text'
}

/** Reads tables of a SQLite file. With the type of its tables, names and columns are checked by the compiler. */
export function sqlite<Shapes extends { readonly [N in keyof Shapes]: Shape } = Tables>(
  options: SqliteOptions,
): SqlSource<Shapes, NoPartitions> {
  return new SqlSource('sqlite', options)
}

/** How files of a folder are written. */
export interface FileFormat {
  readonly [definition]: 'format'
  readonly kind: 'csv' | 'jsonl' | 'json' | 'parquet' | 'excel'
  readonly options: object
}

/** How separated values are written. */
export interface CsvOptions {
  /** One ASCII character; by default a comma. */
  readonly delimiter?: string
  /** One ASCII character; by default a double quote. */
  readonly quote?: string
  /** Whether the first record names the columns; by default it does. Without, they come in their declared order. */
  readonly header?: boolean
  /** The unquoted texts that mean NULL, instead of the empty one. */
  readonly nulls?: readonly string[]
}

/** Separated values, as RFC 4180 has them. */
export function csv(options: CsvOptions = {}): FileFormat {
  return { [definition]: 'format', kind: 'csv', options }
}

/** A JSON object a line. */
export function jsonLines(): FileFormat {
  return { [definition]: 'format', kind: 'jsonl', options: {} }
}

/** Where the records of a JSON file are. */
export interface JsonArrayOptions {
  /** `$.data.items[*]` is a list of records below members, `$.data` one record; by default `$[*]`, the file is the list. */
  readonly records?: string
}

/** One JSON text with its records in it, read record by record. */
export function jsonArray(options: JsonArrayOptions = {}): FileFormat {
  return { [definition]: 'format', kind: 'json', options }
}

/** Parquet, whoever wrote it; every value is read as its exact text. */
export function parquet(): FileFormat {
  return { [definition]: 'format', kind: 'parquet', options: {} }
}

/** How a sheet of a workbook is read. */
export interface ExcelOptions {
  /** By default the first sheet that is not hidden. */
  readonly sheet?: string
  /** Whether the first row with a value names the columns; by default it does. Without, they come in their declared order. */
  readonly header?: boolean
  /** What becomes of `#N/A` and the like: by default the row is refused. */
  readonly errors?: 'reject' | 'null'
}

/** One sheet of an Excel workbook, `.xlsx`. */
export function excel(options: ExcelOptions = {}): FileFormat {
  return { [definition]: 'format', kind: 'excel', options }
}

/** How the files of a set are read. */
export interface FilesOptions<Columns> {
  /** How the files are written. */
  readonly format: FileFormat
  /** Read as text, typed by the load; `from()` names the header or member where it differs. */
  readonly columns: Columns
  /** Whether a file without a byte counts as one without rows; by default it fails. */
  readonly allowEmpty?: boolean
  /** How long a file must have stayed as it is before it is read, in milliseconds; by default it is read at once. */
  readonly settleMs?: number
  /** A file is read only when the file of this name is there: `*.done`, where `*` stands for its own name, or `_SUCCESS`. */
  readonly marker?: string
  /** A file is read only when one with its name and this ending lies beside it, and must have the checksum that stands there. */
  readonly checksum?: 'md5' | 'sha256'
  /** A label of the Encoding Standard, such as `windows-1252`; by default UTF-8, or UTF-16 where a byte order mark says so. */
  readonly encoding?: string
  /** By default what the name says: `.gz`, `.zip`. */
  readonly compression?: 'gzip' | 'zip' | 'none'
  /** Which files of a zip file are read, as a pattern; by default its only one. */
  readonly entries?: string
  /** What a packed file may grow to. */
  readonly unpackLimit?: {
    /** By default 256 GiB. */
    readonly bytes?: number
    /** Times its own size, once it is over 64 MiB; by default 200. */
    readonly ratio?: number
  }
}

/** How one file of a set is chosen and read. */
export interface NewestOptions<Columns> extends FilesOptions<Columns> {
  /** What makes a file the newest; by default the date in the names where each has one, else the time of modification. */
  readonly newestBy?: 'date-in-name' | 'modified'
}

/** How files that no batch has loaded are recognised and read. */
export interface NewOptions<Columns> extends FilesOptions<Columns> {
  /** A loaded file with another content now: by default the extraction fails and names both. */
  readonly changed?: 'refuse' | 'read' | 'ignore'
  /** A loaded file under another name: by default it is not read again. */
  readonly renamed?: 'ignore' | 'read'
}

/** A folder of files. */
export class FileSource {
  readonly [definition] = 'source'
  readonly type: string
  readonly options: object

  constructor(type: string, options: object) {
    this.type = type
    this.options = options
  }

  /** The newest file that matches the pattern, such as `stores-*.csv`. */
  newest<const Columns extends DeclaredColumns>(
    pattern: string,
    options: NewestOptions<Columns>,
  ): ResourceDefinition<ShapeOf<Columns>> {
    return filesResource(this, pattern, 'newest', options)
  }

  /** Every file that matches the pattern. */
  all<const Columns extends DeclaredColumns>(
    pattern: string,
    options: FilesOptions<Columns>,
  ): ResourceDefinition<ShapeOf<Columns>> {
    return filesResource(this, pattern, 'all', options)
  }

  /** Every file that matches the pattern and that no batch has loaded; a batch without one is empty. */
  new<const Columns extends DeclaredColumns>(
    pattern: string,
    options: NewOptions<Columns>,
  ): ResourceDefinition<ShapeOf<Columns>> {
    return filesResource(this, pattern, 'new', options)
  }
}

function filesResource<Columns extends DeclaredColumns>(
  source: FileSource,
  pattern: string,
  select: 'newest' | 'all' | 'new',
  options: FilesOptions<Columns>,
): ResourceDefinition<ShapeOf<Columns>> {
  return new ResourceDefinition(source, pattern, { select, ...options })
}

/** Files of a local folder. */
export function localFiles(options: {
  /** The folder of the files; a relative path begins at the project's folder. */
  readonly folder: Setting
}): FileSource {
  return new FileSource('local-files', options)
}
