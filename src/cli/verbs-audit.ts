import type { Command } from 'commander'
import { SluiceError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import type { Project } from '../project/open-project.ts'
import { batchOption, limitOption } from './batch-argument.ts'
import { print, printable, printTable } from './output.ts'
import { type Finish, projectOf, scriptsNamed, withContext, withControl } from './verb.ts'

interface Filter {
  readonly batch?: string
  readonly limit: string
}

/** `audit runs`, `audit ledger`, `audit decisions`, `audit log` and `audit why`. */
export function defineAuditVerbs(root: Command, finish: Finish): void {
  const audit = root
    .command('audit')
    .description('Look at runs, ledger, gate decisions and logs')
    .addHelpText('after', '\nExample:\n  sluice audit runs')
  filtered(audit.command('runs [script]').description('Show runs, newest first'), 'sluice audit runs load/sales').action(
    async (name: string | undefined, options: Filter, command: Command) =>
      finish(await showRuns(await projectOf(command), name, options)),
  )
  audit
    .command('ledger <run>')
    .description('Show where the rows of a run went')
    .addHelpText('after', '\nExample:\n  sluice audit ledger 0199b5a2-6c1e-7d3a-9a51-2f6f1c0e7b11')
    .action(async (runId: string, _options: unknown, command: Command) =>
      finish(await showLedger(await projectOf(command), runId)),
    )
  filtered(
    audit.command('decisions [script]').description('Show what the gate refused, newest first'),
    'sluice audit decisions load/sales',
  ).action(async (name: string | undefined, options: Filter, command: Command) =>
    finish(await showDecisions(await projectOf(command), name, options)),
  )
  audit
    .command('log <run>')
    .description('Print the log of a run for people')
    .addHelpText('after', '\nExample:\n  sluice audit log 0199b5a2-6c1e-7d3a-9a51-2f6f1c0e7b11')
    .action(async (runId: string, _options: unknown, command: Command) => finish(await showLog(await projectOf(command), runId)))
  audit
    .command('why <script>')
    .description('Say whether a script may run now, and why its last runs ended as they did')
    .option('--batch <date>', 'the batch that it would serve (default: as of a run)')
    .addHelpText('after', '\nExample:\n  sluice audit why load/sales')
    .action(async (name: string, options: Filter, command: Command) =>
      finish(await showWhy(await projectOf(command, true), name, options)),
    )
}

function filtered(verb: Command, example: string): Command {
  return verb
    .option('--batch <date>', 'only this batch')
    .option('--limit <rows>', 'how many at the most', '50')
    .addHelpText('after', `\nExample:\n  ${example}`)
}

const scriptOf = (project: Project, name: string | undefined) =>
  name === undefined ? undefined : scriptsNamed(project, [name], undefined)[0]?.id

function stateOf(run: Run): string {
  return run.status === 'RUNNING' && !run.live ? 'ABANDONED' : run.status
}

async function showRuns(project: Project, name: string | undefined, options: Filter): Promise<number> {
  const script = scriptOf(project, name)
  const batch = batchOption(options)
  const filter = {
    ...(script && { script }),
    ...(batch !== undefined && { batch }),
    limit: limitOption(options),
  }
  const runs = await withControl(project, (control) => control.runs.list(filter))
  await printTable(
    ['run', 'script', 'batch', 'state', 'exit', 'started', 'error'],
    runs.map((run) => [run.runId, run.script, run.batch, stateOf(run), run.exitCode, run.startedAt, run.errorCode]),
  )
  return 0
}

async function runOf(project: Project, runId: string): Promise<Run> {
  const [run] = await withControl(project, (control) => control.runs.list({ runId, limit: 1 }))
  if (run !== undefined) return run
  throw new SluiceError('USAGE', `There is no run ${runId}.`, { hint: 'Find it with: sluice audit runs' })
}

async function showLedger(project: Project, runId: string): Promise<number> {
  const run = await runOf(project, runId)
  const entries = await withControl(project, (control) => control.runs.ledger(run.runId))
  print(`${run.script} ${run.batch}: ${stateOf(run)}`)
  await printTable(
    ['hop', 'term', 'rows'],
    entries.map((entry) => [entry.hop, entry.term, entry.rows]),
  )
  return 0
}

async function showDecisions(project: Project, name: string | undefined, options: Filter): Promise<number> {
  const script = scriptOf(project, name)
  const batch = batchOption(options)
  const decisions = await withControl(project, (control) => control.runs.decisions(script, limitOption(options)))
  await printTable(
    ['at', 'script', 'batch', 'code', 'why'],
    decisions
      .filter((decision) => batch === undefined || decision.batch === batch)
      .map((decision) => [decision.at, decision.script, decision.batch, decision.code, decision.message]),
  )
  return 0
}

async function showLog(project: Project, runId: string): Promise<number> {
  const run = await runOf(project, runId)
  const { readFile } = await import('node:fs/promises')
  const { join } = await import('node:path')
  if (run.logFile === undefined)
    throw new SluiceError('USAGE', `Run ${runId} has no log file.`, { hint: 'Look at its record: sluice audit runs' })
  const text = await readFile(join(project.root, run.logFile), 'utf8').catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The log file ${run.logFile} cannot be read.`, {
      hint: 'Run the command on the host that the run was on.',
      cause,
    })
  })
  for (const line of text.split('\n').filter((part) => part !== '')) print(printable(logLine(line)))
  return 0
}

/** A JSON line of the log as a sentence; a line that is none as it is. */
function logLine(line: string): string {
  try {
    const { time, level, msg, ...facts } = JSON.parse(line)
    const rest = Object.entries(facts).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    return [time, level, msg, ...rest].filter((part) => part !== undefined).join(' ')
  } catch {
    return line
  }
}

async function showWhy(project: Project, name: string, options: Filter): Promise<number> {
  const [script] = scriptsNamed(project, [name], undefined)
  if (!script) return 0
  const { explainGate } = await import('../engine/explain-gate.ts')
  const { resolveBatch } = await import('../engine/batch-date.ts')
  const asked = batchOption(options)
  const { answer, runs } = await withContext(project, async (context) => ({
    answer: await explainGate(context, script, asked ?? (await resolveBatch(context))),
    runs: await context.control.runs.list({ script: script.id, limit: 5 }),
  }))
  print(printable(answer.hint === '' ? answer.message : `${answer.message}\n  ${answer.hint}`))
  for (const run of runs) {
    const why = run.errorMessage === undefined ? '' : `: ${run.errorCode} ${run.errorMessage}`
    print(printable(`${run.startedAt} batch ${run.batch} ${stateOf(run)}${why}`))
  }
  return 0
}
