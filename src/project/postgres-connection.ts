import type { PostgresSourceOptions } from '../sources/postgres.ts'
import type { Shape } from './columns.ts'
import type { Setting } from './setting.ts'
import { SqlSource, type Tables } from './sql-connections.ts'

/** A Postgres database, version 14 or later. */
export interface PostgresOptions extends Omit<PostgresSourceOptions, 'url'> {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`; it holds a password, so read it by `secret()`. */
  readonly url: Setting
}

/** Reads tables and views of a Postgres database. With the type of its tables, names and columns are checked by the compiler. */
export function postgres<Shapes extends { readonly [N in keyof Shapes]: Shape } = Tables>(
  options: PostgresOptions,
): SqlSource<Shapes> {
  return new SqlSource('postgres', options)
}
