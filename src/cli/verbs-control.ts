import type { Command } from 'commander'
import { print, printTable } from './output.ts'
import { type Finish, projectOf } from './verb.ts'

/** `control move`. */
export function defineControlVerbs(root: Command, finish: Finish): void {
  const example = '\nExample:\n  sluice control move --to "$CONTROL_URL"'
  const control = root.command('control').description('Look after the control store').addHelpText('after', example)
  control
    .command('move')
    .description('Move a SQLite control store to Postgres, counted table by table')
    .requiredOption('--to <url>', 'the database: postgres://user:password@host:5432/database')
    .option('--schema <name>', 'the schema in it, empty or not there yet; by default sluice')
    .addHelpText('after', example)
    .action(async ({ to, schema }: MoveOptions, command: Command) =>
      finish(await move(command, schema === undefined ? { url: to } : { url: to, schema })),
    )
}

interface MoveOptions {
  readonly to: string
  readonly schema?: string
}

async function move(command: Command, target: { readonly url: string; readonly schema?: string }): Promise<number> {
  const project = await projectOf(command)
  const moved = await project.moveControl(target)
  await printTable(
    ['table', 'rows'],
    moved.map(({ table, rows }) => [table, rows]),
  )
  const schema = target.schema === undefined ? '' : `, schema: '${target.schema}'`
  print(`moved; now say in the project file: control: postgresControl({ url: secret('CONTROL_URL')${schema} })`)
  return 0
}
