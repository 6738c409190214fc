import { SluiceError } from '../../errors.ts'

/** The schema of a store that names none. */
export const defaultSchema = 'sluice'

/** `url`: `postgres://user:password@host:5432/database`; `schema`: where the store's tables lie, by default `sluice`. */
export interface PostgresControlOptions {
  readonly url: string
  readonly schema?: string
}

/** Where the store lies; everything but the url may be shown. */
export interface Login {
  readonly url: string
  readonly schema: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** What messages call the store. */
  readonly name: string
}

/** CONFIG_INVALID when the url is not one of Postgres. */
export function loginOf({ url, schema = defaultSchema }: PostgresControlOptions): Login {
  const parsed = URL.parse(url)
  const user = decoded(parsed?.username)
  const path = decoded(parsed?.pathname.slice(1))
  const isWhole = user !== undefined && path !== undefined && decoded(parsed?.password) !== undefined
  if (parsed === null || !isWhole || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new SluiceError('CONFIG_INVALID', 'The url of the control store is not one of a Postgres database.', {
      hint: 'Write it as postgres://user:password@host:5432/database, special characters as %40 and the like.',
    })
  }
  const host = parsed.hostname || 'localhost'
  const port = Number(parsed.port || 5432)
  const database = path || user
  const name = `${host}:${port}/${database} (schema ${schema})`
  return { url, schema, host, port, user, database, name }
}

/** Undefined when it is not as urls write it. */
function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part)
  } catch {
    return undefined
  }
}
