import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FetchOptions } from '../contracts/fetch.ts'
import type { EngineContext } from '../engine/context.ts'
import { type ListedReject, listRejects } from '../engine/list-rejects.ts'
import { runGraph } from '../engine/run-graph.ts'
import type { StepOutcome } from '../engine/step.ts'
import { SluiceError } from '../errors.ts'
import type { BatchDate } from '../model/run.ts'
import type { Script } from '../model/script.ts'
import { controlStores, lakes, type SourceAdapter, warehouses } from './adapters.ts'
import { withNearMiss } from './check-options.ts'
import { customAdapterWith, customConnection } from './custom-adapter.ts'
import { readPublished, type TextRow } from './offline-rows.ts'
import type { OfflineSource } from './offline-sources.ts'
import { openContext, type ReadProject } from './open-context.ts'
import { readProject } from './open-project.ts'
import type { Config } from './read-config.ts'

/** What one batch of an offline run reads. */
export interface OfflineBatch {
  /** `YYYY-MM-DD`. */
  readonly batch: BatchDate
  /** By the names that the project file exports the connections under; reading one that is left out fails its script. */
  readonly sources?: Readonly<Record<string, OfflineSource>>
}

/** What is run, and on what. */
export interface OfflineOptions extends OfflineBatch {
  /** The project's folder, such as `import.meta.dirname` of a test in it. Nothing in it is changed. */
  readonly folder: string
  /** The variables that the project reads; neither the process' own nor those of `.env` are seen. */
  readonly environment?: Readonly<Record<string, string>>
  /** Batches that ran before, in their order; one that fails rejects. */
  readonly before?: readonly OfflineBatch[]
  /** Only these scripts, by their ids, and what they build on; by default all. */
  readonly only?: readonly string[]
  /** What `context.fetch` of own code is answered with; by default it rejects, since there is no network. */
  readonly fetch?: (url: string, options: FetchOptions) => Promise<Response> | Response
}

/** What an offline run left behind. */
export interface OfflineRun {
  /** What `sluice run` would end with. */
  readonly exitCode: number
  /** Of the last batch, in the order in which the steps ended. */
  readonly outcomes: readonly StepOutcome[]
  /** The refused rows of the last batch with their reasons, as loads keep them. */
  readonly rejects: readonly ListedReject[]
  /** The rows of a target table or mart, in their order by value, each value as exact text; without the framework's own columns. */
  rows(table: string): readonly TextRow[]
}

/**
 * Runs a project's own scripts on given rows: extract, load and mart as in production, with DuckDB, a lake and a control
 * store in a temporary folder that is gone afterwards. Steps that fail do not reject: `outcomes` says it.
 *
 * @example
 * const run = await runProject({ folder: '.', batch: '2026-11-22', sources: { shop: tables({ sales: [{ id: 1, amount: '1.10' }] }) } })
 * assert.deepEqual(run.rows('fact_sales'), [{ id: '1', amount: '1.10' }])
 */
