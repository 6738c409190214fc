import type { Command } from 'commander'
import { SluiceError } from '../errors.ts'
import type { ExtractScript } from '../model/script.ts'
import type { Project } from '../project/open-project.ts'
import { batchOption } from './batch-argument.ts'
import { print, printTable } from './output.ts'
import { type Finish, projectOf, scriptsNamed, withControl } from './verb.ts'

/** `cursor show`, `cursor set` and `cursor reset`. */
export function defineCursorVerbs(root: Command, finish: Finish): void {
  const cursor = root
    .command('cursor')
    .description('Look at how far incremental extractions have read, or set it')
    .addHelpText('after', '\nExample:\n  sluice cursor show')
  cursor
    .command('show [script]')
    .description('Show cursors and the batches that moved them')
    .addHelpText('after', '\nExample:\n  sluice cursor show sales')
    .action(async (name: string | undefined, _options: unknown, command: Command) =>
      finish(await show(await projectOf(command), name)),
    )
  cursor
    .command('set <script> <value>')
    .description('Let the next extraction begin at a value, in the form that the source shows it')
    .requiredOption('--batch <date>', 'the batch that counts as having read up to it')
    .addHelpText('after', "\nExample:\n  sluice cursor set sales '2026-11-01 00:00:00' --batch 2026-11-01")
    .action(async (name: string, value: string, options: { readonly batch: string }, command: Command) =>
      finish(await change(await projectOf(command), name, { value, batch: batchOption(options) ?? options.batch })),
    )
  cursor
    .command('reset <script>')
    .description('Let the next extraction read everything')
    .addHelpText('after', '\nExample:\n  sluice cursor reset sales')
    .action(async (name: string, _options: unknown, command: Command) =>
      finish(await change(await projectOf(command), name, undefined)),
    )
}

function incremental(project: Project, name: string | undefined): readonly ExtractScript[] {
  const chosen = name === undefined ? project.scripts : scriptsNamed(project, [name], 'extract')
  const found = chosen.filter((script) => script.kind === 'extract').filter(({ cursor }) => cursor !== undefined)
  if (name === undefined || found.length > 0) return found
  throw new SluiceError('USAGE', `extract/${name} reads everything each time; it has no cursor.`, {
    hint: 'Declare a cursor in the extract script, or name an extraction that has one: sluice cursor show',
  })
}

async function show(project: Project, name: string | undefined): Promise<number> {
  const rows = await withControl(project, async (control) => {
    const found = []
    for (const { id, cursor } of incremental(project, name)) {
      const known = await control.extractions.cursor(id)
      found.push([id, cursor?.column, known?.value, known?.batch, known && (known.runId ?? 'by hand')])
    }
    return found
  })
  await printTable(['script', 'column', 'next from', 'batch', 'moved by'], rows)
  return 0
}

type Position = { readonly value: string; readonly batch: string } | undefined

async function change(project: Project, name: string, position: Position): Promise<number> {
  const [script] = incremental(project, name)
  if (!script) return 0
  const changed = await withControl(project, (control) => control.extractions.setCursor(script.id, position))
  if (!changed) {
    throw new SluiceError('RUN_ACTIVE', `A run of ${script.id} is alive; its cursor was not changed.`, {
      hint: `Wait for it to end: sluice audit runs ${script.id}`,
    })
  }
  print(position ? `${script.id} goes on from ${position.value}` : `${script.id} reads everything next time`)
  return 0
}
