import type { ControlStore } from '../../contracts/control-store.ts'
import { sqlStore } from '../sql/store.ts'
import { openDatabase } from './database.ts'
import type { PostgresControlOptions } from './login.ts'

const connections = 4

/**
 * A control store in a schema of a Postgres database, for processes of any number of hosts; leases expire by the server's
 * clock. CONTROL_FAILED when the server cannot be reached, CONFIG_INVALID when it refuses the login, when a right is missing,
 * when the schema is another program's or a newer Sluice's, or when the package `pg` is not installed.
 */
export async function openPostgresControl(options: PostgresControlOptions): Promise<ControlStore> {
  const database = await openDatabase(options, connections)
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const module = new URL(`./renewer.${extension}`, import.meta.url)
  const { url, schema } = options
  return sqlStore(database, { module, options: schema === undefined ? { url } : { url, schema } })
}
