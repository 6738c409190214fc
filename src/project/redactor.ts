import { asSluiceError, SluiceError } from '../errors.ts'

/** Values this short would take whole words out of a log. */
const shortest = 4

/** Takes secrets out of texts: as they are, URL-encoded, and in base64. */
export interface Redactor {
  redact(text: string): string
  /** A JSON line with the secrets taken out of its values; it stays JSON. */
  redactLine(line: string): string
  /** One more secret to take out from now on. */
  learn(secret: string): void
}

/** A redactor for these values; those under four characters are let through. */
export function redactor(secrets: readonly string[]): Redactor {
  const forms = new Set<string>()
  let pattern: RegExp | undefined
  const learn = (secret: string) => {
    if (secret.length < shortest || forms.has(secret)) return
    for (const form of formsOf(secret)) forms.add(form)
    pattern = patternOf(forms)
  }
  for (const secret of secrets) learn(secret)
  const redact = (text: string) => (pattern === undefined ? text : text.replace(pattern, '***'))
  const redactValue = (_: string, value: unknown) => {
    if (typeof value === 'string') return redact(value)
    return typeof value === 'number' && redact(String(value)) !== String(value) ? '***' : value
  }
  const redactLine = (line: string) => (pattern === undefined ? line : `${JSON.stringify(JSON.parse(line, redactValue))}\n`)
  return { redact, redactLine, learn }
}

/** A failure as people may read it: without the secrets in its sentence and its hint. */
export function redactedError(error: unknown, redact: Redactor['redact']): SluiceError {
  const { code, message, hint, details } = asSluiceError(error)
  return new SluiceError(code, redact(message), { hint: redact(hint), details, cause: error })
}

/** The longest first: a shorter form inside it would leave its ends standing. */
function patternOf(forms: ReadonlySet<string>): RegExp {
  const ordered = [...forms].sort((left, right) => right.length - left.length)
  return new RegExp(ordered.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const base64 = bytes.toString('base64')
  const encoded = encodeURIComponent(secret)
  return [
    secret,
    encoded,
    encoded.replaceAll('%20', '+'),
    base64,
    base64.replace(/=+$/, ''),
    encodeURIComponent(base64),
    bytes.toString('base64url'),
  ].filter((form) => form.length >= shortest)
}
