import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { MovedTable } from '../control-stores/move.ts'
import type { EngineSettings } from '../engine/context.ts'
import { SluiceError } from '../errors.ts'
import type { Script } from '../model/script.ts'
import { type CheckResult, checkProject } from './check-project.ts'
import { readEnvironment } from './environment.ts'
import { ModuleGraph } from './module-graph.ts'
import { type MoveTarget, moveControlStore } from './move-control.ts'
import { type ContextOptions, type OpenContext, openContext, projectRedactor, type ReadProject } from './open-context.ts'
import { orderScripts } from './order-scripts.ts'
import { readConfig } from './read-config.ts'
import { readMarts } from './read-marts.ts'
import { readScripts } from './read-scripts.ts'

/** A project that was read and says nothing wrong; nothing of it is open yet. */
export interface Project {
  /** Absolute, without links. */
  readonly root: string
  readonly settings: EngineSettings
  /** In topological order: what a script depends on comes before it. */
  readonly scripts: readonly Script[]
  /** Opens control store and lake; the caller closes what it gets. VARIABLE_UNSET when a part's variable is not set. */
  openContext(options: ContextOptions): Promise<OpenContext>
  /** A text without the values of the secrets that the project names. */
  redact(text: string): string
  /** Tries each part: never rejects for one that fails, its result says it. */
  check(): Promise<readonly CheckResult[]>
  /** Moves the control store to Postgres; what lies there then, table by table. */
  moveControl(target: MoveTarget): Promise<readonly MovedTable[]>
}

/** How much of a project is read. */
interface ProjectReading {
  /**
   * Whether the marts' SELECTs are parsed for the tables that they name; by default they are. Without, DuckDB is not loaded
   * and a mart depends on its line `-- depends:` alone: for what runs no mart.
   */
  readonly graph?: boolean
  /** Whether the variables of `.env` are seen; by default they are. */
  readonly dotEnv?: boolean
}

/**
 * Reads the project of a folder: `.env`, `sluice.config.ts` or `.js`, and the scripts. `environment` stands in for the
 * process' own variables. CONFIG_MISSING, CONFIG_INVALID, SCRIPT_INVALID, SECRET_LITERAL, CURSOR_INVALID or
 * APPEND_WITH_OVERLAP for what is wrong with it.
 */
export async function openProject(
  folder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  reading: ProjectReading = {},
): Promise<Project> {
  const project = await readProject(folder, environment, reading)
  return {
    root: project.root,
    settings: project.config.settings,
    scripts: project.scripts,
    openContext: (options) => openContext(project, options),
    redact: project.redactor.redact,
    check: () => checkProject(project),
    moveControl: (target) => moveControlStore(project, target),
  }
}

/** What {@link openProject} reads. */
export async function readProject(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  { graph: parse = true, dotEnv = true }: ProjectReading,
): Promise<ReadProject> {
  const root = await realpath(resolve(folder)).catch((cause: unknown) => {
    throw new SluiceError('CONFIG_MISSING', `There is no folder ${resolve(folder)}.`, {
      hint: "Change to the project's folder, or name it with --project.",
      cause,
    })
  })
  const graph = new ModuleGraph(root)
  const config = await readConfig(root, graph)
  const scripts = await readScripts(root, graph, config)
  const marts = await readMarts(root, scripts, config.settings.schemas, parse)
  const variables = dotEnv
    ? await readEnvironment(root, environment)
    : { variables: environment, hasExample: false, hasFile: false }
  return {
    root,
    config,
    scripts: orderScripts([...scripts, ...marts]),
    environment: variables,
    redactor: projectRedactor(config, scripts, variables),
  }
}
