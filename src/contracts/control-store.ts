import type { LedgerEntry } from '../model/ledger.ts'
import type { CursorWindow, FileIdentity, ManifestPart } from '../model/manifest.ts'
import type { BatchDate, Run, RunKey } from '../model/run.ts'
import type { ScriptId, ScriptKind } from '../model/script.ts'

/** The framework's memory: which scripts may run, which run, how far each has read. */
export interface ControlStore {
  readonly scripts: ScriptRegistry
  readonly batches: BatchBook
  readonly runs: RunBook
  readonly extractions: ExtractionBook
  readonly budgets: BudgetBook
  /** How another thread renews leases of this store. */
  readonly renewal: Renewal
  /** Creates or upgrades the store's own tables, under a lock: safe from several processes at once. */
  migrate(): Promise<StoreIdentity>
  close(): Promise<void>
}

export interface StoreIdentity {
  /** UUID, made once per store: stands in every fence and ledger row that this store's runs write. */
  readonly storeId: string
}

/** Who may run. */
export interface ScriptRegistry {
  /** Adds the script or takes over its new description; keeps whether it is active. With `approve`, approves its content. */
  register(script: NewRegistration): Promise<void>
  /** False when it is not registered. */
  setActive(id: ScriptId, active: boolean): Promise<boolean>
  list(): Promise<readonly RegisteredScript[]>
}

export interface NewRegistration {
  readonly id: ScriptId
  readonly name: string
  readonly kind: ScriptKind
  readonly description: string
  readonly frequency: string
  readonly owner: string | undefined
  readonly contentHash: string
  readonly approve: boolean
  readonly by: string
}

export interface RegisteredScript {
  readonly id: ScriptId
  readonly name: string
  readonly kind: ScriptKind
  readonly description: string
  readonly frequency: string
  readonly owner: string | undefined
  readonly active: boolean
  readonly contentHash: string
  readonly approvedHash: string | undefined
  readonly approvedBy: string | undefined
  /** UTC, ISO 8601. */
  readonly approvedAt: string | undefined
}

export interface BatchBook {
  /** False when it was open already. A closed batch opens again. */
  open(batch: BatchDate): Promise<boolean>
  /** False when there is no such open batch. */
  close(batch: BatchDate): Promise<boolean>
  /** Oldest first. */
  list(): Promise<readonly Batch[]>
}

export interface Batch {
  readonly date: BatchDate
  readonly status: 'OPEN' | 'CLOSED'
}

export interface RunBook {
  /**
   * Decides and begins in one transaction: reads what `decide` asks for, and when it allows the run,
   * takes the lease with the next token, marks a dead predecessor ABANDONED, opens the batch if it is new
   * and records the run as RUNNING. Of any number of callers at once exactly one begins.
   * A refusal is recorded and returned. `decide` may be called again when the store could not keep two transactions apart.
   * Asked again for a run that it began, because the answer got lost, it answers
   * the same without a decision.
   */
  begin(request: RunRequest, decide: (facts: GateFacts) => Promise<GateDecision>): Promise<Begun>
  /**
   * Records the end of a run and its ledger and frees its lease, when the run still holds its token.
   * False when it does not: then nothing was changed.
   */
  finish(key: RunKey, outcome: RunOutcome): Promise<boolean>
  /** Asks what the gate would ask, in one transaction that changes nothing. */
  ask<T>(questions: (facts: GateFacts) => Promise<T>): Promise<T>
  /** Newest first. */
  list(filter: RunFilter): Promise<readonly Run[]>
  ledger(runId: string): Promise<readonly LedgerEntry[]>
  /** What the gate decided, newest first. */
  decisions(script: ScriptId | undefined, limit: number): Promise<readonly GateRecord[]>
}

export interface RunRequest {
  readonly runId: string
  readonly script: ScriptId
  readonly kind: ScriptKind
  readonly batch: BatchDate
  readonly leaseTtlMs: number
  readonly logFile: string
}

/** What the gate may ask while it decides; all answers come from one transaction. */
export interface GateFacts {
  script(id: ScriptId): Promise<RegisteredScript | undefined>
  batch(date: BatchDate): Promise<Batch | undefined>
  lease(id: ScriptId): Promise<LeaseState | undefined>
  /** The newest run of the script for the batch that ended STAGED or SUCCESS. */
  done(id: ScriptId, batch: BatchDate): Promise<Run | undefined>
  /** The newest batch for which the script ended STAGED or SUCCESS. */
  latestDone(id: ScriptId): Promise<BatchDate | undefined>
  /** Whether one of the scripts ended STAGED or SUCCESS, for whatever batch, after the newest run of `id` that did had begun. */
  doneSince(ids: readonly ScriptId[], id: ScriptId): Promise<boolean>
  /** The newest committed extraction of the batch. */
  extraction(extract: ScriptId, batch: BatchDate): Promise<CommittedExtraction | undefined>
  /** The oldest batch before this one, and not before `from`, with a committed extraction that the load has not published. */
  unloadedBefore(extract: ScriptId, load: ScriptId, batch: BatchDate, from?: BatchDate): Promise<BatchDate | undefined>
}

export interface LeaseState {
  readonly runId: string
  readonly token: number
  /** `host:pid`. */
  readonly holder: string
  /** UTC, ISO 8601. */
  readonly since: string
  /** Not expired by the store's clock, and its holder not provably dead. */
  readonly live: boolean
}

/** Run, or the reason not to: a stable code, a sentence and the command that clears it. */
export type GateDecision =
  | { readonly run: true }
  | { readonly run: false; readonly code: string; readonly message: string; readonly hint: string; readonly exitCode: number }

