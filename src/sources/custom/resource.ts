import { SluiceError } from '../../errors.ts'
import type { DeclaredColumn, Resource } from '../../model/script.ts'
import type { ReadContext } from './read-context.ts'

/** A user's own code and what it yields. */
export interface CustomResource {
  readonly columns: readonly DeclaredColumn[]
  /** Gives the rows to go through: one by one or in arrays. */
  readonly read: (context: ReadContext) => unknown
  /** How long the code may go on without yielding. */
  readonly silenceLimitMs: number
}

const defaultSilenceLimitMs = 600_000

/** The resource with its options checked. CONFIG_INVALID names what is wrong with it. */
export function customResource({ locator, options, columns }: Resource): CustomResource {
  const { read, silenceLimitMs = defaultSilenceLimitMs } = options
  if (typeof read !== 'function')
    throw invalid(locator, 'has no read(context)', 'Write async *read(context) { … } in extract({ … }).')
  if (columns === undefined || columns.length === 0)
    throw invalid(locator, 'declares no columns', 'Declare the columns that it yields.')
  if (typeof silenceLimitMs !== 'number' || !(silenceLimitMs > 0)) {
    throw invalid(locator, 'has a silenceLimitMs that is no time', 'Give it in milliseconds, such as 600_000.')
  }
  return { columns, read: (context) => read(context), silenceLimitMs }
}

function invalid(file: string, what: string, hint: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The code of ${file} ${what}.`, { hint, details: { file } })
}
