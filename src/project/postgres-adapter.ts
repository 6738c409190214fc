import * as v from 'valibot'
import type { PostgresSourceOptions } from '../sources/postgres.ts'
import type { SourceAdapter } from './adapters.ts'
import { optionsSchema } from './check-options.ts'
import { isEnv, isSecret, settingText } from './environment.ts'
import { setting } from './option-schemas.ts'
import { choiceEntries, partitionEntries, tableSchema } from './sql-connections.ts'

const count = v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is under 1'))

/** Postgres databases, over the package pg. */
export const postgresAdapter: SourceAdapter = {
  options: optionsSchema('the options of postgres', {
    url: setting,
    extremes: v.exactOptional(v.picklist(['reject', 'text'], "is neither 'reject' nor 'text'")),
    count: v.exactOptional(v.picklist(['exact', 'none'], "is neither 'exact' nor 'none'")),
    maxHorizonLagMs: v.exactOptional(count),
    statementTimeoutMs: v.exactOptional(count),
    maxConnections: v.exactOptional(count),
    connectTimeoutMs: v.exactOptional(count),
    idleTimeoutMs: v.exactOptional(count),
  }),
  resource: tableSchema({ ...choiceEntries, ...partitionEntries }),
  hasCursors: true,
  async open(raw, place) {
    const { openPostgresSource } = await import('../sources/postgres.ts')
    const entries = Object.entries(raw).map(([option, value]: [string, unknown]) => {
      if (typeof value !== 'string' && !isEnv(value) && !isSecret(value)) return [option, value]
      return [option, settingText(value, `the option '${option}' of ${place.name} (postgres)`, place.environment)]
    })
    // The schema of the options says that they are these once every variable is read.
    const options = Object.fromEntries(entries) as PostgresSourceOptions
    const { password } = URL.parse(options.url) ?? {}
    if (password) place.redactor.learn(decodeURIComponent(password))
    return openPostgresSource(options)
  },
}
