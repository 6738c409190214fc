/** What the table of codes says about one kind of failure. */
interface CodeEntry {
  /** The process exit code that this failure ends with. */
  readonly exitCode: number
  /** Whether the engine may try the same thing again by itself. */
  readonly retryable: boolean
  /** What the code means, for `docs/errors.md`. */
  readonly meaning: string
}

/**
 * Every failure that Sluice can name: the one table that the engine, the command line and `docs/errors.md` read.
 * Exit codes are those of `docs/reliability.md`.
 */
export const errorCodes = {
  ABORTED: { exitCode: 130, retryable: false, meaning: 'The run was told to stop, and stopped cleanly.' },
  APPEND_WITH_OVERLAP: {
    exitCode: 78,
    retryable: false,
    meaning: 'An extraction that reads an overlap again cannot feed a load that appends: rows would be doubled.',
  },
  BATCH_NOT_LATEST: {
    exitCode: 77,
    retryable: false,
    meaning: 'A merge without `newest` may only publish a batch that is not older than the last published one.',
  },
  BATCH_NOT_OPEN: {
    exitCode: 77,
    retryable: false,
    meaning: 'The project opens batches explicitly, and this one is closed or was never opened.',
  },
  CHECK_FAILED: {
    exitCode: 65,
    retryable: false,
    meaning: 'Rows that were to be published do not pass a check of the load; nothing was published.',
  },
  CONFIG_INVALID: {
    exitCode: 78,
    retryable: false,
    meaning: 'The project file or a script says something that Sluice does not know.',
  },
  CONFIG_MISSING: { exitCode: 78, retryable: false, meaning: 'There is no sluice.config.ts or sluice.config.js here.' },
  CONTROL_FAILED: { exitCode: 69, retryable: true, meaning: 'The control store could not be read or written in time.' },
  CURSOR_INVALID: {
    exitCode: 78,
    retryable: false,
    meaning: 'The cursor column is not there, cannot be ordered, or needs a declared overlap.',
  },
  DDL_BREAKING: {
    exitCode: 65,
    retryable: false,
    meaning: 'The target table must change in a way that could lose data; a person has to allow it.',
  },
  FENCED: {
    exitCode: 73,
    retryable: false,
    meaning: 'A newer run of the same script took over while this one was away; this one wrote nothing more.',
  },
  FILE_CHANGED: {
    exitCode: 65,
    retryable: false,
    meaning: 'A file that was loaded lies there again, with another content under its old name.',
  },
  FILE_CORRUPT: { exitCode: 65, retryable: false, meaning: 'A source file cannot be read to its end.' },
  FILE_EMPTY: { exitCode: 65, retryable: false, meaning: 'A source file has no byte in it.' },
  FILE_NOT_FOUND: { exitCode: 65, retryable: false, meaning: 'No file matches the pattern, or the folder is not there.' },
  FILES_TIED: { exitCode: 65, retryable: false, meaning: 'Two files have an equal claim to be the newest.' },
  HOP_UNBALANCED: {
    exitCode: 65,
    retryable: false,
    meaning: 'The counts of two stores that must agree do not; nothing was published.',
  },
  INACTIVE: { exitCode: 99, retryable: false, meaning: 'The script is switched off in the registry.' },
  INTERNAL: { exitCode: 70, retryable: false, meaning: 'A bug in Sluice or an answer of a driver that it does not know.' },
  LEASE_LOST: {
    exitCode: 73,
    retryable: false,
    meaning: 'The run could not renew its lease in time and stopped before anyone else could start.',
  },
  LOCAL_IO: {
    exitCode: 74,
    retryable: false,
    meaning: 'A local file could not be written or read: disk full, read-only, no right.',
  },
  MANIFEST_INVALID: { exitCode: 65, retryable: false, meaning: 'The manifest of a package is missing or was altered.' },
  NOT_APPROVED: { exitCode: 77, retryable: false, meaning: 'The script changed since a person approved it.' },
  NOT_DUE: { exitCode: 99, retryable: false, meaning: 'By its frequency the script has nothing to do for this batch.' },
  NOT_REGISTERED: { exitCode: 77, retryable: false, meaning: 'The script is not in the registry.' },
  OTHER_CONTROL_STORE: {
    exitCode: 77,
    retryable: false,
    meaning: 'The target was written by a project with another control store.',
  },
  REJECTS_OVER_LIMIT: {
    exitCode: 65,
    retryable: false,
    meaning: 'More rows were refused than the load allows; they are kept with their reasons, nothing was published.',
  },
  REPLACE_EMPTY: {
    exitCode: 65,
    retryable: false,
    meaning: 'A replacement without a row would have emptied the target.',
  },
  REPLACE_INCREMENTAL: {
    exitCode: 78,
    retryable: false,
    meaning: 'An extraction that reads only what is new cannot feed a load that replaces everything.',
  },
  RESOURCE_NOT_FOUND: { exitCode: 65, retryable: false, meaning: 'The source has no such table, view or endpoint.' },
  RESPONSE_INVALID: {
    exitCode: 65,
    retryable: false,
    meaning:
      'An API answered with something else than its resource declares: no JSON, no records, pages that repeat or do not add up.',
  },
  RUN_ACTIVE: { exitCode: 73, retryable: false, meaning: 'Another run of this script is alive.' },
  SCHEMA_CHANGED: {
    exitCode: 65,
    retryable: false,
    meaning: 'A column vanished or changed its type since the last extraction, or is not what a load expects.',
  },
  SCRIPT_INVALID: { exitCode: 78, retryable: false, meaning: 'A script cannot be imported or exports no definition.' },
  SCRIPT_UNKNOWN: { exitCode: 64, retryable: false, meaning: 'The project has no script of this name.' },
  SECRET_LITERAL: {
    exitCode: 78,
    retryable: false,
    meaning: 'A secret stands in the project file instead of a reference to it.',
  },
  SOURCE_CHANGED: {
    exitCode: 69,
    retryable: true,
    meaning:
      'What is read changed while it was read: it lost rows between pages, its columns, or the file that they lie in. Rows may have slipped past.',
  },
  SOURCE_DENIED: {
    exitCode: 78,
    retryable: false,
    meaning: 'The source does not accept the credentials, or they lack the right to read.',
  },
  SOURCE_FAILED: { exitCode: 69, retryable: false, meaning: 'The source refused the request.' },
  SOURCE_UNREACHABLE: { exitCode: 69, retryable: true, meaning: 'The source could not be reached or stopped answering.' },
  STAGED_FILE_ALTERED: {
    exitCode: 65,
    retryable: false,
    meaning: 'A staged file is not the one that its manifest names.',
  },
  TARGET_BUSY: { exitCode: 73, retryable: false, meaning: 'The warehouse file is held by another process.' },
  TARGET_CONFLICT: { exitCode: 69, retryable: true, meaning: 'Another transaction wrote the same table first.' },
  TARGET_FAILED: {
    exitCode: 69,
    retryable: false,
    meaning: 'The warehouse refused a statement; the transaction was rolled back.',
  },
  UPSTREAM_NOT_DONE: {
    exitCode: 77,
    retryable: false,
    meaning: 'An extraction or a script that this one builds on is not done for its batch.',
  },
  USAGE: { exitCode: 64, retryable: false, meaning: 'The command line is not one that Sluice knows.' },
  VARIABLE_UNSET: { exitCode: 78, retryable: false, meaning: 'The project reads an environment variable that is not set.' },
} as const satisfies Record<string, CodeEntry>

