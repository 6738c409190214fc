import { relative, sep } from 'node:path'
import * as v from 'valibot'
import type { Fetcher } from '../contracts/fetch.ts'
import type { Place, SourceAdapter } from './adapters.ts'
import { optionsSchema } from './check-options.ts'
import { settingText } from './environment.ts'
import { placeInStack } from './import-module.ts'
import { columns } from './option-schemas.ts'
import { env, secret } from './setting.ts'

/** What the connection of all custom code is called; no export of a project file has such a name. */
export const customConnection = 'custom code'

/** What `extract` takes for custom code, besides what it takes for every source. */
export const customEntries = {
  columns,
  read: v.custom<(context: unknown) => unknown>((value) => typeof value === 'function', 'is not like async *read(context) { … }'),
  silenceLimitMs: v.exactOptional(v.pipe(v.number('is not a number'), v.minValue(1, 'is under 1'))),
}

/** A user's own code as a source. */
export const customAdapter: SourceAdapter = customAdapterWith(async () => {
  const { openFetcher } = await import('../sources/rest/fetcher.ts')
  return openFetcher()
})

/** A user's own code as a source, with another way to ask over HTTP. */
export function customAdapterWith(openFetcher: () => Promise<Fetcher>): SourceAdapter {
  return {
    options: v.strictObject({}),
    resource: optionsSchema('the options of extract', customEntries),
    hasCursors: true,
    open: async (_, place) => {
      const { openCustom } = await import('../sources/custom.ts')
      return openCustom({ ...variablesOf(place), placeOf: (thrown) => placeOf(thrown, place), fetcher: await openFetcher() })
    },
  }
}

function variablesOf({ environment, redactor }: Place) {
  const reader = 'context.env() or context.secret() by custom code'
  return {
    env: (name: string) => settingText(env(name), reader, environment),
    secret: (name: string) => {
      const value = settingText(secret(name), reader, environment)
      redactor.learn(value)
      return value
    },
    redact: (text: string) => redactor.redact(text),
  }
}

function placeOf(thrown: unknown, { root }: Place) {
  const place = thrown instanceof Error ? placeInStack(thrown.stack ?? '', root) : undefined
  return place?.line === undefined ? undefined : { file: relative(root, place.file).split(sep).join('/'), line: place.line }
}
