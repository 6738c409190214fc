import querystring from 'node:querystring'
import * as v from 'valibot'
import type { ControlStore } from '../contracts/control-store.ts'
import type { ConfiguredAdapter } from './adapters.ts'
import { optionsSchema, someText } from './check-options.ts'
import { settingText } from './environment.ts'
import { setting } from './option-schemas.ts'
import type { PostgresControlOptions } from './project-definition.ts'
import type { Redactor } from './redactor.ts'

/** The control store in a Postgres database, over the package pg. */
export const postgresControlAdapter: ConfiguredAdapter<ControlStore> = {
  options: optionsSchema('the options of postgresControl', { url: setting, schema: v.exactOptional(someText) }),
  async open(raw, { name, environment, redactor }) {
    // The schema of the options says that they are these.
    const { url, ...options } = raw as PostgresControlOptions
    const text = settingText(url, `the option 'url' of ${name} (postgres)`, environment)
    learnPassword(redactor, text)
    const { openPostgresControl } = await import('../control-stores/postgres/index.ts')
    return openPostgresControl({ ...options, url: text })
  },
}

/** The password is secret by itself too, as it is written in the url and as it is meant. */
export function learnPassword(redactor: Redactor, url: string): void {
  const password = URL.parse(url)?.password
  if (!password) return
  redactor.learn(password)
  redactor.learn(querystring.unescape(password))
}
