import { resolve } from 'node:path'
import * as v from 'valibot'
import type { Source } from '../contracts/source.ts'
import type { Resource } from '../model/script.ts'
import type { RestOptions } from '../sources/rest.ts'
import type { Place, SourceAdapter } from './adapters.ts'
import { optionsSchema, someText } from './check-options.ts'
import { declaredColumns } from './declared-columns.ts'
import { type Environment, isEnv, isSecret, settingText } from './environment.ts'
import { columns, setting } from './option-schemas.ts'
import type { DeclaredColumns } from './resource.ts'
import type { ParentLink } from './rest-connection.ts'

const flag = v.boolean('is neither true nor false')
const whole = v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(0, 'is under 0'))
const count = v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is under 1'))
const text = v.exactOptional(someText)
const settings = v.record(v.string(), setting, 'is no object of texts, env() and secret()')

const auth = v.variant(
  'type',
  [
    optionsSchema('the options of auth', {
      type: v.literal('apiKey'),
      key: setting,
      header: text,
      query: text,
    }),
    optionsSchema('the options of auth', { type: v.literal('basic'), user: setting, password: setting }),
    optionsSchema('the options of auth', { type: v.literal('bearer'), token: setting }),
    optionsSchema('the options of auth', {
      type: v.literal('clientCredentials'),
      url: setting,
      clientId: setting,
      clientSecret: setting,
      scope: text,
      parameters: v.exactOptional(settings),
      sendIn: v.exactOptional(v.picklist(['header', 'body'], "is neither 'header' nor 'body'")),
    }),
  ],
  "'auth' has none of the types 'apiKey', 'basic', 'bearer' and 'clientCredentials'",
)

const options = optionsSchema('the options of rest', {
  baseUrl: setting,
  headers: v.exactOptional(settings),
  query: v.exactOptional(settings),
  auth: v.exactOptional(auth),
  rate: v.exactOptional(
    optionsSchema('the options of rate', { perSecond: v.exactOptional(count), perMinute: v.exactOptional(count) }),
  ),
  timeouts: v.exactOptional(
    optionsSchema('the timeouts', {
      connectMs: v.exactOptional(count),
      headersMs: v.exactOptional(count),
      idleMs: v.exactOptional(count),
      totalMs: v.exactOptional(count),
    }),
  ),
  maxWaitMs: v.exactOptional(whole),
  maxPageBytes: v.exactOptional(count),
  allowOrigins: v.exactOptional(v.array(someText, 'is no list of addresses')),
  allowPrivate: v.exactOptional(flag),
  authority: v.exactOptional(setting),
  check: text,
  cassette: v.exactOptional(optionsSchema('the options of cassette', { path: setting, mode: setting })),
})

const sized = { size: v.exactOptional(count), sizeParameter: text, total: text }
const page = v.pipe(
  v.looseObject({}, 'is no object'),
  v.transform((given): object => ({ by: 'number', ...given })),
  v.variant(
    'by',
    [
      optionsSchema('the options of page', {
        by: v.literal('number'),
        parameter: someText,
        from: v.exactOptional(whole),
        ...sized,
      }),
      optionsSchema('the options of page', {
        by: v.literal('offset'),
        parameter: someText,
        from: v.exactOptional(whole),
        ...sized,
        size: count,
      }),
      optionsSchema('the options of page', { by: v.literal('cursor'), parameter: someText, next: someText, ...sized }),
      optionsSchema('the options of page', { by: v.literal('link'), next: text, total: text }),
    ],
    "'page' is by none of 'number', 'offset', 'cursor' and 'link'",
  ),
)

const parameter = v.union([setting, v.number(), v.boolean()], 'is no text, number, boolean, env() or secret()')
interface ParentOptions<Options> {
  readonly locator: string
  readonly options: Options
}

