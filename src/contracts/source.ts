import type { ErrorDetails } from '../errors.ts'
import type { ReadBatch } from '../model/column-batch.ts'
import type { CursorWindow, FileIdentity } from '../model/manifest.ts'
import type { BatchDate } from '../model/run.ts'
import type { TableSchema } from '../model/schema.ts'
import type { CursorPolicy, Resource } from '../model/script.ts'

/** Where rows come from. A source only reads: it never writes, stages or retries. */
export interface Source {
  /**
   * Called by `sluice check`. Rejects with a hint when the source cannot be reached or read. Resolves to what people should
   * know before they rely on it, each a sentence: a right that is missing, a replica that lags. Reads no rows.
   */
  check(): Promise<readonly string[]>
  /** The resource's columns; undefined when they are only known from its rows. RESOURCE_NOT_FOUND when there is none. */
  describe(resource: Resource): Promise<TableSchema | undefined>
  /**
   * Called once per attempt of an extraction. Takes the horizon, then the snapshot, then counts inside it.
   * Everything that the reading yields belongs to this one view.
   */
  open(request: ReadRequest): Promise<Reading>
  /** Called once, after every reading is closed. Safe to call twice. */
  close(): Promise<void>
}

export interface ReadRequest {
  readonly resource: Resource
  readonly batch: BatchDate
  readonly cursor: CursorPolicy | undefined
  /** Where the window begins; undefined: at the beginning. */
  readonly lower: string | undefined
  /** A recorded or given window's end, which replaces the horizon; undefined: up to the horizon. */
  readonly upper: string | undefined
  /** The files that earlier batches of this script committed, by path: what is not in it is new. */
  readonly seenFiles: () => Promise<ReadonlyMap<string, FileIdentity>>
  /** The paths of the files that this batch read before, when it is read again by force; undefined otherwise. */
  readonly filesAgain: readonly string[] | undefined
  /**
   * The partitions that an earlier run of this batch planned and did not make durable: the reading then has exactly these.
   * Undefined: all, planned anew.
   */
  readonly partitionsAgain: readonly string[] | undefined
  /** Aborts the reading within a second; the read in progress then rejects. */
  readonly signal: AbortSignal
  /**
   * Does a share of the reading that can be asked for again by itself, such as one page: while it fails with a retryable
   * code, the engine tries it again by the project's policy. What fails after that is not begun anew.
   */
  readonly retry: <T>(work: () => Promise<T>) => Promise<T>
  /** Told what people should know and no count shows: rows held back, a horizon that could not be proven. */
  readonly notice: (message: string) => void
  /** Writes a line into the run's log; for what an adapter's own code has to say on its way. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts?: ErrorDetails) => void
}

/** One consistent view of one resource. */
export interface Reading {
  readonly schema: TableSchema
  /** Undefined when the extraction has no cursor. Whole at the latest after the last partition. */
  readonly window: CursorWindow | undefined
  /**
   * The rows that the view holds, and of partitions asked for again only theirs, counted by the source itself; undefined where
   * that is not affordable.
   */
  readonly expectedRows: number | undefined
  /** In the order in which their rows are to be read and numbered. */
  readonly partitions: readonly Partition[]
  /** How many partitions may be read at the same time, under ids that differ; 1 where it is left out. */
  readonly parallel?: number
  /**
   * Whether each partition is a view of its own, so that one that was read whole stays read when another fails. Then the
   * window is whole from the beginning, and there are no `readFiles`.
   */
  readonly keepsPartitions?: boolean
  /**
   * Read once per partition. Rows come in batches that fit in memory; an unfinished reading rejects, it never ends early.
   * A batch without rows says that the reading is alive while it waits: a run that shows no sign of life loses its lease.
   */
  read(partition: Partition): AsyncIterable<ReadBatch>
  /** The files that were read to their end. Asked for after the last partition; left out where a source has none. */
  readFiles?(): readonly FileIdentity[]
  close(): Promise<void>
}

/** A share of a resource that is read by itself: a table, a key range, a file. */
export interface Partition {
  /** Stable within the batch, shown to people: a table's name, a key range, a file's name. */
  readonly id: string
}
