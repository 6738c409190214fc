import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { SluiceError } from '../errors.ts'
import { isDefinition } from './definition.ts'
import type { Env, Secret, Setting } from './setting.ts'

/** The variables that a project reads: the process' own, and behind them those of `.env` in its folder. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Whether the folder has a `.env.example` that a missing `.env` could be copied from. */
  readonly hasExample: boolean
  readonly hasFile: boolean
}

/** Reads `.env` of the folder, where there is one; a variable of the process wins over its line there. */
export async function readEnvironment(
  root: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Environment> {
  const text = await readFile(join(root, '.env'), 'utf8').catch(() => undefined)
  const example = await stat(join(root, '.env.example')).catch(() => undefined)
  const set = Object.entries(variables).filter(([, value]) => value !== undefined)
  return {
    variables: { ...parseEnv(text ?? ''), ...Object.fromEntries(set) },
    hasExample: example !== undefined,
    hasFile: text !== undefined,
  }
}

/** The text of a setting. `reader` says who reads it. VARIABLE_UNSET, or SECRET_LITERAL for a password that is not declared secret. */
export function settingText(setting: Setting, reader: string, environment: Environment): string {
  if (typeof setting === 'string') return setting
  const value = environment.variables[setting.name]
  if (value === undefined || value === '') throw unset(setting.name, reader, environment)
  if (!isSecret(setting) && hasPassword(value)) {
    throw new SluiceError(
      'SECRET_LITERAL',
      `The variable ${setting.name}, read as ${reader}, holds a password and may be shown.`,
      {
        hint: `Read it with secret('${setting.name}') instead of env('${setting.name}').`,
        details: { variable: setting.name },
      },
    )
  }
  return value
}

/** Whether an option stands in a variable. */
export function isEnv(value: unknown): value is Env {
  return isDefinition<Env>(value, 'env')
}

/** Whether an option stands in a variable that must not be shown. */
export function isSecret(value: unknown): value is Secret {
  return isDefinition<Secret>(value, 'secret')
}

/** Whether a text is a URL with a password in it. */
export function hasPassword(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@]*:[^/?#\s@]+@/i.test(text)
}

function unset(name: string, reader: string, environment: Environment): SluiceError {
  const hint =
    environment.hasExample && !environment.hasFile
      ? `Copy .env.example to .env beside the project file and fill in ${name}.`
      : `Set it in the environment, or write the line ${name}=… into .env beside the project file.`
  return new SluiceError('VARIABLE_UNSET', `The variable ${name} is not set; it is read as ${reader}.`, {
    hint,
    details: { variable: name },
  })
}
