/** Writes the pages that are made from the code; `--check` fails when one is not what the code says. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { program } from '../src/cli/main.ts'
import { errorCodes } from '../src/errors.ts'

const root = join(import.meta.dirname, '..')

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(([code, entry]) => {
    return `## ${code}\n\n${entry.meaning}\n\nExit code ${entry.exitCode}; ${entry.retryable ? 'tried again by itself' : 'not tried again by itself'}.\n`
  })
  return `# Errors\n\nGenerated from \`src/errors.ts\` by \`npm run generate\`. Every failure has a code, a sentence, a hint and an exit code.\n\n${rows.join('\n')}`
}

function helpOf(command: Command): string {
  let text = ''
  const write = (part: string) => {
    text += part
  }
  command.configureOutput({ writeOut: write, getOutHelpWidth: () => 100, getOutHasColors: () => false }).outputHelp()
  return text.trimEnd()
}

function verbSections(command: Command, before: string): readonly string[] {
  return command.commands.flatMap((verb) => {
    const name = `${before} ${verb.name()}`
    return [`## ${name}\n\n\`\`\`text\n${helpOf(verb)}\n\`\`\`\n`, ...verbSections(verb, name)]
  })
}

function cliPage(): string {
  const verbs = program(() => {})
  const intro = 'Generated from the command line itself by `npm run generate`. Exit codes: [concepts](concepts.md#exit-codes).'
  return `# Command line\n\n${intro}\n\n\`\`\`text\n${helpOf(verbs)}\n\`\`\`\n\n${verbSections(verbs, 'sluice').join('\n')}`
}

const pages: Readonly<Record<string, string>> = { 'docs/errors.md': errorsPage(), 'docs/cli.md': cliPage() }
for (const [path, text] of Object.entries(pages)) {
  const file = join(root, path)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${path} is not what the code says. Run: npm run generate`)
    process.exitCode = 1
  }
}
