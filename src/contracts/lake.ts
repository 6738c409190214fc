import type { StoredFile } from '../model/manifest.ts'

/** Where staged files live between extract and load. Paths are relative and use `/`. */
export interface Lake {
  /** Called by `sluice check`: writes, reads back and removes a file of its own. */
  check(): Promise<void>
  /** The files under a prefix, sorted by path. `sales/` does not list `sales-old/`. A missing prefix yields nothing. */
  list(prefix: string): AsyncIterable<LakeFile>
  /** Begins a file. Nothing can be seen under its path before `commit`; an existing file is an error, never replaced. */
  create(path: string): Promise<LakeWriter>
  /** The file's bytes. FILE_NOT_FOUND when there is none. */
  read(path: string): AsyncIterable<Uint8Array>
  /** STAGED_FILE_ALTERED unless the file's size and hash are those that were recorded. */
  verify(file: StoredFile): Promise<void>
  /** Removes the files that exist; a missing one is not an error, so a retry is safe. */
  remove(paths: readonly string[]): Promise<void>
  /** How a warehouse reaches the file. */
  locate(path: string): FileLocation
  close(): Promise<void>
}

/** One file on its way into the lake: whole after `commit`, absent without. */
export interface LakeWriter {
  /** Resolves when the next chunks may come. Takes the chunks' memory until then. */
  write(chunks: readonly Uint8Array[]): Promise<void>
  /** Makes the file durable and visible. LOCAL_IO when it could not; then it is absent. */
  commit(): Promise<StoredFile>
  /** Leaves nothing behind. Safe after a failure and after `commit`, where it does nothing. */
  abort(): Promise<void>
}

export interface LakeFile {
  readonly path: string
  readonly bytes: number
}

export interface FileLocation {
  readonly kind: 'file'
  /** Absolute. */
  readonly path: string
}
