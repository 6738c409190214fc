import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommittedExtraction } from '../../src/contracts/control-store.ts'
import type { EngineContext } from '../../src/engine/context.ts'
import { runGraph } from '../../src/engine/run-graph.ts'
import type { StepOutcome } from '../../src/engine/step.ts'
import { openProject, type Project } from '../../src/project/open-project.ts'
import { comparableState, type PublishedState, publishedState } from '../fixtures/published-state.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'
import { firstBatch, secondBatch } from './batches.ts'
import type { Way } from './way.ts'

/** How a run ended, and what the project's stores hold since. */
export interface Ran {
  readonly exitCode: number
  readonly outcomes: readonly StepOutcome[]
  /** Every fact of target, audit, rejects, cursors, committed packages and lake: equal when nothing happened. */
  readonly state: State
  /** Without run ids, tokens and times: equal for equal histories. */
  readonly history: PublishedState
  /** The target's ids and names, in the order of the ids. */
  readonly rows: readonly (readonly string[])[]
}

interface State extends PublishedState {
  readonly packages: readonly (CommittedExtraction | undefined)[]
  readonly files: readonly string[]
}

/** A project that reads what a way leads to into DuckDB: with a local lake, a SQLite control store and short pauses. */
export class WholeProject {
  readonly #folder: ProjectFolder
  readonly #project: Project

  private constructor(folder: ProjectFolder, project: Project) {
    this.#folder = folder
    this.#project = project
  }

  static async make(way: Way): Promise<WholeProject> {
    const folder = await projectFolder(filesOf(way))
    return new WholeProject(folder, await openProject(folder.root, way.environment))
  }

  /** Runs all scripts as the command line would; `attempts`: how often what may pass is tried. */
  async run(batch: string, attempts: number): Promise<Ran> {
    const { context, close } = await this.#project.openContext({ progress: () => {}, signal: new AbortController().signal })
    try {
      for (const script of context.scripts) await context.control.scripts.register({ ...script, approve: true, by: 'test' })
      const { retry } = context.settings
      const own = { ...context, settings: { ...context.settings, retry: { ...retry, attempts } } }
      const ended = await runGraph(own, { scripts: context.scripts, batch, force: false })
      const held = await heldBy(context).catch((cause: unknown) => {
        throw new Error(`There is no target after ${JSON.stringify(ended.outcomes)}.`, { cause })
      })
      return { ...ended, ...held }
    } finally {
      await close()
    }
  }

  /** Keeps what the stores hold now. */
  async keep(): Promise<void> {
    await cp(join(this.#folder.root, 'data'), join(this.#folder.root, 'kept'), { recursive: true })
  }

  /** Puts back what was kept. */
  async restore(): Promise<void> {
    await rm(join(this.#folder.root, 'data'), { recursive: true })
    await cp(join(this.#folder.root, 'kept'), join(this.#folder.root, 'data'), { recursive: true })
  }

  remove(): Promise<void> {
    return this.#folder.remove()
  }
}

async function heldBy(context: EngineContext): Promise<Pick<Ran, 'state' | 'history' | 'rows'>> {
  const own = { context: () => context }
  const { extractions } = context.control
  const packages = [firstBatch, secondBatch].map(({ date }) => extractions.latest('extract/item', date))
  const files: string[] = []
  for await (const { path } of context.lake.list('')) files.push(path)
  const rows = await (await context.warehouse()).query({
    sql: 'SELECT id::VARCHAR AS id, name FROM target.item ORDER BY item.id',
  })
  return {
    state: { ...(await publishedState(own)), packages: await Promise.all(packages), files: files.sort() },
    history: await comparableState(own),
    rows: rows.map(({ id, name }) => [String(id), String(name)]),
  }
}

function filesOf({ connection, extraction }: Way): Readonly<Record<string, string>> {
  return {
    'sluice.config.ts': `
import { duckdb, env, ftp, localLake, project, rest, secret, sftp, sqliteControl } from 'sluice-etl'
export const source = ${connection}
export default project({
  name: 'faults', timeZone: 'UTC', retry: { firstDelayMs: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/warehouse.duckdb'), control: sqliteControl('data/control.db'),
})`,
    'extract/item.ts': `
import { bigint, csv, extract, text, timestamptz } from 'sluice-etl'
import { source } from '../sluice.config.ts'
const columns = { id: bigint(), name: text(), updated_at: timestamptz() }
export default extract(${extraction})`,
    'load/item.ts': `
import { load } from 'sluice-etl'
import item from '../extract/item.ts'
export default load(item, { into: 'item', write: { disposition: 'merge', key: ['id'], newest: 'updated_at' }, rejectLimit: 1 })`,
  }
}
