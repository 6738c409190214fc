import type { ControlStore, StoreIdentity } from '../contracts/control-store.ts'
import type { Lake } from '../contracts/lake.ts'
import type { Source } from '../contracts/source.ts'
import type { Warehouse } from '../contracts/warehouse.ts'
import type { ErrorDetails } from '../errors.ts'
import type { Script } from '../model/script.ts'

/** What the project file says about how runs behave. */
export interface EngineSettings {
  readonly project: string
  /** An IANA zone: batch dates are days of it. */
  readonly timeZone: string
  readonly batches: 'implicit' | 'explicit'
  readonly batchDate: 'run-day' | 'previous-day'
  /** Whether a changed script needs a person's approval before it runs again. */
  readonly approval: boolean
  readonly leaseTtlMs: number
  /** How many scripts of a graph run at once. */
  readonly parallel: number
  readonly retry: RetryPolicy
  readonly schemas: LayerSchemas
  /** The package's own version, for manifests. */
  readonly engineVersion: string
}

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number
  readonly firstDelayMs: number
  /** From the first try on; no new try begins after it. */
  readonly deadlineMs: number
}

/** The warehouse's layers, by the names of their schemas. */
export interface LayerSchemas {
  readonly landing: string
  readonly target: string
  readonly mart: string
  readonly audit: string
}

/** Writes one run's log. A line is an event in words and flat facts; secrets are removed at the sink. */
export interface RunLog {
  /** The file that the lines go to, for the run's record. */
  readonly file: string
  info(message: string, facts?: ErrorDetails): void
  warn(message: string, facts?: ErrorDetails): void
  error(message: string, facts?: ErrorDetails): void
  /** Everything is on disk afterwards. */
  close(): Promise<void>
}

/** What a run shows while it works. Called often; must be cheap. */
export type ProgressSink = (progress: Progress) => void

export interface Progress {
  readonly script: Script['id']
  /** `reading`, `staging`, `loading`, `publishing` …: what the run does now. */
  readonly phase: string
  readonly rows: number
  /** How many rows it will be, where the source counted them. */
  readonly expectedRows: number | undefined
}

/** Everything that the verbs work with; made once per process by `project/`. */
export interface EngineContext {
  readonly settings: EngineSettings
  /** In topological order: what a script depends on comes before it. */
  readonly scripts: readonly Script[]
  readonly control: ControlStore
  readonly store: StoreIdentity
  readonly lake: Lake
  /** Opened at the first use: verbs that need no warehouse do not touch it. */
  readonly warehouse: () => Promise<Warehouse>
  readonly source: (name: string) => Promise<Source>
  /** The adapter's type of a source, for manifests: `sqlite`, `local-files`. */
  readonly sourceType: (name: string) => string
  readonly openLog: (name: string) => RunLog
  /** A text without the project's secrets: for what leaves a run other than by its log. */
  readonly redact: (text: string) => string
  readonly progress: ProgressSink
  /** Aborted when the process is told to stop. */
  readonly signal: AbortSignal
  /** Called at the named points of a step; tests make the process die there. */
  readonly failpoint: (point: string) => Promise<void>
}
