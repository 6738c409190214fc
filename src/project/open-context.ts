import type { EngineContext, ProgressSink } from '../engine/context.ts'
import { retrying } from '../engine/retry.ts'
import { SluiceError } from '../errors.ts'
import type { Script } from '../model/script.ts'
import type { ConfiguredAdapter, Place } from './adapters.ts'
import { type Environment, isSecret } from './environment.ts'
import { failpoints } from './failpoint.ts'
import type { Config, Part } from './read-config.ts'
import { type Redactor, redactor } from './redactor.ts'
import { runLogs } from './run-log.ts'
import type { Secret } from './setting.ts'

/** What a context needs of the process that it works in. */
export interface ContextOptions {
  readonly progress: ProgressSink
  /** Aborted when the process is told to stop. */
  readonly signal: AbortSignal
}

/** The working parts of a project, and how they are closed. */
export interface OpenContext {
  readonly context: EngineContext
  /** Closes what was opened, the control store last. Safe to call once. */
  close(): Promise<void>
}

/** A project as its files say it, checked. */
export interface ReadProject {
  readonly root: string
  readonly config: Config
  readonly scripts: readonly Script[]
  readonly environment: Environment
  /** Knows the values of the secrets that the project names. */
  readonly redactor: Redactor
}

interface Closable {
  close(): Promise<void>
}

/** Opens a part of the project. `name` is what messages call it; what a part shares with other processes is in `shared`. */
export function openPart<Contract>(
  { root, environment, redactor }: Pick<ReadProject, 'root' | 'environment' | 'redactor'>,
  { adapter, options }: Part<ConfiguredAdapter<Contract>>,
  name: string,
  shared: Pick<Place, 'takeTurn'> = {},
): Promise<Contract> {
  return adapter.open(options, { root, environment, redactor, name, ...shared })
}

/** Opens control store and lake; warehouse and sources follow at their first use, each once. */
export async function openContext(project: ReadProject, { progress, signal }: ContextOptions): Promise<OpenContext> {
  const { root, config, scripts, environment } = project
  const { settings } = config
  const failpoint = failpoints(environment.variables)
  const openLog = await runLogs(root, project.redactor)
  const parts = new OpenParts()
  try {
    const control = await parts.open('control', () => openPart(project, config.control, 'the control store'))
    const store = await control.migrate()
    const lake = await parts.open('lake', () => openPart(project, config.lake, 'the lake'))
    const part = (name: string) => config.sources.get(name) ?? unknownSource(name)
    const retry = <T>(work: () => Promise<T>) => retrying(work, { policy: settings.retry, signal, onRetry: () => {} })
    const openSource = (name: string) =>
      openPart(project, part(name), `the connection ${name}`, {
        takeTurn: (limits) => retry(() => control.budgets.take(name, limits)),
      })
    return {
      context: {
        settings,
        scripts,
        control,
        store,
        lake,
        warehouse: () => parts.open('warehouse', () => openPart(project, config.warehouse, 'the warehouse')),
        source: async (name) => parts.open(`source ${name}`, () => openSource(name)),
        sourceType: (name) => part(name).type,
        openLog,
        redact: project.redactor.redact,
        progress,
        signal,
        failpoint,
      },
      close: () => parts.close(),
    }
  } catch (error) {
    await parts.close().catch(() => undefined)
    throw error
  }
}

/** What is open, by name: each once, and again after a failure to open. */
class OpenParts {
  readonly #parts = new Map<string, Promise<Closable>>()

  open<Contract extends Closable>(name: string, opener: () => Promise<Contract>): Promise<Contract> {
    // What is kept under a name came from the opener of that name.
    const known = this.#parts.get(name) as Promise<Contract> | undefined
    if (known !== undefined) return known
    const opening = opener()
    this.#parts.set(name, opening)
    opening.catch(() => this.#parts.delete(name))
    return opening
  }

  /** Closes the last opened first, all of them; then throws what went wrong first. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const opening of [...this.#parts.values()].reverse()) {
      const part = await opening.catch(() => undefined)
      await part?.close().catch((error: unknown) => failures.push(error))
    }
    this.#parts.clear()
    if (failures.length > 0) throw failures[0]
  }
}

function unknownSource(name: string): never {
  throw new SluiceError('CONFIG_INVALID', `The project file exports no connection ${name}.`, {
    hint: `Export it: export const ${name} = …`,
  })
}

/** Takes the values of the project's secrets out of texts; an unset one cannot be shown. */
export function projectRedactor(config: Config, scripts: readonly Script[], { variables }: Environment): Redactor {
  const parts = [config.lake, config.warehouse, config.control, ...config.sources.values()]
  const resources = scripts.flatMap((script) => (script.kind === 'extract' ? [script.resource.options] : []))
  const secrets = secretsIn([...parts.map(({ options }) => options), ...resources])
  return redactor(secrets.flatMap(({ name }) => variables[name] ?? []))
}

/** The secrets that stand in options, however deep. */
function secretsIn(value: unknown): readonly Secret[] {
  if (isSecret(value)) return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretsIn)
}
