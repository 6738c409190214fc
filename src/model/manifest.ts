import type { ScriptId } from './script.ts'

/** A column of a package: how it is staged, and what it was at the source. */
export interface ManifestColumn {
  readonly name: string
  /** The type it is staged as, as {@link columnTypeText} writes it. */
  readonly type: string
  /** The type that the extraction declares for it, where it is staged as text and typed by the load. */
  readonly declaredType?: string
  readonly declaredLength?: number
  readonly nullable: boolean
  readonly sourceType?: string
}

/** A staged file as it was written; its path is relative to the lake. */
export interface StoredFile {
  readonly path: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

export interface ManifestPart extends StoredFile {
  /** The number in the part's name, and in `_part`. */
  readonly part: number
  readonly rows: number
  /** The partition it was read from: a table's key range, a file. */
  readonly partition: string
}

/** A source file as it was when it was read to its end. */
export interface FileIdentity {
  /** Its path in the resource's folder, with `/`. */
  readonly path: string
  readonly bytes: number
  /** UTC, ISO 8601, as exact as the source tells it. */
  readonly modifiedAt: string
  /** Of the bytes that were read, hexadecimal. */
  readonly sha256: string
  /** A file of another batch with the same bytes: then no row of this one was staged. */
  readonly sameAs?: string
}

/** What an incremental extraction read: `[lower, upper)`, in the source's own text. */
export interface CursorWindow {
  readonly column: string
  /** Undefined: from the beginning. */
  readonly lower: string | undefined
  /** Undefined: all that the snapshot shows (only without a proven horizon). */
  readonly upper: string | undefined
  /** Whether nothing below `upper` can still be committed. */
  readonly proven: boolean
  /** Where the next extraction starts. Undefined when the source has no row yet. */
  readonly next: string | undefined
}

/** Commits a set of staged files: the only list that a load believes. */
export interface Manifest {
  readonly format: 1
  readonly project: string
  readonly script: ScriptId
  readonly batch: string
  readonly runId: string
  readonly token: number
  readonly attempt: number
  readonly engineVersion: string
  readonly source: { readonly type: string; readonly locator: string }
  readonly window: CursorWindow | null
  readonly columns: readonly ManifestColumn[]
  /** SHA-256 over `columns`, hexadecimal. */
  readonly schemaHash: string
  readonly parts: readonly ManifestPart[]
  readonly rejects: readonly ManifestPart[]
  /** The source files that were read, where the source is one of files. */
  readonly files: readonly FileIdentity[]
  /** Whether what earlier batches had read was left out; then the package is not the whole resource. */
  readonly newFilesOnly?: true
  readonly rowsRead: number
  readonly rowsStaged: number
  readonly rowsRejected: number
  /** Counted by the source in the same snapshot; null where it was not. */
  readonly expectedRows: number | null
  /** UTC, ISO 8601. */
  readonly startedAt: string
  readonly finishedAt: string
}
