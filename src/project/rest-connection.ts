import { definition, isDefinition } from './definition.ts'
import { type DeclaredColumns, ResourceDefinition, type ShapeOf } from './resource.ts'
import type { Setting } from './setting.ts'

/** How a connection to an API proves who it is. */
export type RestAuth =
  | {
      /** Sends the key as it is. */
      readonly type: 'apiKey'
      /** The key. */
      readonly key: Setting
      /** The header that takes it; give `header` or `query`, not both. */
      readonly header: string
    }
  | {
      readonly type: 'apiKey'
      readonly key: Setting
      /** The parameter that takes it. */
      readonly query: string
    }
  | {
      /** Sends `Authorization: Basic …`. */
      readonly type: 'basic'
      /** Who logs in. */
      readonly user: Setting
      /** The user's password. */
      readonly password: Setting
    }
  | {
      /** Sends `Authorization: Bearer …`. */
      readonly type: 'bearer'
      /** The token. */
      readonly token: Setting
    }
  | {
      /** OAuth 2: a token for the client itself, renewed before it ends and once when it is refused. */
      readonly type: 'clientCredentials'
      /** Where tokens are given out. */
      readonly url: Setting
      /** What the client is called there. */
      readonly clientId: Setting
      /** The client's secret. */
      readonly clientSecret: Setting
      /** The rights to ask for; by default those that the server gives. */
      readonly scope?: string
      /** What the server wants besides, such as an audience. */
      readonly parameters?: { readonly [name: string]: Setting }
      /** Where id and secret are sent; by default in a header. `body`: among the parameters. */
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
  /** How the connection proves who it is, where `headers` or `query` do not. */
  readonly auth?: RestAuth
  /**
   * How many requests may begin in any second and any minute: of all resources of the connection together, in all processes
   * that share the control store.
   */
  readonly rate?: {
    /** In any second; by default without a limit. */
    readonly perSecond?: number
    /** In any minute; by default without a limit. */
    readonly perMinute?: number
  }
  /** How long a request may take, in milliseconds. */
  readonly timeouts?: {
    /** To connect; by default 10,000. */
    readonly connectMs?: number
    /** Until an answer begins; by default 60,000. */
    readonly headersMs?: number
    /** Between the pieces of an answer; by default 30,000. */
    readonly idleMs?: number
    /** In all; by default 300,000. */
    readonly totalMs?: number
  }
  /** How long one request may wait because the API says so, in milliseconds; by default 300,000. */
  readonly maxWaitMs?: number
  /** The bytes that an answer may have, packed and unpacked, for a page is held in memory; by default 64 MiB. */
  readonly maxPageBytes?: number
  /** Further origins that links and redirects may lead to; they get no credentials. */
  readonly allowOrigins?: readonly string[]
  /** Whether the API may be in a private network or on this host; by default such addresses are refused. */
  readonly allowPrivate?: boolean
  /** A PEM file of certificates to trust besides the known ones; a relative path begins at the project's folder. */
  readonly authority?: Setting
  /** A path whose answer shows `sluice check` that the API works and accepts the credentials; without one, any answer will do. */
  readonly check?: string
  /** Keeps what is said in a file without its secrets (`record`), or answers from it without a network (`replay`). */
  readonly cassette?: {
    /** The file; a relative path begins at the project's folder. */
    readonly path: Setting
    /** `record`, `replay`, or `off`: as without. */
    readonly mode: Setting | 'off' | 'record' | 'replay'
  }
}

type Parameter = Setting | number | boolean

interface Sized {
  /** How many rows a page is asked to have; sent as the parameter `sizeParameter`. */
  readonly size?: number
  /** The parameter that takes `size`. */
  readonly sizeParameter?: string
  /** Where the API says how many rows there are: in the body (`$.total`) or in a header (`X-Total-Count`). Pages end there, and rows that are missing are an error. */
  readonly total?: string
}

/** How the pages of a resource follow each other. A parameter that begins with `$.` is set in the body. */
export type RestPaging =
  | ({
      /** The default: pages with numbers, to the first empty one or the declared total. */
      readonly by?: 'number'
      /** The parameter that takes the page's number. */
      readonly parameter: string
      /** The first page's; by default 1. */
      readonly from?: number
    } & Sized)
  | ({
      /** Pages that begin behind so many rows, to the first empty one or the declared total. */
      readonly by: 'offset'
      /** The parameter that takes the number of rows before the page. */
      readonly parameter: string
      /** The first page's; by default 0. */
      readonly from?: number
      /** How many rows a page has. */
      readonly size: number
    } & Sized)
  | ({
      /** Each answer says the value that the next page is asked for with. */
      readonly by: 'cursor'
      /** The parameter that takes that value. */
      readonly parameter: string
      /** Where an answer says it: in the body (`$.meta.next`) or in a header (`X-Next`). */
      readonly next: string
    } & Sized)
  | {
      /** Each answer says the address of the next page. */
      readonly by: 'link'
      /** Where an answer says it: in the body (`$.links.next`) or in a header; by default in its `Link` header. */
      readonly next?: string
      /** Where the API says how many rows there are: in the body (`$.total`) or in a header (`X-Total-Count`). Pages end there, and rows that are missing are an error. */
      readonly total?: string
    }

/** How a resource of an API is read. */
export interface RestGetOptions<Columns> {
  /** Where the records are: `$.data.items[*]` is a list of them, `$[*]` too, `$.data` and `$` are one. */
  readonly records: string
  /** Read as text, typed by the load; `from('$.a.b')` names the member, `from('$')` the whole record, `from('$parent.x')` a column of the parent. */
  readonly columns: Columns
  /** Parameters of its requests; a list is sent once for each value. */
  readonly query?: { readonly [name: string]: Parameter | readonly Parameter[] }
  /** Headers of its requests, besides the connection's. */
  readonly headers?: { readonly [name: string]: Setting }
  /** By default there is one page. */
  readonly page?: RestPaging
  /** The parameters that ask for newer rows, when the extraction has a cursor. */
  readonly window?: {
    /** The parameter that takes the window's begin. */
    readonly from: string
    /** The parameter that takes its end, where the API has one. */
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
  /** How many pages there may be; by default 100,000. */
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
