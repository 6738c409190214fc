import type { Command } from 'commander'
import { SluiceError } from '../errors.ts'
import { columnTypeText } from '../model/column-type.ts'
import { batchOption, limitOption } from './batch-argument.ts'
import { print, printTable } from './output.ts'
import { type Finish, projectOf, scriptsNamed, withContext } from './verb.ts'

/** `preview`: the first rows of what an extraction reads. */
export function definePreviewVerb(root: Command, finish: Finish): void {
  root
    .command('preview <script>')
    .description('Show the first rows of what an extraction would read, with their types; writes nothing')
    .option('--batch <date>', 'the batch that it would serve (default: today)')
    .option('--limit <rows>', 'how many at the most', '10')
    .addHelpText('after', '\nExample:\n  sluice preview sales --limit 5')
    .action(async (name: string, options: { readonly batch?: string; readonly limit: string }, command: Command) => {
      const project = await projectOf(command)
      const [script] = scriptsNamed(project, [name], 'extract')
      if (script?.kind !== 'extract') throw new SluiceError('SCRIPT_UNKNOWN', `${name} is no extraction.`, { hint: 'Name one.' })
      const { preview } = await import('../engine/preview.ts')
      const { resolveBatch } = await import('../engine/batch-date.ts')
      const asked = batchOption(options)
      const found = await withContext(project, async (context) =>
        preview(context, script, asked ?? (await resolveBatch(context)), limitOption(options), (notice) => print(notice)),
      )
      const head = found.columns.map((column) => `${column.name}\n${column.sourceType ?? columnTypeText(column.type)}`)
      await printTable(
        head,
        found.rows.map((row) => row.map((cell) => cell ?? 'NULL')),
      )
      for (const { row, causes } of found.rejects) {
        print(
          `row ${row} is refused: ${causes.map(({ code, column, value }) => [code, column, value].filter(Boolean).join(' ')).join(', ')}`,
        )
      }
      finish(0)
    })
}
