import * as v from 'valibot'
import { type ErrorCode, SluiceError } from '../errors.ts'
import { nearMiss } from './near-miss.ts'

/** Something that a project file or script says wrongly. */
export interface Fault {
  readonly code: ErrorCode
  /** Without a full stop. */
  readonly sentence: string
  /** By default: correct the file. */
  readonly hint?: string
}

/** An object of known members; `what` names it in messages, `missing` has the sentence for a member that must not be left out. */
export function optionsSchema<const Entries extends v.ObjectEntries>(
  what: string,
  entries: Entries,
  missing: Partial<Record<keyof Entries & string, string>> = {},
): v.StrictObjectSchema<Entries, v.ErrorMessage<v.StrictObjectIssue>> {
  return v.strictObject(entries, (issue) => {
    const member = String(issue.path?.at(-1)?.key ?? '')
    if (issue.expected === 'never') return unknownMember(member, what, membersOf(entries))
    if (issue.expected === 'Object') return `${what} are not an object`
    const sentences: Readonly<Record<string, string | undefined>> = missing
    return sentences[member] ?? `'${member}' is missing in ${what}`
  })
}

/** A text that is not empty. */
export const someText = v.pipe(v.string('is not a text'), v.minLength(1, 'is empty'))

/** The value as the schema has it. Throws what is wrong with it in this file. */
export function checkOptions<S extends v.GenericSchema>(file: string, schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  throw refusal(
    file,
    result.issues.map((issue) => ({ code: 'CONFIG_INVALID', sentence: sentenceOf(issue) })),
  )
}

/** Throws what is wrong with a file, all of it in one message; nothing without a fault. */
export function refuse(file: string, faults: readonly Fault[]): void {
  if (faults.length > 0) throw refusal(file, faults)
}

function refusal(file: string, faults: readonly Fault[]): SluiceError {
  const sentences = faults.map(({ sentence }) => (sentence.endsWith('?') ? sentence : `${sentence}.`))
  return new SluiceError(faults[0]?.code ?? 'CONFIG_INVALID', `${file}: ${sentences.join(' ')}`, {
    hint: faults[0]?.hint ?? `Correct ${file}, then look with: sluice check`,
    details: { file },
  })
}

const listed = 12

/** The sentence, with the known name that was probably meant, or else with the known names. */
export function withNearMiss(sentence: string, name: string, known: readonly string[]): string {
  const near = nearMiss(name, known)
  if (near !== undefined) return `${sentence}. Did you mean '${near}'?`
  const names = known.length > listed ? [...known.slice(0, listed), `${known.length - listed} more`] : known
  return names.length === 0 ? sentence : `${sentence}; there are ${names.join(', ')}`
}

/** The members that people write: one that tells variants apart stands in the name of what they call. */
function membersOf(entries: v.ObjectEntries): readonly string[] {
  return Object.keys(entries).filter((name) => entries[name]?.type !== 'literal')
}

function unknownMember(member: string, what: string, known: readonly string[]): string {
  const near = nearMiss(member, known)
  const sentence = `'${member}' does not exist in ${what}`
  if (near !== undefined) return `${sentence}. Did you mean to write '${near}'?`
  return known.length === 0 ? sentence : `${sentence}: ${known.join(', ')}`
}

function sentenceOf(issue: v.BaseIssue<unknown>): string {
  // The sentences of objects name the member themselves.
  if (issue.type === 'strict_object' || issue.type === 'variant') return issue.message
  const path = v.getDotPath(issue)
  return path === null ? issue.message : `'${path}' ${issue.message}`
}
