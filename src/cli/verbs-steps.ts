import type { Command } from 'commander'
import type { EngineContext } from '../engine/context.ts'
import type { StepOutcome } from '../engine/step.ts'
import type { Script, ScriptKind } from '../model/script.ts'
import type { Project } from '../project/open-project.ts'
import { batchOption } from './batch-argument.ts'
import { type Finish, projectOf, scriptsNamed, withContext } from './verb.ts'

interface StepFlags {
  readonly batch?: string
  readonly force?: boolean
  readonly json?: boolean
  readonly resultFile?: string
  readonly acceptRejects?: boolean
  readonly select?: readonly string[]
}

const steps: readonly (readonly [ScriptKind, string])[] = [
  ['extract', 'Read one resource into the lake'],
  ['load', 'Land, type and publish what an extraction committed'],
  ['mart', 'Rebuild one mart'],
]

/** `extract`, `load`, `mart` and `run`. */
export function defineStepVerbs(root: Command, finish: Finish): void {
  for (const [kind, description] of steps) {
    const verb = root.command(`${kind} <script>`).description(description)
    flags(verb, `sluice ${kind} sales --batch 2026-11-22`)
      .option('--force', 'read the window again, or publish the same package again; history is kept')
      .action(async (name: string, options: StepFlags, command: Command) => {
        const project = await projectOf(command, kind === 'mart')
        finish(await runSelection(project, scriptsNamed(project, [name], kind), options))
      })
  }
  flags(
    root.command('run [scripts...]').description('Run the graph: what each script builds on comes first'),
    'sluice run --select load/sales',
  )
    .option('--select <script...>', 'only these scripts and what they build on')
    .option('--force', 'run again what is done already; history is kept')
    .action(async (names: string[], options: StepFlags, command: Command) => {
      const project = await projectOf(command, true)
      const wanted = [...names, ...(options.select ?? [])]
      const scripts = wanted.length === 0 ? project.scripts : withUpstream(project, scriptsNamed(project, wanted, undefined))
      finish(await runSelection(project, scripts, options))
    })
}

function flags(verb: Command, example: string): Command {
  return verb
    .option('--batch <date>', 'the business date, YYYY-MM-DD (default: by the project; of batches opened explicitly the oldest)')
    .option('--json', 'one JSON line a step, last on stdout')
    .option('--result-file <path>', 'write the same JSON lines to a file')
    .option('--accept-rejects', 'end with 0 instead of 4 when rows were refused within the limit')
    .addHelpText('after', `\nExample:\n  ${example}`)
}

function withUpstream(project: Project, chosen: readonly Script[]): readonly Script[] {
  const wanted = new Set(chosen.map((script) => script.id))
  for (const script of [...project.scripts].reverse()) {
    if (wanted.has(script.id)) for (const id of script.dependsOn) wanted.add(id)
  }
  return project.scripts.filter((script) => wanted.has(script.id))
}

async function runSelection(project: Project, scripts: readonly Script[], options: StepFlags): Promise<number> {
  const asked = batchOption(options)
  const { openProgress } = await import('./progress-line.ts')
  const { printOutcomes } = await import('./output.ts')
  const progress = await openProgress(options.json === true)
  const run = await withContext(project, (context) => runScripts(context, scripts, asked, options), progress.sink).finally(
    progress.close,
  )
  await printOutcomes(run.outcomes, { json: options.json === true, resultFile: options.resultFile })
  return run.exitCode === 4 && options.acceptRejects === true ? 0 : run.exitCode
}

async function runScripts(
  context: EngineContext,
  scripts: readonly Script[],
  asked: string | undefined,
  options: StepFlags,
): Promise<{ readonly outcomes: readonly StepOutcome[]; readonly exitCode: number }> {
  const { runGraph } = await import('../engine/run-graph.ts')
  const { resolveBatch } = await import('../engine/batch-date.ts')
  const batch = asked ?? (await resolveBatch(context))
  return runGraph(context, { scripts, batch, force: options.force === true })
}
