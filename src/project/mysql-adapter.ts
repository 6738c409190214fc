import * as v from 'valibot'
import type { SourceAdapter } from './adapters.ts'
import { optionsSchema } from './check-options.ts'
import { settingText } from './environment.ts'
import type { MysqlOptions } from './mysql-connection.ts'
import { setting } from './option-schemas.ts'
import { choiceEntries, partitionEntries, tableSchema } from './sql-connections.ts'

const whole = v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is under 1'))

const entries = {
  url: setting,
  zeroDates: v.exactOptional(v.picklist(['reject', 'null', 'text'], "is none of 'reject', 'null' and 'text'")),
  tinyint1: v.exactOptional(v.picklist(['integer', 'boolean'], "is neither 'integer' nor 'boolean'")),
  times: v.exactOptional(v.picklist(['text', 'time'], "is neither 'text' nor 'time'")),
  count: v.exactOptional(v.picklist(['exact', 'none'], "is neither 'exact' nor 'none'")),
  maxHorizonLagMs: v.exactOptional(whole),
  maxConnections: v.exactOptional(whole),
  horizonWaitMs: v.exactOptional(v.pipe(v.number('is not a number'), v.minValue(0, 'is under 0'))),
  maxLockWaitMs: v.exactOptional(v.pipe(v.number('is not a number'), v.minValue(0, 'is under 0'))),
  statementTimeoutMs: v.exactOptional(whole),
  connectTimeoutMs: v.exactOptional(whole),
  idleTimeoutMs: v.exactOptional(whole),
}

/** MySQL and MariaDB servers, over the package mysql2. */
export const mysqlAdapter: SourceAdapter = {
  options: optionsSchema('the options of mysql', entries),
  resource: tableSchema({ ...choiceEntries, ...partitionEntries }),
  hasCursors: true,
  async open(raw, { name, environment, redactor }) {
    // The schema of the options says that they are these.
    const { url, ...options } = raw as MysqlOptions
    const text = settingText(url, `the option 'url' of ${name} (mysql)`, environment)
    // The password is secret by itself too, not only the url in one piece.
    if (URL.canParse(text)) redactor.learn(decodeURIComponent(new URL(text).password))
    const { openMysqlSource } = await import('../sources/mysql.ts')
    return openMysqlSource({ ...options, url: text })
  },
}
