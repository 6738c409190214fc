import * as v from 'valibot'
import type { Place, SourceAdapter } from './adapters.ts'
import { isEnv, isSecret, settingText } from './environment.ts'
import { columns } from './option-schemas.ts'
import type { SourceKind } from './own-source.ts'

/** The adapter of a connection that brings its kind along; undefined for one that comes with Sluice. */
export function ownAdapter(described: object): SourceAdapter | undefined {
  if (!('kind' in described) || typeof described.kind !== 'object' || described.kind === null) return undefined
  const { type, open, hasCursors = false } = described.kind as SourceKind<object>
  if (typeof open !== 'function') return undefined
  return {
    options: v.looseObject({}),
    resource: v.looseObject({ columns: v.exactOptional(columns) }),
    hasCursors,
    open: async (options, place) => open(resolved(options, type, place)),
  }
}

function resolved(options: object, type: string, { environment, name }: Place): object {
  const values = Object.entries(options).map(([option, value]: [string, unknown]) => {
    if (!isEnv(value) && !isSecret(value)) return [option, value]
    return [option, settingText(value, `the option '${option}' of ${name} (${type})`, environment)]
  })
  return Object.fromEntries(values)
}
