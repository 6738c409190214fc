import { definition, isDefinition } from './definition.ts'
import { type DeclaredColumns, ResourceDefinition, type ShapeOf } from './resource.ts'
import type { Setting } from './setting.ts'

/** How a connection to an API proves who it is. */
export type RestAuth =
  | { readonly type: 'apiKey'; readonly key: Setting; readonly header: string }
  | { readonly type: 'apiKey'; readonly key: Setting; readonly query: string }
  | { readonly type: 'basic'; readonly user: Setting; readonly password: Setting }
  | { readonly type: 'bearer'; readonly token: Setting }
  | {
      /** OAuth 2: a token for the client itself, renewed before it ends and once when it is refused. */
      readonly type: 'clientCredentials'
      /** Where tokens are given out. */
      readonly url: Setting
      readonly clientId: Setting
      readonly clientSecret: Setting
      readonly scope?: string
      /** What the server wants besides, such as an audience. */
      readonly parameters?: { readonly [name: string]: Setting }
      /** Where id and secret are sent; by default in a header. */
      readonly sendIn?: 'header' | 'body'
    }

/** An HTTP API with JSON answers. */
export interface RestOptions {
  /** Where the paths of the resources begin, such as `https://api.example.com/v2`. */
  readonly baseUrl: Setting
  /** Sent with every request to the API's own origin, and to no other. */
  readonly headers?: { readonly [name: string]: Setting }
  /** Parameters of every request to that origin. */
  readonly query?: { readonly [name: string]: Setting }
  readonly auth?: RestAuth
  /** How many requests may begin in any second and any minute, of all resources of the connection together. */
  readonly rate?: { readonly perSecond?: number; readonly perMinute?: number }
  /** In milliseconds: to connect (10,000), until an answer begins (60,000), between its pieces (30,000), in all (300,000). */
  readonly timeouts?: {
    readonly connectMs?: number
    readonly headersMs?: number
    readonly idleMs?: number
    readonly totalMs?: number
  }
  /** How long one request may wait because the API says so; by default 300,000. */
  readonly maxWaitMs?: number
  /** The bytes that an answer may have; by default 64 MiB. */
  readonly maxPageBytes?: number
  /** Further origins that links and redirects may lead to; they get no credentials. */
  readonly allowOrigins?: readonly string[]
  /** Whether the API may be in a private network or on this host; by default such addresses are refused. */
  readonly allowPrivate?: boolean
  /** A PEM file of certificates to trust besides the known ones; a relative path begins at the project's folder. */
  readonly authority?: Setting
  /** A path whose answer shows `sluice check` that the API works and accepts the credentials. */
  readonly check?: string
  /** Keeps what is said in a file without its secrets (`record`), or answers from it without a network (`replay`). */
  readonly cassette?: { readonly path: Setting; readonly mode: Setting | 'off' | 'record' | 'replay' }
}

type Parameter = Setting | number | boolean

interface Sized {
  /** How many rows a page is asked to have; sent as the parameter `sizeParameter`. */
  readonly size?: number
  readonly sizeParameter?: string
  /** Where the API says how many rows there are: in the body (`$.total`) or in a header (`X-Total-Count`). */
  readonly total?: string
}

/** How the pages of a resource follow each other. A parameter that begins with `$.` is set in the body. */
export type RestPaging =
  /** Pages with numbers, to the first empty one or the declared total. */
  | ({
      readonly by?: 'number'
      readonly parameter: string /** The first page's; by default 1. */
      readonly from?: number
    } & Sized)
  /** Pages that begin behind so many rows, to the first empty one or the declared total. */
  | ({ readonly by: 'offset'; readonly parameter: string; readonly from?: number; readonly size: number } & Sized)
  /** Each answer says the next page's value of the parameter, in the body (`$.meta.next`) or in a header. */
  | ({ readonly by: 'cursor'; readonly parameter: string; readonly next: string } & Sized)
  /** Each answer says the next page's address, in the body or a header; by default in its `Link` header. */
  | { readonly by: 'link'; readonly next?: string; readonly total?: string }

/** How a resource of an API is read. */
export interface RestGetOptions<Columns> {
  /** Where the records are: `$.data.items[*]` is a list of them, `$[*]` too, `$.data` and `$` are one. */
  readonly records: string
  /** Read as text, typed by the load; `from('$.a.b')` names the member, `from('$')` the whole record, `from('$parent.x')` a column of the parent. */
  readonly columns: Columns
  readonly query?: { readonly [name: string]: Parameter | readonly Parameter[] }
  readonly headers?: { readonly [name: string]: Setting }
  /** By default there is one page. */
  readonly page?: RestPaging
  /** The parameters that ask for newer rows, when the extraction has a cursor. */
  readonly window?: {
    readonly from: string
    readonly until?: string
    /** How times are written: by default as the cursor's values are. */
    readonly format?: 'text' | 'date' | 'seconds' | 'milliseconds'
    /** Where the first window begins, for an API that wants to know. */
    readonly initial?: string
  }
  /** Statuses that mean that there are no rows, such as 404, and `null`: the NULL that stands where the records would. */
  readonly emptyOn?: readonly (number | 'null')[]
  /** A member that must not be in an answer with status 200, such as `$.errors`. */
  readonly errors?: string
  /** By default 100,000. */
  readonly maxPages?: number
  /** How many requests may be under way at once, of pages with numbers or offsets, or of the parent's rows; by default 1. */
  readonly concurrency?: number
  /** A resource of the same connection: each of its rows gives a call, with its columns between braces in the path. */
  readonly parent?: ResourceDefinition
}

/** How a resource is read whose request has a body. */
export interface RestPostOptions<Columns> extends RestGetOptions<Columns> {
  /** Sent as JSON. */
  readonly body?: { readonly [member: string]: unknown }
  /** Whether the request only reads: only then is it tried again when it fails. */
  readonly idempotent?: boolean
}

/** A connection to an API. */
export class RestConnection {
  readonly [definition] = 'source'
  readonly type = 'rest'
  readonly options: RestOptions

  constructor(options: RestOptions) {
    this.options = options
  }

  /** The records that a GET answers with. */
  get<const Columns extends DeclaredColumns>(
    path: string,
    options: RestGetOptions<Columns>,
  ): ResourceDefinition<ShapeOf<Columns>> {
    return this.#resource(path, 'GET', options)
  }

  /** The records that a POST with a JSON body answers with. */
  post<const Columns extends DeclaredColumns>(
    path: string,
    options: RestPostOptions<Columns>,
  ): ResourceDefinition<ShapeOf<Columns>> {
    return this.#resource(path, 'POST', options)
  }

  #resource<Columns extends DeclaredColumns>(
    path: string,
    method: 'GET' | 'POST',
    { parent, ...options }: RestPostOptions<Columns>,
  ): ResourceDefinition<ShapeOf<Columns>> {
    const link = parent !== undefined && { parent: { resource: parent, isOwn: isResource(parent) && parent.source === this } }
    return new ResourceDefinition(this, path, { method, ...options, ...link })
  }
}

/** A parent as a resource's options hold it. */
export interface ParentLink {
  readonly resource: ResourceDefinition
  /** Whether both are of one connection. */
  readonly isOwn: boolean
}

function isResource(value: unknown): value is ResourceDefinition {
  return isDefinition<ResourceDefinition>(value, 'resource')
}

/** Reads resources of an HTTP API. */
export function rest(options: RestOptions): RestConnection {
  return new RestConnection(options)
}