export type ErrorCode = keyof typeof errorCodes

/** Flat facts about a failure for logs and people; never a secret, never a row. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface ErrorOptions {
  /** One imperative sentence: the command or the change that clears it. */
  readonly hint: string
  readonly details?: ErrorDetails
  /** The driver's own error. */
  readonly cause?: unknown
}

const mark = Symbol.for('sluice-etl.error')

/** The one class of failures. Recognise it by `code` with {@link isSluiceError}: `instanceof` fails across two copies. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError'
  readonly code: ErrorCode
  readonly hint: string
  readonly details: ErrorDetails
  readonly [mark] = true

  constructor(code: ErrorCode, message: string, options: ErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.details = options.details ?? {}
  }

  get exitCode(): number {
    return errorCodes[this.code].exitCode
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable
  }
}

/** Whether a thrown value is ours, whichever copy of the package made it; with `code`, whether it is of that code. */
export function isSluiceError(value: unknown, code?: ErrorCode): value is SluiceError {
  if (typeof value !== 'object' || value === null || !(mark in value)) return false
  return code === undefined || (value as SluiceError).code === code
}

/** Any thrown value as one of ours: ours stay as they are, everything else is a bug by definition. */
export function asSluiceError(value: unknown): SluiceError {
  if (isSluiceError(value)) return value
  const message = value instanceof Error ? value.message : String(value)
  return new SluiceError('INTERNAL', `Something went wrong that Sluice has no name for: ${message}`, {
    hint: 'Look at the log of this run; if it is a bug, report it with the log.',
    cause: value,
  })
}
