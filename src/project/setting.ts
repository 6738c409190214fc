import { inspect } from 'node:util'
import { definition } from './definition.ts'

/** A setting that stands in an environment variable. */
export interface Env {
  readonly [definition]: 'env'
  readonly name: string
}

/** A setting that stands in an environment variable and must never be shown: it prints as `***`, whoever prints it. */
export class Secret {
  readonly [definition] = 'secret'
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return '***'
  }
}

/** The text itself, or where it stands. */
export type Setting = string | Env | Secret

/** The value of an environment variable, or of a line of `.env` beside the project file; read when it is needed. */
export function env(name: string): Env {
  return { [definition]: 'env', name }
}

/** Like {@link env}, for what must never be shown: its value is taken out of every log line. */
export function secret(name: string): Secret {
  return new Secret(name)
}
