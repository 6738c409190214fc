import { writeFile } from 'node:fs/promises'
import type { StepOutcome } from '../engine/step.ts'
import { SluiceError } from '../errors.ts'

/** Rows of texts under headings, as a table for people. */
export async function printTable(
  head: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): Promise<void> {
  const { default: Table } = await import('cli-table3')
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows) table.push(row.map((cell) => printable(String(cell ?? ''))))
  print(table.toString())
}

/** One line for people or machines on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Without control characters: names and messages come from outside, and a terminal obeys escapes. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === '\n' ? ' ' : '\uFFFD'))
}

export interface ResultOptions {
  readonly json: boolean
  readonly resultFile: string | undefined
}

/** The ledger and the outcome of each step for people, or one JSON line a step; the same lines go to the result file. */
export async function printOutcomes(outcomes: readonly StepOutcome[], options: ResultOptions): Promise<void> {
  const lines = outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join('')
  if (options.resultFile !== undefined) await writeResult(options.resultFile, lines)
  if (options.json) {
    process.stdout.write(lines)
    return
  }
  for (const outcome of outcomes) await printOutcome(outcome)
}

async function printOutcome(outcome: StepOutcome): Promise<void> {
  const status = outcome.status.toLowerCase().replace('_', ' ')
  print(`${outcome.script} ${outcome.batch}: ${status}, exit code ${outcome.exitCode}`)
  if (outcome.error !== undefined) {
    process.stderr.write(`${outcome.error.code}: ${printable(outcome.error.message)}\n  ${printable(outcome.error.hint)}\n`)
  }
  if (outcome.ledger.length > 0) {
    const rows = outcome.ledger.map((entry) => [entry.hop, entry.term, entry.rows])
    await printTable(['hop', 'term', 'rows'], rows)
  }
}

async function writeResult(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new SluiceError('LOCAL_IO', `The result file ${path} could not be written.`, {
      hint: 'Name a file in a folder that exists and can be written, with --result-file.',
      cause,
    })
  })
}
