import type { Command } from 'commander'
import type { ControlStore } from '../contracts/control-store.ts'
import type { EngineContext, ProgressSink } from '../engine/context.ts'
import { SluiceError } from '../errors.ts'
import type { Script, ScriptKind } from '../model/script.ts'
import type { Project } from '../project/open-project.ts'
import { redactedError } from '../project/redactor.ts'

/** Called once by each verb with the exit code that it ends with. */
export type Finish = (exitCode: number) => void

/** Opens the project that the command line names; with `graph`, marts know the scripts that write what they read. */
export async function projectOf(command: Command, graph = false): Promise<Project> {
  const { openProject } = await import('../project/open-project.ts')
  return openProject(String(command.optsWithGlobals()['project']), undefined, { graph })
}

/** Does something with the project's running parts, and closes them whatever happens. Failures come without secrets. */
export async function withContext<T>(
  project: Project,
  work: (context: EngineContext) => Promise<T>,
  progress: ProgressSink = () => {},
): Promise<T> {
  const stop = stopOnSignals()
  try {
    const opened = await project.openContext({ progress, signal: stop.signal })
    return await work(opened.context).finally(() => opened.close())
  } catch (error) {
    throw redactedError(error, project.redact)
  } finally {
    stop.release()
  }
}

/** Does something with the control store alone. */
export function withControl<T>(project: Project, work: (control: ControlStore) => Promise<T>): Promise<T> {
  return withContext(project, (context) => work(context.control))
}

/** A signal that aborts at the first SIGINT, SIGTERM or SIGHUP, with the exit code as its reason; a second one ends the process at once. */
function stopOnSignals(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  const handlers = Object.entries(codes).map(([name, exitCode]) => {
    const handler = () => {
      if (controller.signal.aborted) process.exit(exitCode)
      controller.abort({ exitCode })
    }
    process.on(name, handler)
    return [name, handler] as const
  })
  return {
    signal: controller.signal,
    release: () => {
      for (const [name, handler] of handlers) process.off(name, handler)
    },
  }
}

/** The scripts that the arguments name: `sales` of the verb's own kind, or `load/sales`. */
export function scriptsNamed(project: Project, names: readonly string[], kind: ScriptKind | undefined): readonly Script[] {
  return names.flatMap((name) => {
    const found = project.scripts.filter((script) => matches(script, name, kind))
    if (found.length === 0) throw unknownScript(project, name, kind)
    return found
  })
}

function matches(script: Script, name: string, kind: ScriptKind | undefined): boolean {
  if (kind !== undefined && script.kind !== kind) return false
  return script.id === name || script.name === name
}

function unknownScript(project: Project, name: string, kind: ScriptKind | undefined): SluiceError {
  const known = project.scripts.filter((script) => kind === undefined || script.kind === kind).map((script) => script.id)
  return new SluiceError('SCRIPT_UNKNOWN', `The project has no ${kind ?? 'script'} called ${name}.`, {
    hint: known.length === 0 ? 'Write one, or look into another folder with --project.' : `Name one of ${known.join(', ')}.`,
    details: { name },
  })
}