/** Its own type is written out because a resource may hold another one. */
const parentOptions: v.GenericSchema<ParentOptions<unknown>, ParentOptions<ResourceOptions>> = v.object({
  locator: someText,
  options: v.lazy(() => resource),
})
const parent = v.pipe(
  v.custom<ParentLink>(
    (value) => typeof value === 'object' && value !== null && 'isOwn' in value && value.isOwn === true,
    'is no resource of the same connection, such as api.get(…)',
  ),
  v.transform(({ resource: { locator, options: given } }): ParentOptions<unknown> => ({ locator, options: given })),
  parentOptions,
  v.transform(({ locator, options: { columns: declared, ...rest } }): Omit<Resource, 'source'> => {
    return { locator, options: rest, columns: declaredColumns(declared) }
  }),
)
const common = {
  records: someText,
  columns,
  query: v.exactOptional(
    v.record(v.string(), v.union([parameter, v.array(parameter)], 'is no parameter, and no list of them'), 'is no object'),
  ),
  headers: v.exactOptional(settings),
  page: v.exactOptional(page),
  window: v.exactOptional(
    optionsSchema('the options of window', {
      from: someText,
      until: text,
      format: v.exactOptional(
        v.picklist(['text', 'date', 'seconds', 'milliseconds'], "is none of 'text', 'date', 'seconds' and 'milliseconds'"),
      ),
      initial: text,
    }),
  ),
  emptyOn: v.exactOptional(v.array(v.union([whole, v.literal('null')], "is no status and not 'null'"), 'is no list')),
  errors: text,
  maxPages: v.exactOptional(count),
  concurrency: v.exactOptional(count),
  parent: v.exactOptional(parent),
}

type ResourceOptions = { readonly columns: DeclaredColumns } & Readonly<Record<string, unknown>>

/** What a resource may say. */
const resource: v.GenericSchema<unknown, ResourceOptions> = v.variant('method', [
  optionsSchema('the options of get', { method: v.literal('GET'), ...common }),
  optionsSchema('the options of post', {
    method: v.literal('POST'),
    ...common,
    body: v.exactOptional(v.record(v.string(), v.unknown(), 'is no object')),
    idempotent: v.exactOptional(flag),
  }),
])

/** HTTP APIs: variables may stand anywhere in their options, and in those of their resources. */
export const restAdapter: SourceAdapter = {
  options,
  resource,
  hasCursors: true,
  async open(raw, place) {
    const { value, secrets } = settled(raw, `the options of ${place.name} (rest)`, place.environment)
    // The schema of the options says that they are these once every variable is read.
    const { authority, cassette, ...given } = value as RestOptions
    const { openRest } = await import('../sources/rest.ts')
    const source = await openRest({
      ...given,
      ...(authority !== undefined && { authority: resolve(place.root, authority) }),
      ...(cassette !== undefined && { cassette: { ...cassette, path: resolve(place.root, cassette.path) } }),
      ...(place.takeTurn !== undefined && { takeTurn: place.takeTurn }),
      secrets,
    })
    return settledResources(source, place)
  },
}

/** The source, with the variables of its resources read when they are. */
function settledResources(source: Source, { environment, name }: Place): Source {
  const settle = (asked: Resource): Resource => {
    const { value, secrets } = settled(asked.options, `an option of ${asked.locator} of ${name}`, environment)
    return { ...asked, options: { ...(value as Resource['options']), secrets } }
  }
  return {
    check: () => source.check(),
    describe: async (asked) => source.describe(settle(asked)),
    open: async (request) => source.open({ ...request, resource: settle(request.resource) }),
    close: () => source.close(),
  }
}

/** A value with its variables read, however deep they stand, and the values of those that must not be shown. */
function settled(value: unknown, reader: string, environment: Environment): { value: unknown; secrets: readonly string[] } {
  const secrets: string[] = []
  const settle = (at: unknown): unknown => {
    if (isEnv(at) || isSecret(at)) {
      const read = settingText(at, reader, environment)
      if (isSecret(at)) secrets.push(read)
      return read
    }
    if (Array.isArray(at)) return at.map(settle)
    if (typeof at !== 'object' || at === null) return at
    return Object.fromEntries(Object.entries(at).map(([name, member]) => [name, settle(member)]))
  }
  return { value: settle(value), secrets }
}
