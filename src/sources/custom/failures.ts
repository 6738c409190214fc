import { isSluiceError, SluiceError } from '../../errors.ts'
import { shownCell } from './cells.ts'

/** Where in the project something was thrown. */
export interface ThrownAt {
  /** From the project's folder, with `/`. */
  readonly file: string
  readonly line: number
}

/** What custom code threw, as one of our failures. Ours stay as they are, so that code can throw them, retryable ones too. */
export function codeFailed(
  cause: unknown,
  file: string,
  at: ThrownAt | undefined,
  redact: (text: string) => string,
): SluiceError {
  if (isSluiceError(cause)) return redacted(cause, redact)
  const where = at === undefined ? '' : at.file === file ? `, line ${at.line}` : ` (in ${at.file}, line ${at.line})`
  const place = at === undefined ? file : `${at.file}, line ${at.line}`
  return new SluiceError('SOURCE_FAILED', `The code of ${file}${where} failed: ${redact(saidBy(cause))}`, {
    hint: `Correct ${place}; the log of the run has the whole stack.`,
    details: { file, ...(at !== undefined && { line: at.line }) },
    cause,
  })
}

/** Code that gives nothing to go through. */
export function noRows(file: string): SluiceError {
  return new SluiceError('SOURCE_FAILED', `The code of ${file} gives no rows to go through.`, {
    hint: 'Write it as async *read(context) { … yield { … } … }.',
    details: { file },
  })
}

/** Code that returns a cursor where none is declared. */
export function needlessCursor(file: string): SluiceError {
  return new SluiceError('CURSOR_INVALID', `The code of ${file} returns a cursor, but declares none.`, {
    hint: 'Name the column that it belongs to: extract({ cursor: … }).',
    details: { file },
  })
}

/** Code that shows no sign of life. */
export function silent(file: string, afterMs: number): SluiceError {
  const seconds = Math.round(afterMs / 100) / 10
  return new SluiceError('SOURCE_UNREACHABLE', `The code of ${file} has yielded nothing for ${seconds} seconds.`, {
    hint: 'Look at what it waits for; let it yield [] while it works on, or raise silenceLimitMs in extract({ … }).',
    details: { file, silenceLimitMs: afterMs },
  })
}

/** The same error where there is nothing to hide: the engine knows it again by its identity. */
function redacted(error: SluiceError, redact: (text: string) => string): SluiceError {
  const [message, hint] = [redact(error.message), redact(error.hint)]
  if (message === error.message && hint === error.hint) return error
  return new SluiceError(error.code, message, { hint, details: error.details, cause: error })
}

function saidBy(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : shownCell(cause)
}
