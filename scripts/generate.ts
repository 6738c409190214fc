/** Writes the pages, and the parts of pages, that are made from the code; `--check` fails when one is not what the code says. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { program } from '../src/cli/main.ts'
import { errorCodes } from '../src/errors.ts'
import { generatedParts, withGeneratedParts } from './generate/generated-parts.ts'
import { pageParts } from './generate/page-parts.ts'

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

/** The pages of the connectors, with their tables; each table must stand on one of them. */
function connectorPages(): Readonly<Record<string, string>> {
  const folder = 'docs/connectors'
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'))
  const texts = names.map((name) => [`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')] as const)
  const shown = new Set(texts.flatMap(([, text]) => generatedParts(text)))
  const unshown = Object.keys(pageParts).filter((name) => !shown.has(name))
  if (unshown.length > 0) throw new Error(`No page of ${folder} shows: ${unshown.join(', ')}.`)
  return Object.fromEntries(texts.map(([path, text]) => [path, withGeneratedParts(path, text, pageParts)]))
}

function allPages(): Readonly<Record<string, string>> {
  return { 'docs/errors.md': errorsPage(), 'docs/cli.md': cliPage(), ...connectorPages() }
}

function fail(sentence: string): void {
  console.error(sentence)
  process.exitCode = 1
}

try {
  for (const [path, text] of Object.entries(allPages())) {
    const file = join(root, path)
    if (!process.argv.includes('--check')) writeFileSync(file, text)
    else if (readFileSync(file, 'utf8') !== text) fail(`${path} is not what the code says. Run: npm run generate`)
  }
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
