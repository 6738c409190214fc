import { Command, CommanderError } from 'commander'
import { asSluiceError } from '../errors.ts'
import { packageVersion } from '../project/package-version.ts'
import { printable } from './output.ts'
import { defineInitVerb } from './verb-init.ts'
import { defineAuditVerbs } from './verbs-audit.ts'
import { defineBatchVerbs } from './verbs-batch.ts'
import { defineControlVerbs } from './verbs-control.ts'
import { defineCursorVerbs } from './verbs-cursor.ts'
import { definePreviewVerb } from './verbs-preview.ts'
import { defineRegistryVerbs } from './verbs-registry.ts'
import { defineRejectsVerbs } from './verbs-rejects.ts'
import { defineStepVerbs } from './verbs-steps.ts'

/** Runs one command line and sets the process' exit code; it never throws. */
export async function main(args: readonly string[]): Promise<void> {
  // A database connection that dies without an error empties the event loop: then this must not look like success.
  process.exitCode = 75
  try {
    await program((code) => {
      process.exitCode = code
    }).parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** The whole command line; `finish` is told the exit code of the verb that ran. */
export function program(finish: (exitCode: number) => void): Command {
  const root = new Command('sluice')
    .description('Moves data from databases and files into a warehouse and accounts for every row on the way.')
    .option('--project <folder>', 'where sluice.config.ts lies', '.')
    .showSuggestionAfterError(true)
    .exitOverride()
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', '\nExample:\n  sluice run --batch 2026-11-22\n\nEach verb has its own help: sluice extract --help')
  root.version(packageVersion(), '--version', 'show the version')
  defineInitVerb(root, finish)
  defineStepVerbs(root, finish)
  defineRegistryVerbs(root, finish)
  defineBatchVerbs(root, finish)
  defineAuditVerbs(root, finish)
  defineRejectsVerbs(root, finish)
  defineCursorVerbs(root, finish)
  defineControlVerbs(root, finish)
  definePreviewVerb(root, finish)
  return root
}

/** Prints a failure for people and returns its exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64
  const failure = asSluiceError(error)
  process.stderr.write(`${failure.code}: ${printable(failure.message)}\n  ${printable(failure.hint)}\n`)
  return failure.exitCode
}
