/** A folder with files, wherever it stands: what the file source needs of a transport. It only reads, and never retries. */
export interface FileStore {
  /** What messages call the folder: `/data/in`, `sftp://host:22/in`. No password, no user. */
  readonly label: string
  /** Rejects with a hint when the folder cannot be listed. */
  check(): Promise<void>
  /** The files that are there now. FILE_NOT_FOUND when the folder is not. */
  list(wanted: WantedFiles, signal: AbortSignal): Promise<Listing>
  /**
   * The bytes of a file from its beginning to its end; a chunk's memory may be used again for the next one.
   * FILE_CORRUPT unless the file is, before and after, the one that was listed, and as many bytes came as it is long.
   * FILE_NOT_FOUND when it is gone. An abort rejects within a second; the consumer's return frees what is open.
   * `following` are the files that are read after it, in their order: a store that is far away begins them early.
   */
  read(file: FoundFile, signal: AbortSignal, following?: readonly FoundFile[]): AsyncIterable<Uint8Array>
  /** Called once, after every reading is closed. Safe to call twice. */
  close(): Promise<void>
}

/** Which files of a folder are looked for. */
export interface WantedFiles {
  /** For messages. */
  readonly pattern: string
  /** Whether a file counts, by its {@link FoundFile.id}. */
  matches(id: string): boolean
  /** Whether the folders below are looked into. */
  readonly isDeep: boolean
}

/** A file as it was when it was listed. */
export interface FoundFile {
  /** Its path from the folder, with `/`, every character as it is stored. */
  readonly id: string
  /** Where the store finds it. */
  readonly path: string
  readonly bytes: number
  /** Nanoseconds since 1970, UTC, as exact as the store tells it. */
  readonly modifiedNs: bigint
  /** What else tells it from another file of this name, size and time, such as its inode; undefined where there is nothing. */
  readonly version: string | undefined
}

export interface Listing {
  /** Those that match, in the order of their ids. Nothing but files: a link only when it leads to one inside the folder. */
  readonly files: readonly FoundFile[]
  /** Every file that was looked at, whether it matches or not. */
  readonly seen: number
}
