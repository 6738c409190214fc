import { SluiceError } from '../../errors.ts'
import type { RestCall } from './client.ts'
import type { ParameterValue, RestResource } from './resource.ts'

/** The values of a parent's row, by the names of its columns. */
export type ParentValues = ReadonlyMap<string, string | null>

/** A parameter and what it is set to. */
export type Parameter = readonly [name: string, value: ParameterValue]

/** One request of a resource: its own parameters, those of window and page, and the values of its parent's row. */
export function requestFor(
  baseUrl: string,
  resource: RestResource,
  parameters: readonly Parameter[],
  parent: ParentValues | undefined,
): RestCall {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/${filledPath(resource.path, parent).replace(/^\/+/, '')}`)
  const body = structuredClone(resource.body) ?? {}
  for (const [name, value] of [...Object.entries(resource.query), ...parameters]) {
    if (name.startsWith('$.')) setMember(body, name.slice(2).split('.'), value, resource)
    else setParameter(url, name, filledValue(value, parent))
  }
  return {
    method: resource.method,
    url,
    headers: resource.headers,
    body: resource.method === 'POST' ? JSON.stringify(filled(body, parent)) : undefined,
    isIdempotent: resource.isIdempotent,
  }
}

/** The request that a link of an answer leads to; the resource's own parameters are its affair. */
export function requestOfLink(url: URL, resource: RestResource, parent: ParentValues | undefined): RestCall {
  const { method, headers, isIdempotent } = resource
  const body = method === 'POST' ? JSON.stringify(filled(resource.body ?? {}, parent)) : undefined
  return { method, url, headers, body, isIdempotent }
}

function setParameter(url: URL, name: string, value: ParameterValue): void {
  url.searchParams.delete(name)
  for (const each of [value].flat()) url.searchParams.append(name, String(each))
}

function setMember(body: Record<string, unknown>, path: readonly string[], value: unknown, resource: RestResource): void {
  const [name = '', ...rest] = path
  if (resource.method !== 'POST') {
    throw new SluiceError('CONFIG_INVALID', `${resource.path}: a GET has no body in which $.${path.join('.')} could be set.`, {
      hint: 'Name the parameter without $., or read the resource by post().',
    })
  }
  if (rest.length === 0) {
    body[name] = value
    return
  }
  const inner = Object.hasOwn(body, name) ? body[name] : undefined
  const member = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {}
  setMember(member, rest, value, resource)
  body[name] = member
}

const placeholder = /\{([^{}]+)\}/g

function filledPath(path: string, parent: ParentValues | undefined): string {
  return path.replace(placeholder, (_, name: string) => {
    const value = parent?.get(name)
    if (value === undefined) {
      throw new SluiceError('CONFIG_INVALID', `${path}: the resource has no parent with a column ${name}.`, {
        hint: 'Name a column of the parent between the braces, and the parent in the option `parent`.',
      })
    }
    // The last two would lead to another path.
    if (value === null || ['', '.', '..'].includes(value)) {
      throw new SluiceError('RESPONSE_INVALID', `${path}: a row of the parent has ${JSON.stringify(value)} as its ${name}.`, {
        hint: 'Take another column of the parent for the path, one that each row has.',
      })
    }
    return encodeURIComponent(value)
  })
}

function filledValue(value: ParameterValue, parent: ParentValues | undefined): ParameterValue {
  return typeof value === 'string' ? filledText(value, parent) : value
}

/** Every text of a body, with the parent's values in it. */
function filled(value: unknown, parent: ParentValues | undefined): unknown {
  if (typeof value === 'string') return filledText(value, parent)
  if (Array.isArray(value)) return value.map((each) => filled(each, parent))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filled(each, parent)]))
}

/** Braces around anything but a column of the parent are left as they are. */
function filledText(text: string, parent: ParentValues | undefined): string {
  if (parent === undefined) return text
  return text.replace(placeholder, (whole, name: string) => (parent.has(name) ? (parent.get(name) ?? '') : whole))
}
