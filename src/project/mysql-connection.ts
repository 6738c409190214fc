import type { MysqlSourceOptions } from '../sources/mysql.ts'
import type { Shape } from './columns.ts'
import type { Setting } from './setting.ts'
import { SqlSource, type Tables } from './sql-connections.ts'

/** A database of a MySQL or MariaDB server. */
export interface MysqlOptions extends Omit<MysqlSourceOptions, 'url'> {
  /** `mysql://user:password@host:3306/database`, with `ssl-mode` and `ssl-ca`; best as `secret('SHOP_URL')`. */
  readonly url: Setting
}

/**
 * Reads tables of MySQL and MariaDB. With the type of its tables, names and columns are checked by the compiler.
 * Needs the package `mysql2` beside Sluice.
 */
export function mysql<Shapes extends { readonly [N in keyof Shapes]: Shape } = Tables>(options: MysqlOptions): SqlSource<Shapes> {
  return new SqlSource('mysql', options)
}