export async function runProject(options: OfflineOptions): Promise<OfflineRun> {
  const temporary = await realpath(await mkdtemp(join(tmpdir(), 'sluice-offline-')))
  try {
    const project = await readProject(options.folder, options.environment ?? {}, { dotEnv: false })
    const { before = [] } = options
    for (const batch of before) {
      const { outcomes } = await runBatch(offlineProject(project, batch, options, temporary), batch.batch, options.only)
      refuseFailed(batch.batch, outcomes)
    }
    return await runBatch(offlineProject(project, options, options, temporary), options.batch, options.only)
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function runBatch(project: ReadProject, batch: BatchDate, only: readonly string[] | undefined): Promise<OfflineRun> {
  const { context, close } = await openContext(project, { progress: () => {}, signal: new AbortController().signal })
  try {
    await register(context)
    if (context.settings.batches === 'explicit') await context.control.batches.open(batch)
    const { outcomes, exitCode } = await runGraph(context, { scripts: chosen(context.scripts, only), batch, force: false })
    const rejects = await listRejects(context, { script: undefined, batch, limit: undefined })
    const published = await readPublished(context)
    return {
      exitCode,
      outcomes,
      rejects,
      rows: (table) =>
        published.get(table) ??
        noTable(
          table,
          [...published.keys()].filter((name) => !name.includes('.')),
        ),
    }
  } finally {
    await close()
  }
}

async function register({ control, scripts }: EngineContext): Promise<void> {
  for (const { id, name, kind, description, frequency, owner, contentHash } of scripts) {
    const script = { id, name, kind, description, frequency, owner, contentHash, approve: true, by: 'runProject' }
    await control.scripts.register(script)
  }
}

/** The scripts and what they build on, in their order. */
function chosen(scripts: readonly Script[], only: readonly string[] | undefined): readonly Script[] {
  if (only === undefined) return scripts
  const known = scripts.map(({ id }) => id)
  const wanted = new Set(only.map((name) => known.find((id) => id === name) ?? noScript(name, known)))
  for (const script of [...scripts].reverse()) if (wanted.has(script.id)) for (const id of script.dependsOn) wanted.add(id)
  return scripts.filter(({ id }) => wanted.has(id))
}

/** The project with other parts: what it says about them is neither opened nor changed. */
function offlineProject(
  project: ReadProject,
  { sources = {} }: OfflineBatch,
  { fetch }: OfflineOptions,
  temporary: string,
): ReadProject {
  const { config, root } = project
  const [lake, warehouse, control] = [lakes['local'], warehouses['duckdb'], controlStores['sqlite']]
  if (!lake || !warehouse || !control) throw new SluiceError('INTERNAL', 'Embedded adapters are missing.', { hint: 'Report it.' })
  const fetcher = {
    fetch: async (url: string | URL, options: FetchOptions) => answer(fetch, url, options),
    close: async () => {},
  }
  const custom = customAdapterWith(async () => fetcher)
  const own: SourceAdapter = { ...custom, open: (options, place) => custom.open(options, { ...place, root }) }
  const replaced: Config = {
    ...config,
    settings: { ...config.settings, retry: { ...config.settings.retry, firstDelayMs: 1 } },
    lake: { type: 'local', options: { path: 'lake' }, adapter: lake },
    warehouse: { type: 'duckdb', options: { path: 'warehouse.duckdb' }, adapter: warehouse },
    control: { type: 'sqlite', options: { path: 'control.db' }, adapter: control },
    sources: new Map(
      [...config.sources].map(([name, part]) => {
        const source = sources[name]
        const open = async () => (source ? source.open(temporary) : noSource(name))
        return [name, name === customConnection ? { ...part, adapter: own } : { ...part, adapter: { ...part.adapter, open } }]
      }),
    ),
  }
  return { ...project, root: temporary, config: replaced }
}

async function answer(fetch: OfflineOptions['fetch'], url: string | URL, options: FetchOptions): Promise<Response> {
  if (fetch) return fetch(String(url), options)
  throw new SluiceError('SOURCE_FAILED', `There is no network for ${String(url).replace(/[?#].*/, '')} in an offline run.`, {
    hint: 'Give runProject its answers: fetch: (url) => Response.json([ … ]).',
  })
}

function noSource(name: string): never {
  throw new SluiceError('CONFIG_INVALID', `The offline run has nothing to read for the connection ${name}.`, {
    hint: `Give it to runProject: sources: { ${name}: tables({ … }) }.`,
    details: { connection: name },
  })
}

function noTable(name: string, known: readonly string[]): never {
  throw new SluiceError('USAGE', `${withNearMiss(`No load or mart of the run wrote '${name}'`, name, known)}.`, {
    hint: 'Name a target table or a mart, without its schema.',
  })
}

function noScript(name: string, known: readonly string[]): never {
  throw new SluiceError('SCRIPT_UNKNOWN', withNearMiss(`The project has no script '${name}'`, name, known), {
    hint: `Name it like ${known[0]}.`,
  })
}

function refuseFailed(batch: BatchDate, outcomes: readonly StepOutcome[]): void {
  const failed = outcomes.find(({ status }) => status === 'FAILED')
  if (!failed) return
  throw new SluiceError(
    'USAGE',
    `${failed.script} failed for batch ${batch}, before the one that is tested: ${failed.error?.message}`,
    {
      hint: failed.error?.hint ?? 'Run that batch alone.',
    },
  )
}