export type Begun =
  | { readonly begun: true; readonly key: RunKey; readonly startedAt: string }
  | { readonly begun: false; readonly refusal: Extract<GateDecision, { readonly run: false }> }

export interface GateRecord {
  /** UTC, ISO 8601. */
  readonly at: string
  readonly script: ScriptId
  readonly batch: BatchDate
  readonly code: string
  readonly message: string
}

export interface RunOutcome {
  readonly status: 'SUCCESS' | 'FAILED'
  readonly exitCode: number
  readonly errorCode: string | undefined
  readonly errorMessage: string | undefined
  readonly ledger: readonly LedgerEntry[]
  /** Of a load: the manifest that it published, and under which sequence. */
  readonly published: { readonly manifestSha256: string; readonly sequence: number } | undefined
}

export interface RunFilter {
  readonly script?: ScriptId
  readonly batch?: BatchDate
  readonly runId?: string
  readonly limit: number
}

/** The packages that extractions committed, and the cursors that move with them. */
export interface ExtractionBook {
  /**
   * Makes a package durable: records it and its ledger, moves the cursor forward (never back), ends the run as
   * STAGED and frees the lease, in one transaction guarded by the token. False when the token is outdated: nothing was changed.
   */
  commit(key: RunKey, extraction: NewExtraction): Promise<boolean>
  /** The newest committed package of a batch. */
  latest(extract: ScriptId, batch: BatchDate): Promise<CommittedExtraction | undefined>
  /** The newest committed package of the latest batch before this one that has one. */
  before(extract: ScriptId, batch: BatchDate): Promise<CommittedExtraction | undefined>
  cursor(extract: ScriptId): Promise<Cursor | undefined>
  /** Sets the cursor by hand, back or forward; undefined forgets it. False, and nothing changed, while a run holds the script. */
  setCursor(extract: ScriptId, cursor: Omit<Cursor, 'runId'> | undefined): Promise<boolean>
  /** The files of the newest package of every other batch than this one, by path; of one path, the one committed last. */
  files(extract: ScriptId, otherThan: BatchDate): Promise<ReadonlyMap<string, FileIdentity>>
  /** The partitions that became durable by themselves, before their extraction was committed. */
  readonly partitions: PartitionBook
}

/** What an extraction that is consistent per partition only has read so far; its commit takes it up and forgets it here. */
export interface PartitionBook {
  /** Records the plan and forgets what an earlier plan of this batch kept. False when the token is outdated: nothing was changed. */
  plan(key: RunKey, plan: PartitionPlan): Promise<boolean>
  /** Makes one partition of the plan durable. False when the token is outdated: nothing was changed. */
  keep(key: RunKey, partition: KeptPartition): Promise<boolean>
  /** The plan of the batch that no commit has taken up, with what was kept, in the order of keeping. */
  kept(extract: ScriptId, batch: BatchDate): Promise<KeptPlan | undefined>
}

export interface PartitionPlan {
  readonly schemaHash: string
  readonly window: CursorWindow | undefined
  /** The ids of all partitions, in their order. */
  readonly partitions: readonly string[]
}

export interface KeptPartition {
  readonly id: string
  readonly parts: readonly ManifestPart[]
  readonly rejects: readonly ManifestPart[]
  /** How many rows were read; those of `parts` and the refused ones. */
  readonly read: number
  readonly rejected: number
}

export interface KeptPlan extends PartitionPlan {
  readonly kept: readonly KeptPartition[]
}

/** Request budgets that the processes of a project share. */
export interface BudgetBook {
  /**
   * Books one request that begins now, where every limit allows it, and answers 0; else books nothing and answers for how
   * many milliseconds to wait before asking again. By the store's clock.
   */
  take(budget: string, limits: readonly BudgetLimit[]): Promise<number>
}

/** At most so many requests may begin within any span of this length. */
export interface BudgetLimit {
  readonly requests: number
  readonly withinMs: number
}

export interface NewExtraction {
  readonly manifestPath: string
  readonly manifestSha256: string
  readonly schemaHash: string
  readonly window: CursorWindow | undefined
  /** Whether the cursor is to follow the window; not for a batch that is read again or out of its order. */
  readonly movesCursor: boolean
  readonly rowsStaged: number
  readonly rowsRejected: number
  readonly exitCode: number
  readonly ledger: readonly LedgerEntry[]
  /** The source files of the package. */
  readonly files: readonly FileIdentity[]
}

export interface CommittedExtraction {
  readonly runId: string
  readonly batch: BatchDate
  readonly token: number
  readonly manifestPath: string
  readonly manifestSha256: string
  readonly schemaHash: string
  readonly window: CursorWindow | undefined
  readonly rowsStaged: number
  readonly rowsRejected: number
  readonly exitCode: number
  /** UTC, ISO 8601. */
  readonly committedAt: string
}

export interface Cursor {
  readonly value: string
  readonly batch: BatchDate
  /** The run that moved it; undefined when it was set by hand. */
  readonly runId: string | undefined
}

/**
 * What the lease worker imports: a module whose `openRenewer(options)` resolves to a {@link Renewer}
 * with a connection of its own. `options` can be cloned into another thread.
 */
export interface Renewal {
  readonly module: URL
  readonly options: Readonly<Record<string, string | number>>
}

export interface Renewer {
  /** Prolongs the lease by its TTL. False when someone else holds it. */
  renew(key: RunKey, leaseTtlMs: number, progress: number): Promise<boolean>
  close(): Promise<void>
}
