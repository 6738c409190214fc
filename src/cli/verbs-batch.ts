import type { Command } from 'commander'
import { SluiceError } from '../errors.ts'
import { isBatchDate } from './batch-argument.ts'
import { print, printTable } from './output.ts'
import { type Finish, projectOf, withControl } from './verb.ts'

/** `batch open`, `batch close` and `batch list`. */
export function defineBatchVerbs(root: Command, finish: Finish): void {
  const batch = root
    .command('batch')
    .description('Open, close and list batch dates')
    .addHelpText('after', '\nExample:\n  sluice batch list')
  for (const verb of ['open', 'close'] as const) {
    batch
      .command(`${verb} <date>`)
      .description(verb === 'open' ? 'Let scripts run for a date' : 'Let no script run for a date any more')
      .addHelpText('after', `\nExample:\n  sluice batch ${verb} 2026-11-22`)
      .action(async (date: string, _options: unknown, command: Command) => finish(await change(verb, date, command)))
  }
  batch
    .command('list')
    .description('Show the batches, oldest first')
    .addHelpText('after', '\nExample:\n  sluice batch list')
    .action(async (_options: unknown, command: Command) => {
      const batches = await withControl(await projectOf(command), (control) => control.batches.list())
      await printTable(
        ['batch', 'status'],
        batches.map(({ date, status }) => [date, status]),
      )
      finish(0)
    })
}

async function change(verb: 'open' | 'close', date: string, command: Command): Promise<number> {
  if (!isBatchDate(date)) {
    throw new SluiceError('USAGE', `${date} is not a date.`, { hint: `Write it as YYYY-MM-DD: sluice batch ${verb} 2026-11-22` })
  }
  const changed = await withControl(await projectOf(command), (control) => control.batches[verb](date))
  print(changed ? `batch ${date} is ${verb === 'open' ? 'open' : 'closed'}` : `batch ${date}: nothing to ${verb}`)
  return 0
}
