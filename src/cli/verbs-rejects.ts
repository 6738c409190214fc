import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import type { ListedReject, RejectFilter } from '../engine/list-rejects.ts'
import { SluiceError } from '../errors.ts'
import type { Project } from '../project/open-project.ts'
import { batchOption, limitOption } from './batch-argument.ts'
import { print, printable, printTable } from './output.ts'
import { type Finish, projectOf, scriptsNamed, withContext } from './verb.ts'

interface Filter {
  readonly batch?: string
  readonly limit: string
}

/** `rejects list`, `rejects show` and `rejects export`. */
export function defineRejectsVerbs(root: Command, finish: Finish): void {
  const rejects = root
    .command('rejects')
    .description('Look at refused rows')
    .addHelpText('after', '\nExample:\n  sluice rejects list load/sales')
  const limited = (verb: Command) =>
    verb.option('--batch <date>', 'only this batch').option('--limit <rows>', 'how many at the most', '50')
  limited(rejects.command('list [script]'))
    .description('Show refused rows with their reasons')
    .addHelpText('after', '\nExample:\n  sluice rejects list load/sales')
    .action(async (name: string | undefined, options: Filter, command: Command) =>
      finish(await list(await projectOf(command), name, options)),
    )
  limited(rejects.command('show [script]'))
    .description('Show refused rows whole: reason, place and the record as it came')
    .addHelpText('after', '\nExample:\n  sluice rejects show load/sales --limit 3')
    .action(async (name: string | undefined, options: Filter, command: Command) =>
      finish(await show(await projectOf(command), name, options)),
    )
  rejects
    .command('export [script]')
    .description('Write all refused rows to a file, a JSON object a line')
    .requiredOption('--to <file>', 'the file, which must not be there yet')
    .option('--batch <date>', 'only this batch')
    .addHelpText('after', '\nExample:\n  sluice rejects export load/sales --to rejects.jsonl')
    .action(async (name: string | undefined, options: { readonly batch?: string; readonly to: string }, command: Command) =>
      finish(await exportTo(await projectOf(command), name, options)),
    )
}

async function found(project: Project, name: string | undefined, filter: Omit<RejectFilter, 'script'>) {
  const script = name === undefined ? undefined : scriptsNamed(project, [name], undefined)[0]?.id
  const { listRejects } = await import('../engine/list-rejects.ts')
  return withContext(project, (context) => listRejects(context, { ...filter, script }))
}

async function list(project: Project, name: string | undefined, options: Filter): Promise<number> {
  const rejects = await found(project, name, { batch: batchOption(options), limit: limitOption(options) })
  await printTable(
    ['script', 'batch', 'code', 'column', 'value', 'part', 'row', 'line'],
    rejects.map(({ script, batch, code, column, value, part, row, line }) => [
      script,
      batch,
      code,
      column,
      value,
      part,
      row,
      line,
    ]),
  )
  return 0
}

async function show(project: Project, name: string | undefined, options: Filter): Promise<number> {
  for (const reject of await found(project, name, { batch: batchOption(options), limit: limitOption(options) })) {
    print(printable(`${reject.script} ${reject.batch} row ${reject.row}: ${reject.code}`))
    for (const [member, value] of Object.entries(reject)) {
      if (value !== undefined && !['script', 'batch', 'row', 'code'].includes(member)) print(printable(`  ${member}: ${value}`))
    }
  }
  return 0
}

async function exportTo(
  project: Project,
  name: string | undefined,
  options: { readonly batch?: string; readonly to: string },
): Promise<number> {
  const rejects = await found(project, name, { batch: batchOption(options), limit: undefined })
  const lines = Readable.from(rejects.map((reject: ListedReject) => `${JSON.stringify(reject)}\n`))
  await pipeline(lines, createWriteStream(options.to, { flags: 'wx' })).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The file ${options.to} could not be written.`, {
      hint: 'Name a file that is not there yet, in a folder that can be written, with --to.',
      cause,
    })
  })
  print(`${rejects.length} records written to ${options.to}`)
  return 0
}
