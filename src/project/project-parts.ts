import type { Cursor, GateRecord, RunFilter } from '../contracts/control-store.ts'
import type { Fetcher, FetchOptions } from '../contracts/fetch.ts'
import type { Lake } from '../contracts/lake.ts'
import type { Source } from '../contracts/source.ts'
import type { Warehouse } from '../contracts/warehouse.ts'
import { resolveBatch } from '../engine/batch-date.ts'
import type { EngineContext, RunLog } from '../engine/context.ts'
import { explainGate, type GateAnswer } from '../engine/explain-gate.ts'
import { readRows } from '../engine/read-rows.ts'
import { retrying } from '../engine/retry.ts'
import { SluiceError } from '../errors.ts'
import type { RejectedRow } from '../model/column-batch.ts'
import type { LedgerEntry } from '../model/ledger.ts'
import type { BatchDate, Run } from '../model/run.ts'
import type { Script, ScriptId } from '../model/script.ts'
import { openProject } from './open-project.ts'

/** How a project is opened for a program of one's own. */
export interface PartsOptions {
  /** Stands in for the process' own variables. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Ends what is being read. */
  readonly signal?: AbortSignal
}

/** Rows of a resource by their columns' names, as exact texts. */
export interface NamedRows {
  readonly rows: readonly Readonly<Record<string, string | null>>[]
  /** Those that do not fit their columns, with the reasons. */
  readonly rejects: readonly RejectedRow[]
}

/** The parts of a project that its runs work with, for programs beside them. Nothing here starts a run or moves a cursor. */
export interface ProjectParts {
  /** The project's folder, absolute. */
  readonly root: string
  /** In topological order: what a script depends on comes before it. */
  readonly scripts: readonly Script[]
  /** The staged files: packages are under `<script>/<batch>/`. */
  readonly lake: Lake
  /** Opens the warehouse at the first call: DuckDB holds its file from then on. */
  warehouse(): Promise<Warehouse>
  /** A connection by the name that the project file exports it under. VARIABLE_UNSET, or what the source says. */
  source(name: string): Promise<Source>
  /** A log of one's own: JSON lines in `log/<name>.log`, without the project's secrets. The caller closes it. */
  log(name: string): RunLog
  /** Asks over HTTP as `context.fetch` of own code does: within limits, trying again by the project's policy. */
  fetch(url: string | URL, options?: FetchOptions): Promise<Response>
  /** Reads an extraction's resource from where its cursor is, as a preview does. SCRIPT_UNKNOWN for another script. */
  read(extract: ScriptId, batch?: BatchDate): AsyncGenerator<NamedRows>
  /** The runs, newest first. */
  runs(filter: RunFilter): Promise<readonly Run[]>
  /** Where the rows of a run went. */
  ledger(runId: string): Promise<readonly LedgerEntry[]>
  /** What the gate refused, newest first. */
  decisions(script: ScriptId | undefined, limit: number): Promise<readonly GateRecord[]>
  /** How far an extraction has read; undefined before its first window. */
  cursor(extract: ScriptId): Promise<Cursor | undefined>
  /** Whether a script may run now for a batch, and what clears a refusal; changes nothing. */
  gate(script: ScriptId, batch?: BatchDate): Promise<GateAnswer>
  /** Closes what was opened. */
  close(): Promise<void>
}

/**
 * Opens a project's folder for a program of one's own.
 *
 * @example
 * const retail = await openProjectParts('.')
 * const { mayRun, message } = await retail.gate('load/sales')
 * await retail.close()
 */
export async function openProjectParts(folder: string, options: PartsOptions = {}): Promise<ProjectParts> {
  const { environment, signal = new AbortController().signal } = options
  const { root, scripts, openContext } = await openProject(folder, environment)
  const { context, close } = await openContext({ progress: () => {}, signal })
  const { lake, control, settings } = context
  const retry = <T>(work: () => Promise<T>) => retrying(work, { policy: settings.retry, signal, onRetry: () => {} })
  let fetcher: Promise<Fetcher> | undefined
  return {
    root,
    scripts,
    lake,
    warehouse: () => context.warehouse(),
    source: (name) => context.source(name),
    log: (name) => context.openLog(name),
    fetch: async (url, asked = {}) => {
      fetcher ??= import('../sources/rest/fetcher.ts').then(({ openFetcher }) => openFetcher())
      return (await fetcher).fetch(url, asked, { signal, retry })
    },
    read: (extract, batch) => namedRows(context, extract, batch),
    runs: (filter) => control.runs.list(filter),
    ledger: (runId) => control.runs.ledger(runId),
    decisions: (script, limit) => control.runs.decisions(script, limit),
    cursor: (extract) => control.extractions.cursor(extract),
    gate: async (id, batch) => explainGate(context, scriptOf(scripts, id), batch ?? (await resolveBatch(context))),
    close: async () => {
      await (await fetcher)?.close()
      await close()
    },
  }
}

async function* namedRows(context: EngineContext, id: ScriptId, batch: BatchDate | undefined): AsyncGenerator<NamedRows> {
  const script = scriptOf(context.scripts, id)
  if (script.kind !== 'extract') unknown(context.scripts, id)
  const log = context.openLog(`read-${script.name}`)
  try {
    for await (const read of readRows(context, script, batch ?? (await resolveBatch(context)), (text) => log.warn(text))) {
      if (read.rows.length + read.rejects.length === 0) continue
      const rows = read.rows.map((cells) =>
        Object.fromEntries(read.columns.map(({ name }, index) => [name, cells[index] ?? null])),
      )
      yield { rows, rejects: read.rejects }
    }
  } finally {
    await log.close()
  }
}

function scriptOf(scripts: readonly Script[], id: ScriptId): Script {
  return scripts.find((script) => script.id === id) ?? unknown(scripts, id)
}

function unknown(scripts: readonly Script[], id: ScriptId): never {
  throw new SluiceError('SCRIPT_UNKNOWN', `The project has no script ${id} that could be asked for this.`, {
    hint: `Name one of ${scripts.map((script) => script.id).join(', ')}.`,
    details: { name: id },
  })
}
