import * as v from 'valibot'
import { SluiceError } from '../../errors.ts'
import type { DeclaredColumn, Resource } from '../../model/script.ts'

/** A parameter's value as it is asked for; several of one name are sent one behind the other. */
export type ParameterValue = string | number | boolean | readonly (string | number | boolean)[]

/** How the pages of a resource follow each other. A parameter that begins with `$.` is set in the body. */
export type Paging = NumberPaging | OffsetPaging | CursorPaging | LinkPaging

interface CountedPaging {
  readonly parameter: string
  readonly sizeParameter: string | undefined
  /** How many rows there are, in the body (`$.total`) or in a header (`X-Total-Count`). */
  readonly total: string | undefined
}

interface NumberPaging extends CountedPaging {
  readonly by: 'number'
  readonly from: number
  readonly size: number | undefined
}

interface OffsetPaging extends CountedPaging {
  readonly by: 'offset'
  readonly from: number
  readonly size: number
}

export interface CursorPaging {
  readonly by: 'cursor'
  readonly parameter: string
  /** Where an answer says the next one, in the body or in a header. */
  readonly next: string
  readonly size: number | undefined
  readonly sizeParameter: string | undefined
  readonly total: string | undefined
}

export interface LinkPaging {
  readonly by: 'link'
  /** Undefined: the `Link` header. */
  readonly next: string | undefined
  readonly total: string | undefined
}

/** The parameters that ask for a window of the cursor. */
export interface WindowParameters {
  readonly from: string
  readonly until: string | undefined
  /** `text`: as the cursor's values are written. */
  readonly format: 'text' | 'date' | 'seconds' | 'milliseconds'
  /** Where the first window begins; undefined: without a bound. */
  readonly initial: string | undefined
}

/** An endpoint, as its extraction declares it. */
export interface RestResource {
  /** The path below the base address; `{name}` stands for a column of the parent. */
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly query: Readonly<Record<string, ParameterValue>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>> | undefined
  readonly isIdempotent: boolean
  readonly records: string
  readonly page: Paging | undefined
  readonly window: WindowParameters | undefined
  /** Statuses, and the NULL at the path of the records, that mean that there are none. */
  readonly emptyOn: readonly (number | 'null')[]
  /** What must not be in an answer, or only NULL, false, '' or an empty list. */
  readonly errors: string | undefined
  readonly maxPages: number
  /** How many requests may be under way at once: for pages that can be asked for by their number, and for the rows of the parent. */
  readonly concurrency: number
  readonly columns: readonly DeclaredColumn[]
  /** Each of its rows gives a call of this resource. */
  readonly parent: RestResource | undefined
  /** Values that must not be written anywhere. */
  readonly secrets: readonly string[]
}

const optional = <S extends v.GenericSchema>(schema: S) => v.optional(schema)
const some = v.pipe(v.string(), v.minLength(1))
const whole = v.pipe(v.number(), v.integer(), v.minValue(0))
const count = v.pipe(v.number(), v.integer(), v.minValue(1))
const scalar = v.union([v.string(), v.number(), v.boolean()])
const counted = {
  parameter: some,
  sizeParameter: optional(some),
  total: optional(some),
}
const page = v.variant('by', [
  v.strictObject({ by: v.literal('number'), from: v.optional(whole, 1), size: optional(count), ...counted }),
  v.strictObject({ by: v.literal('offset'), from: v.optional(whole, 0), size: count, ...counted }),
  v.strictObject({
    by: v.literal('cursor'),
    parameter: some,
    next: some,
    size: optional(count),
    sizeParameter: optional(some),
    total: optional(some),
  }),
  v.strictObject({ by: v.literal('link'), next: optional(some), total: optional(some) }),
])
const window = v.strictObject({
  from: some,
  until: optional(some),
  format: v.optional(v.picklist(['text', 'date', 'seconds', 'milliseconds']), 'text'),
  initial: optional(some),
})
const options = v.strictObject({
  method: v.picklist(['GET', 'POST']),
  query: v.optional(v.record(v.string(), v.union([scalar, v.array(scalar)])), {}),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: optional(v.record(v.string(), v.unknown())),
  idempotent: optional(v.boolean()),
  records: some,
  page: optional(page),
  window: optional(window),
  emptyOn: v.optional(v.array(v.union([whole, v.literal('null')])), []),
  errors: optional(some),
  maxPages: v.optional(count, 100_000),
  concurrency: v.optional(count, 1),
  parent: optional(v.custom<Omit<Resource, 'source'>>((value) => typeof value === 'object' && value !== null)),
  secrets: v.optional(v.array(v.string()), []),
})

/** The resource with its options checked. CONFIG_INVALID names what is wrong with it. */
export function restResource(resource: Resource): RestResource {
  const { locator, source, columns = [] } = resource
  const parsed = v.safeParse(options, resource.options)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw invalidResource(resource, `${v.getDotPath(issue) ?? 'options'}: ${issue.message}`)
  }
  if (columns.length === 0) throw invalidResource(resource, 'no columns are declared')
  const { idempotent, parent, ...rest } = parsed.output
  const { method, secrets } = rest
  const above = parent && restResource({ ...parent, source })
  return {
    ...rest,
    path: locator,
    body: rest.body,
    page: rest.page as Paging | undefined,
    window: rest.window as WindowParameters | undefined,
    errors: rest.errors,
    isIdempotent: method === 'GET' || idempotent === true,
    columns,
    parent: above,
    secrets: [...secrets, ...(above?.secrets ?? [])],
  }
}

/** A resource that says something that cannot be. */
function invalidResource({ source, locator }: Pick<Resource, 'source' | 'locator'>, what: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', `The resource ${locator} of ${source}: ${what}.`, {
    hint: 'Correct the resource in the extract script.',
  })
}
