import type { Fault } from './check-options.ts'
import { kindOf } from './definition.ts'
import { hasPassword, isSecret } from './environment.ts'

const credential = /^key$|passw|passphrase|secret|token|credential|authorization|api[-_]?key|access[-_]?key|private[-_]?key/i

/** What stands in the options of a connection or adapter, `what`, and must not: credentials that are no `secret()`. */
export function secretLiterals(options: object, what: string): readonly Fault[] {
  return Object.entries(options).flatMap(([name, value]: [string, unknown]): readonly Fault[] => {
    if (isSecret(value) || value === undefined) return []
    if (typeof value === 'string' && hasPassword(value)) return [literal(`${what} has a password in its option '${name}'`)]
    if (credential.test(name)) return [literal(`the option '${name}' of ${what} is a credential and no secret()`)]
    if (typeof value !== 'object' || value === null || kindOf(value) !== undefined) return []
    return secretLiterals(value, what)
  })
}

function literal(sentence: string): Fault {
  return {
    code: 'SECRET_LITERAL',
    sentence,
    hint: "Write secret('NAME') there and the value into the environment or .env; change the credential if it was shared.",
  }
}
