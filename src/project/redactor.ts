/** Values this short would take whole words out of a log. */
const shortest = 4

/** Takes secrets out of texts: as they are, URL-encoded, and in base64. */
export interface Redactor {
  redact(text: string): string
  /** A JSON line with the secrets taken out of its values; it stays JSON. */
  redactLine(line: string): string
}

/** A redactor for these values; those under four characters are let through. */
export function redactor(secrets: readonly string[]): Redactor {
  const forms = new Set(secrets.filter((secret) => secret.length >= shortest).flatMap(formsOf))
  if (forms.size === 0) return { redact: (text) => text, redactLine: (line) => line }
  // The longest first: a shorter form inside it would leave its ends standing.
  const ordered = [...forms].sort((left, right) => right.length - left.length)
  const pattern = new RegExp(ordered.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  const redact = (text: string) => text.replace(pattern, '***')
  const redactValue = (_: string, value: unknown) => {
    if (typeof value === 'string') return redact(value)
    return typeof value === 'number' && redact(String(value)) !== String(value) ? '***' : value
  }
  return { redact, redactLine: (line) => `${JSON.stringify(JSON.parse(line, redactValue))}\n` }
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
